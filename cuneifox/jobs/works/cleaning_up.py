"""What is of no more use is removed: sessions that are over, jobs that ended long ago, and what they left."""

from __future__ import annotations

from cuneifox.i18n import _, _l
from cuneifox.jobs.kinds import companies_about, kind
from cuneifox.jobs.results import Results
from cuneifox.jobs.work import Work
from models.companies import Company
from models.jobs import lists
from models.jobs.job import ENDED, Job
from models.people import Session

DAY = 86400.0
AT_A_TIME = 500


@kind("clean_up", lambda given: str(_l("Cleaning up")), of_company=False, administers=True)
def clean_up(work: Work) -> str:
    """Remove expired sessions, old jobs with their results, and results about companies that are no more."""
    now = work.services.now()
    sessions = Session.delete().where(Session.expires_at <= now).execute()
    jobs = 0
    before = now - work.services.config.jobs.keep_days * DAY
    while old := lists.expired(before, most=AT_A_TIME):
        work.check()
        for job_id in old:
            work.services.results.drop(job_id)
        lists.forget(old)
        jobs += len(old)
    drop_results_of_purged(work.services.results)
    strays = drop_strays(work.services.results)
    return _(
        "%(sessions)d sessions, %(jobs)d jobs and %(strays)d left-over files were removed.",
        sessions=sessions, jobs=jobs, strays=strays,
    )  # fmt: skip


def drop_results_of_purged(results: Results) -> None:
    """Remove what jobs have left of companies that are no more; the jobs stay, and say how they ended."""
    known = {company.tenant_id for company in Company.select(Company.tenant_id)}
    for job in Job.select().where(Job.result_place != "", Job.state.in_(ENDED)):
        if not known.issuperset(companies_about(job)):
            Job.update(result_place="").where(Job.id == job.id).execute()
            results.drop(job.id)


def drop_strays(results: Results) -> int:
    """Remove the results of jobs that nobody knows of any more; return of how many."""
    found = list(results.strays(()))
    known = {job.id for job in Job.select(Job.id)}
    strays = [job_id for job_id in found if job_id not in known]
    for job_id in strays:
        results.drop(job_id)
    return len(strays)
