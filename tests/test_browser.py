"""A person's first minutes, in a real browser against the real server."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from cuneifox.config import Config
from cuneifox.data_folder import open_folder
from models.companies import CATALOGUE_MODELS, create_company
from models.people import MODELS as PEOPLE
from models.people import Membership, Passwords, User
from serving import serving

CHROMIUM = shutil.which("chromium")
USER, CHIEF, PASSWORD = "somchai", "malee", "clay tablets by the thousand"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with a company and its user, and another that an administrator sees to."""
    data = tmp_path_factory.mktemp("browser") / "data_of_many_companies_of_a_long_name"
    router = open_folder(Config(data_folder=str(data)))
    router.universal.create_tables([*PEOPLE, *CATALOGUE_MODELS])
    user = User.add(USER, PASSWORD, passwords=Passwords())
    company = create_company(router, slug="acme", name="Acme Trading", local_name="แอคมี เทรดดิ้ง")
    Membership.grant(user, company.tenant_id)
    chief = User.add(CHIEF, PASSWORD, administers=True, passwords=Passwords())
    Membership.grant(chief, create_company(router, slug="globex", name="Globex").tenant_id)
    router.universal.release()
    router.close()
    with serving(data) as address:
        yield address


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A page in Debian's Chromium, whose every complaint fails the test."""
    if CHROMIUM is None:
        reason = "Chromium isn't installed here: `apt-get install chromium` brings it."
        print(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.set_default_timeout(10_000)
        yield page
        browser.close()


def test_first_minutes(address: str, page: Page) -> None:
    """Signs in, posts a voucher, finds it in the trial balance, and switches to Thai; no script complains."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)

    page.goto(address)
    page.get_by_label("User", exact=True).fill(USER)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{address}/c/acme/vouchers/new")

    codes = post_voucher(page, "1,234.50")
    expect(page.get_by_role("main")).to_contain_text("1,234.50")
    number = page.get_by_role("heading", level=1).inner_text()
    assert any(character.isdigit() for character in number)

    page.get_by_role("link", name="Trial balance").first.click()
    for code in codes:
        row = page.get_by_role("row").filter(has_text=code)
        expect(row.first).to_contain_text("1,234.50")

    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.get_by_role("button", name="ไทย").click()
    expect(page.locator("html")).to_have_attribute("lang", "th")
    expect(page.get_by_role("heading", level=1)).to_have_text("งบทดลอง")
    assert complaints == []


def test_a_company_is_archived_and_purged(address: str, page: Page) -> None:
    """An administrator does both by the forms of its page; in between it opens, read only."""
    page.context.clear_cookies()
    page.goto(f"{address}/sign-in")
    page.get_by_label("User", exact=True).fill(CHIEF)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Administer Globex").click()
    main = page.get_by_role("main")
    page.get_by_role("button", name="Archive").click()
    expect(main).to_contain_text("Globex is archived.")

    page.get_by_role("link", name="Open the company").click()
    expect(main).to_contain_text("Archived: read only.")
    page.get_by_role("link", name="Chart of accounts").first.click()
    expect(main).to_contain_text("1111")
    expect(page.get_by_role("link", name="New account")).to_have_count(0)
    page.get_by_role("link", name="Companies").first.click()
    page.get_by_role("link", name="Administer Globex").click()

    page.get_by_label("Write globex to confirm").fill("globex")
    page.get_by_role("button", name="Purge").click()
    expect(main).to_contain_text("Globex is purged.")
    expect(page.get_by_role("link", name="Globex")).to_have_count(0)


@pytest.mark.parametrize("hears", [True, False], ids=["events", "polling"])
def test_a_long_report_comes_to_the_page_that_asked(address: str, page: Page, hears: bool) -> None:
    """Its bar moves and its file comes without the page being loaded anew, also where it can't listen."""
    page.context.clear_cookies()
    page.goto(f"{address}/sign-in")
    page.get_by_label("User", exact=True).fill(USER)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{address}/c/acme/vouchers/new")
    post_voucher(page, "777.25")
    if not hears:
        page.route("**/jobs/events*", lambda route: route.abort())
    page.goto(f"{address}/c/acme/reports/whole-ledger?preset=all")
    page.get_by_role("button", name="PDF", exact=True).click()
    expect(page.locator("[data-job]")).to_have_count(1)
    page.evaluate("window.sameDocument = true")
    expect(page.get_by_role("link", name="Download")).to_be_visible(timeout=60_000)
    assert page.evaluate("window.sameDocument") is True
    expect(page.locator('[data-job][data-state="done"]')).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert re.fullmatch(
        r"acme-whole-ledger-\d{4}-\d\d-\d\d\.pdf", download.value.suggested_filename
    )
    page.unroute("**/jobs/events*")


AS_IF_IT_RAN = """() => {
    const job = document.querySelector("[data-job]");
    job.dataset.state = "running";
    job.querySelector("button").focus();
    const again = document.createElement("script");
    again.src = document.querySelector('script[src*="jobs.js"]').src;
    document.body.append(again);
}"""


def test_who_doesnt_see_the_page_hears_that_the_report_is_ready(address: str, page: Page) -> None:
    """Its end is said once, by what was on the page before; its progress isn't, and focus stays where the job is."""
    page.goto(f"{address}/c/acme/reports/whole-ledger?preset=all")
    said = page.locator("[data-said]")
    expect(said).to_have_attribute("aria-live", "polite")
    expect(said).to_have_text("")
    page.get_by_role("button", name="CSV", exact=True).click()
    expect(page.get_by_role("link", name="Download")).to_be_visible(timeout=60_000)
    expect(page.locator("[data-job][aria-live], [aria-live] [data-job]")).to_have_count(0)
    ended = {
        "id": page.locator("[data-job]").get_attribute("data-job"),
        "state": "done",
        "text": "It is ready.",
    }
    page.route("**/jobs/events*", lambda route: route.abort())
    page.route(
        "**/jobs/state.json*", lambda route: route.fulfill(json={"under_way": [], "ended": [ended]})
    )
    page.evaluate(AS_IF_IT_RAN)
    expect(page.locator('[data-job][data-state="done"]')).to_be_focused(timeout=20_000)
    expect(said).to_have_text("It is ready.")
    page.unroute("**/jobs/events*")
    page.unroute("**/jobs/state.json*")


def test_the_bell_rings_on_another_page(address: str, page: Page) -> None:
    """Whoever has gone on to something else is told, and finds the file behind the bell; once."""
    page.goto(f"{address}/c/acme/accounts")
    token = page.locator('input[name="csrf_token"]').first.get_attribute("value")
    page.evaluate(
        """([path, token]) => fetch(path, {
            method: "POST", redirect: "manual",
            body: new URLSearchParams({ csrf_token: token, form: "xlsx", preset: "all" }),
        })""",
        [f"{address}/c/acme/reports/whole-ledger", token],
    )
    page.reload()
    expect(page.locator("[data-count]")).to_have_text("1", timeout=60_000)
    page.locator("[data-bell]").click()
    expect(page.get_by_role("link", name="Download").first).to_be_visible()
    page.goto(f"{address}/c/acme/accounts")
    expect(page.locator("[data-count]")).to_have_text("")


def test_nothing_of_the_pages_of_jobs_runs_into_anything_else(address: str, page: Page) -> None:
    """The menu's longest word stays in the menu, also where it is the page's; cards and parts of forms keep apart."""
    page.goto(f"{address}/c/acme/statements")
    outside = "all => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent)"
    assert page.locator(".menu a").evaluate_all(outside) == []
    page.goto(f"{address}/jobs")
    page.get_by_role("link", name="Details").first.click()
    cards = page.locator("main .card")
    above, below = cards.nth(0).bounding_box(), cards.nth(1).bounding_box()
    assert above is not None
    assert below is not None
    assert below["y"] - above["y"] - above["height"] >= 16
    page.goto(f"{address}/c/acme/accounts")


def test_where_backups_are_kept_fits_on_a_phone(address: str, page: Page) -> None:
    """A long path is broken into lines: nothing is beside the screen, before the first backup and after it."""
    page.context.clear_cookies()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{address}/sign-in")
    page.get_by_label("User", exact=True).fill(CHIEF)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{address}/backups")
    expect(page.get_by_role("main")).to_contain_text("backups")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("row").filter(has_text="Users, rights").get_by_role("button").click()
    expect(page.get_by_role("main")).to_contain_text("A backup was made.")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def post_voucher(page: Page, amount: str) -> tuple[str, str]:
    """Fill in a voucher of two lines and post it; return the codes of its accounts."""
    offered = page.locator("#accounts option").evaluate_all("all => all.map(one => one.value)")
    debit, credit = offered[0], offered[-1]
    page.get_by_label("Date").fill("2026-02-28")
    page.get_by_label("Description").fill("Sale of clay")
    rows = page.locator("[data-lines] tr")
    rows.nth(0).get_by_label("Account").fill(debit)
    rows.nth(0).get_by_label("Debit").fill(amount)
    rows.nth(1).get_by_label("Account").fill(credit)
    rows.nth(1).get_by_label("Credit").fill(amount)
    page.get_by_role("button", name="Post", exact=True).click()
    page.wait_for_url("**/vouchers/*")
    return debit.split()[0], credit.split()[0]
