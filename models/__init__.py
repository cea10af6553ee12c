"""What is stored: books, and the rules of accounting. Knows companies and money; never HTTP.

What other rooms use are the modules that `__all__` names, each about one noun. `companies` makes a company,
`posting` posts to it, `reports` read it and `check` audits it; all of them work on the company of the
entry that is live.
"""

__all__ = [
    "accounts",
    "actors",
    "attachments",
    "backing_up",
    "chain",
    "check",
    "cloning",
    "companies",
    "company_faults",
    "company_life",
    "dates",
    "drafts",
    "errors",
    "fiscal",
    "importing",
    "inputs",
    "jobs",
    "journals",
    "migrations",
    "money",
    "months",
    "people",
    "posted",
    "posting",
    "registers",
    "reports",
    "resolver",
    "restorations",
    "restoring",
    "reversing",
    "settings",
    "sharing",
    "unused_stores",
    "vouchers",
    "years",
]
