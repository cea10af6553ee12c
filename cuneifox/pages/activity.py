"""The activity log, newest first: for administrators, of all companies or of one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from cuneifox.access import administrators
from cuneifox.i18n import LazyText, _, _l
from cuneifox.navigation import Link
from cuneifox.pages.paging import PAGE, before, following
from cuneifox.rosters import FEW, tenant_named
from models.companies import Company
from models.people import Activity, User

blueprint = Blueprint("activity", __name__, url_prefix="/activity")

navigation = [Link(_l("Activity"), "activity.index", 40, "installation", administrators=True)]

ACTIONS: dict[str, LazyText] = {
    "account.change": _l("changed their own account"),
    "account.password": _l("changed their own password"),
    "account.end_sessions": _l("ended their own other sessions"),
    "companies.create": _l("made a company"),
    "companies.rename": _l("gave a company another short name"),
    "companies.clone": _l("cloned a company"),
    "companies.suspend": _l("suspended a company"),
    "companies.archive": _l("archived a company"),
    "companies.resume": _l("resumed a company"),
    "companies.purge": _l("purged a company"),
    "companies.share_registers": _l("let a company use another's registers"),
    "companies.unshare_registers": _l("gave a company registers of its own"),
    "databases.migrate": _l("brought databases up to this version of the program"),
    "companies.purge_store": _l("purged a store that nobody used"),
    "companies.restore": _l("restored a company"),
    "companies.discard": _l("deleted what a restore had replaced"),
    "backups.run": _l("made a backup"),
    "backups.prune": _l("removed old backups"),
    "papers.ask": _l("asked for a file"),
    "jobs.cancel": _l("cancelled a job"),
    "jobs.again": _l("asked for a job again"),
    "schedules.make": _l("put something on the schedule"),
    "schedules.pause": _l("let a schedule rest"),
    "schedules.resume": _l("let a schedule go on"),
    "schedules.delete": _l("deleted a schedule"),
    "schedules.run": _l("ran what is on the schedule"),
    "people.add": _l("added a user"),
    "people.standing": _l("changed a user's standing"),
    "people.reset_password": _l("set a user's password"),
    "people.grant": _l("gave rights"),
    "people.revoke": _l("took rights away"),
    "people.password": _l("set a user's password"),
    "import.beancount": _l("imported a file"),
    "consolidated.trial_balance": _l("read it in a consolidated trial balance"),
    "accounts.new": _l("added an account"),
    "accounts.edit": _l("changed an account"),
    "accounts.delete": _l("deleted an account"),
    "books.new": _l("added a journal book"),
    "books.edit": _l("changed a journal book"),
    "books.delete": _l("deleted a journal book"),
    "settings.edit": _l("changed the company's settings"),
    "registers.customer_new": _l("added a customer"),
    "registers.customer_edit": _l("changed a customer"),
    "registers.supplier_new": _l("added a supplier"),
    "registers.supplier_edit": _l("changed a supplier"),
    "registers.product_new": _l("added a product"),
    "registers.product_edit": _l("changed a product"),
    "registers.employee_new": _l("added an employee"),
    "registers.employee_edit": _l("changed an employee"),
    "vouchers.new": _l("wrote a draft"),
    "vouchers.edit": _l("changed a draft"),
    "vouchers.delete": _l("deleted a draft"),
    "vouchers.post": _l("posted a voucher"),
    "vouchers.reverse": _l("reversed a voucher"),
    "recurring.new": _l("added a recurring voucher"),
    "recurring.edit": _l("changed a recurring voucher"),
    "recurring.delete": _l("deleted a recurring voucher"),
    "recurring.pause": _l("paused a recurring voucher"),
    "recurring.resume": _l("let a recurring voucher go on"),
    "recurring.run": _l("made a recurring voucher by hand"),
    "recurring.make": _l("made a recurring voucher that was due"),
    "months.freeze": _l("froze a month"),
    "months.open": _l("opened a month again"),
    "months.close": _l("closed a month"),
    "months.close_year": _l("closed a fiscal year"),
    "months.reopen_year": _l("opened a fiscal year again"),
}
"""What people read for an action; one that isn't here is shown as it is."""


@blueprint.get("")
@administrators
def index() -> ResponseReturnValue:
    """Who did what, when, in which company; ?company= and ?user= narrow it."""
    company, user = request.args.get("company") or None, request.args.get("user") or None
    known = tenant_named(company) if company else None
    who = User.named(user) if user else None
    rows = Activity.page(
        company_id=known.id if known else company,
        user_id=who.id if who else user,
        before=before(),
        size=PAGE,
    )
    return render_template(
        "activity/index.html",
        rows=rows,
        actions=ACTIONS,
        company=company,
        user=user,
        companies=_offered(Company.select().order_by(Company.name), "tenant_id"),
        users=_offered(User.select().order_by(User.name_key), "id"),
        following=following(rows, company=company, user=user),
    )


def _offered(query: Any, key: str) -> list[tuple[str, str]] | None:
    """What there is to choose from, or None if it is too much for a list."""
    rows = list(query.limit(FEW + 1))
    if len(rows) > FEW:
        return None
    return [("", _("All")), *((getattr(row, key), row.name) for row in rows)]
