"""What may change is under seal: every edit of it that isn't the program's own is found, by row, and stays found."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edits.books import BY, make_books, open_router
from edits.files import Files
from edits.insiders import reseal
from ledgers import Undo
from models import seal_anchors
from models.accounts import add_account, change_account, delete_account, find_account
from models.attachments import Attachment
from models.check import check_company
from models.checks.findings import Finding
from models.companies import Company, change_settings
from models.drafts import list_drafts
from models.journals import find_book
from models.registers import Customer, Product
from models.seals import TABLES
from models.vouchers import delete_draft
from tenants import Store, current_store


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with books that hold a bit of everything."""
    folder = tmp_path_factory.mktemp("made") / "data"
    with closing(open_router(str(folder))) as router:
        make_books(router)
        router.universal.release()
    return folder


@pytest.fixture
def acme(made: Path, tmp_path: Path) -> Iterator[Files]:
    """Those books, and their files as somebody has them who needn't ask us."""
    shutil.copytree(made, tmp_path / "data")
    with closing(open_router(str(tmp_path / "data"))) as router:
        yield Files(router, router.tenant("acme"))


def edit(acme: Files, role: str, *statements: str) -> list[str]:
    """Run statements behind our back, and return what a check then finds."""
    with acme.behind_our_back(role) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount != 0, statement
    return told(acme)


def told(acme: Files) -> list[str]:
    return [str(finding).removeprefix("acme/") for finding in findings(acme)]


def findings(acme: Files) -> list[Finding]:
    return check_company(acme.router, "acme")


def test_whatever_the_program_does_keeps_the_seals(acme: Files) -> None:
    """Accounts, books, settings, months, drafts, registers, attachments and an import: each was made and changed."""
    assert told(acme) == []
    for role in TABLES:
        with acme.router.tenant("acme").store(role).get_connection() as connection:
            ((changes,),) = connection.execute("SELECT changes FROM seal_state").fetchall()
        assert changes > 3


def test_a_seal_is_what_its_documentation_says(acme: Files) -> None:
    """Another implementation comes to the same digests, and to the same sum."""
    with acme.router.tenant("acme").store("books").get_connection() as connection:
        row = connection.execute(
            "SELECT active, code, commodity, is_group, local_name, name, parent_stid, stid, type"
            " FROM accounts WHERE code = '1121'"
        ).fetchone()
        seals = dict(connection.execute("SELECT subject || key, digest FROM seals").fetchall())
        changes, total = connection.execute("SELECT changes, total FROM seal_state").fetchone()
    assert seals[f"accounts{row[7]}"] == digest("accounts", *row)
    every = [*seals.values(), digest("seal_state", changes)]
    assert int(total, 16) == sum(int(one, 16) for one in every) % 2**256


def digest(*values: Any) -> str:
    text = json.dumps(["seal-1", *values], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


CHANGED, ADDED, GONE = (
    "changed by something else than this program",
    "added by something else than this program",
    "taken out by something else",
)
EDITS = [
    ("books", "UPDATE accounts SET name = 'Bribes' WHERE code = '1110'", f"account 1110 was {CHANGED}"),
    ("books", "UPDATE accounts SET active = 0 WHERE code = '1110'", f"account 1110 was {CHANGED}"),
    ("books", "UPDATE accounts SET commodity = 'EUR' WHERE code = '1121'", f"account 1121 was {CHANGED}"),
    ("books", "DELETE FROM accounts WHERE code = '1130'", f"account with the id 5 was {GONE}"),
    ("books", "INSERT INTO accounts VALUES (999, '9', 'x', '', 'asset', NULL, 0, 1, NULL)",
     f"account 9 was {ADDED}"),
    ("books", "UPDATE journal_books SET vat = 'output' WHERE code = 'X'", f"journal book X was {CHANGED}"),
    ("books", "UPDATE settings SET era = 'common'", f"settings Acme Ltd was {CHANGED}"),
    ("books", "UPDATE settings SET rounding_stid = 4", f"settings Acme Ltd was {CHANGED}"),
    ("books", "UPDATE months SET month = 202507 WHERE state = 'frozen'", f"month 202507 was {ADDED}"),
    ("books", "UPDATE month_changes SET changed_by_name = 'x' WHERE id = 1",
     f"record of months 202401 was {CHANGED}"),
    ("books", "UPDATE month_changes SET changed_at = changed_at - 1 WHERE id = 1",
     f"record of months 202401 was {CHANGED}"),
    ("books", "UPDATE recurring_vouchers SET posts = 0 WHERE stid = 1", f"recurring voucher Rent was {CHANGED}"),
    ("books", "UPDATE recurring_vouchers SET lines = '[]' WHERE stid = 2", f"recurring voucher Lease was {CHANGED}"),
    ("books", "DELETE FROM recurring_vouchers WHERE stid = 2", f"recurring voucher with the id 2 was {GONE}"),
    ("books", "DELETE FROM recurring_runs WHERE slot = '2026-03-01'",
     f"record of recurring vouchers with the id recurring:1:2026-03-01 was {GONE}"),
    ("books", "UPDATE recurring_runs SET voucher_id = 1 WHERE slot = '2026-03-01'",
     f"record of recurring vouchers recurring:1:2026-03-01 was {CHANGED}"),
    ("books", "UPDATE ledger_state SET last_voucher_id = last_voucher_id + 5",
     "the last id given to a voucher was 31, and 36 is kept"),
    ("books", "UPDATE sqlite_sequence SET seq = 1 WHERE name = 'accounts'",
     "the last number given to a row of accounts isn't the one given"),
    ("books", "DELETE FROM sqlite_sequence WHERE name = 'accounts'",
     "the counter sqlite_sequence accounts was taken out"),
    ("books", "UPDATE seals SET digest = 'ab' WHERE subject = 'settings'", f"settings Acme Ltd was {CHANGED}"),
    ("books", "DELETE FROM seals WHERE subject = 'settings'", f"settings Acme Ltd was {ADDED}"),
    ("books", "UPDATE seal_state SET changes = changes + 1", "the seals don't come to their sum"),
    ("books", "DELETE FROM seal_state", "seal_state has 0 rows instead of one"),
    ("registers", "UPDATE customer SET tax_id = '1' WHERE code = 'A'", f"customer A was {CHANGED}"),
    ("registers", "UPDATE employee SET address = 'x' WHERE code = 'A'", f"employee A was {CHANGED}"),
    ("registers", "DELETE FROM product WHERE code = 'C'", f"product with the id 3 was {GONE}"),
    ("registers", "UPDATE sqlite_sequence SET seq = 2 WHERE name = 'supplier'",
     "the last number given to a row of supplier isn't the one given"),
    ("attachments", "UPDATE attachment SET added_by = 'x' WHERE id = 1", f"attachment receipt.pdf was {CHANGED}"),
    ("attachments", "UPDATE attachment SET content = x'00', size = 1, sha256 ="
     " '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d' WHERE id = 1",
     f"attachment receipt.pdf was {CHANGED}"),
    ("attachments", "DELETE FROM attachment WHERE id = 1", f"attachment with the id 1 was {GONE}"),
]  # fmt: skip


@pytest.mark.parametrize(("role", "statement", "said"), EDITS, ids=[s for _, s, _ in EDITS])
def test_each_edit_is_found_by_its_row(acme: Files, role: str, statement: str, said: str) -> None:
    """The finding says which row, and in which store."""
    found = edit(acme, role, statement)
    assert any(line.startswith(f"{role}: seal:") and said in line for line in found), found


@pytest.mark.parametrize(
    ("role", "statement", "voucher"),
    [
        ("books", "UPDATE drafts SET text = 'x' WHERE id = 27", 27),
        ("books", "UPDATE drafts SET version = 9 WHERE id = 28", 28),
        ("books", "DELETE FROM drafts WHERE id = 28", 28),
        ("attachments", "UPDATE attachment SET file_name = 'x' WHERE voucher_id = 27", 27),
        ("attachments", "UPDATE attachment SET media_type = 'x/y' WHERE voucher_id = 1", 1),
    ],
)
def test_where_it_is_a_voucher_it_is_named(
    acme: Files, role: str, statement: str, voucher: int
) -> None:
    """Drafts are vouchers too, and attachments belong to one."""
    edit(acme, role, statement)
    assert voucher in {found.voucher_id for found in findings(acme) if found.code == "seal"}


OTHER_TABLES = [
    ("INSERT INTO balances VALUES (5, 203001, 0, 0, 0)", "balance"),
    ("INSERT INTO number_series VALUES (1, 2030, 'GJ', 0)", "number"),
    ("UPDATE store_identity SET only_row = 2", "origin"),
    ("UPDATE schema_migration SET id = id + 10", "origin"),
    ("UPDATE schema_migration SET name = '0001_other' WHERE id = 1", "origin"),
    ("DELETE FROM schema_migration WHERE id = 2", "origin"),
    ("UPDATE ledger_state SET id = 2", "settings"),
]


@pytest.mark.parametrize(("statement", "code"), OTHER_TABLES, ids=[s for s, _ in OTHER_TABLES])
def test_what_is_under_no_seal_is_found_otherwise(acme: Files, statement: str, code: str) -> None:
    """Rows that say nothing, bytes that read like the text that was posted, and what the files say of themselves."""
    edit(acme, "books", statement)
    assert code in {finding.code for finding in findings(acme)}


def test_bytes_that_read_like_the_text_that_was_posted_are_found(acme: Files) -> None:
    """JSON, over which the chain goes, writes bytes in base64, as which a digest in hex can be read."""
    with acme.behind_our_back("books") as connection:
        (known,) = connection.execute("SELECT digest FROM vouchers WHERE id = 1").fetchone()
        value = (base64.b64decode(known),)
        connection.execute("UPDATE vouchers SET digest = ? WHERE id = 1", value)
    (found,) = findings(acme)
    assert (found.code, found.voucher_id) == ("bytes", 1)


WASHING: dict[str, Callable[[], object]] = {
    "that row is changed": lambda: change_account(find_account("1121").stid, by=BY, name="Sterling"),
    "another row is changed": lambda: change_account(find_account("1110").stid, by=BY, name="Till"),
    "a row is added": lambda: add_account("1998", "New", "asset", by=BY),
    "a row is deleted": lambda: delete_account(find_account("1130").stid, by=BY),
}  # fmt: skip


@pytest.mark.parametrize("what", WASHING)
def test_no_later_change_takes_an_edit_over(acme: Files, what: str) -> None:
    """The seal is moved on by the row that changes, as it was; so an edit stays found whatever is done next."""
    edit(acme, "books", "UPDATE accounts SET local_name = 'สินบน' WHERE code = '1121'")
    with acme.router.using("acme"):
        WASHING[what]()
    assert told(acme) == [f"books: seal: account 1121 was {CHANGED}"]


def test_a_row_that_was_slipped_in_stays_found_when_it_is_changed(acme: Files) -> None:
    """Nobody's change makes a row ours."""
    edit(
        acme,
        "registers",
        "INSERT INTO customer VALUES (4, 'D', 'x', '', 1, 'TH', '', '', '', '', '')",
    )
    with acme.router.using("acme"):
        Customer.change(4, name="y")
    assert f"registers: seal: customer D was {CHANGED}" in told(acme)


def test_a_counter_that_was_set_back_stays_found(acme: Files) -> None:
    """A number that was given before is given again then, and that doesn't hide it."""
    edit(
        acme,
        "registers",
        "DELETE FROM product WHERE stid = 3",
        "UPDATE sqlite_sequence SET seq = 2 WHERE name = 'product'",
    )
    with acme.router.using("acme"):
        assert Product.add(code="E", name="E").stid == 3
    found = told(acme)
    assert "registers: seal: the last number given to a row of product isn't the one given" in found
    assert f"registers: seal: product E was {CHANGED}" in found


def test_who_seals_anew_is_found_by_the_catalogue(acme: Files) -> None:
    """An edit with its own seal and the sum of all leaves no trace in the store, but it isn't what was told of it."""
    with acme.behind_our_back("books") as connection:
        connection.execute("UPDATE settings SET name = 'Other Ltd'")
        reseal(connection, "settings", "1")
    assert told(acme) == [
        "books: seal: it was sealed anew: the seals aren't those that the catalogue knows"
    ]
    with acme.behind_our_back("universal") as connection:
        connection.execute("DELETE FROM seal_anchors")
    assert told(acme) == []  # what remains to whoever reaches both, as docs/operating.md says


@pytest.mark.parametrize("role", ["registers", "attachments"])
def test_a_store_that_was_put_back_to_an_earlier_state_is_found(acme: Files, role: str) -> None:
    """They have no chain; the catalogue knows how many changes there were."""
    with acme.router.using("acme"):
        Customer.add(code="E", name="E")
        Attachment.attach(1, "more.txt", "text/plain", b"more")
    assert told(acme) == []
    acme.close()
    acme.paths[role].write_bytes(acme.kept[role])
    assert [line.partition(": it is")[0] for line in told(acme)] == [
        f"{role}: seal: it was set back"
    ]


def _change_and_undo() -> None:
    with current_store("books").writing():
        change_settings(by=BY, name="Undone")
        raise Undo


def test_what_is_undone_leaves_no_seal(acme: Files) -> None:
    """A change that is rolled back takes its seal and the catalogue's news with it."""
    with acme.router.using("acme"), pytest.raises(Undo):
        _change_and_undo()
    assert told(acme) == []


def test_a_change_stands_though_the_catalogue_cannot_be_written(
    acme: Files, caplog: pytest.LogCaptureFixture
) -> None:
    """The next change tells it of both."""
    universal = acme.router.universal
    universal.execute_sql("ALTER TABLE seal_anchors RENAME TO away")
    with acme.router.using("acme"):
        add_account("1998", "New", "asset", by=BY)
        assert "not written to the catalogue" in caplog.text
        universal.execute_sql("ALTER TABLE away RENAME TO seal_anchors")
        add_account("1997", "Newer", "asset", by=BY)
    assert told(acme) == []


def test_one_transaction_tells_the_catalogue_once(
    acme: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import that adds five hundred accounts writes one anchor."""
    calls: list[Store] = []
    plain = seal_anchors._Anchoring.__call__

    def counted(self: Any) -> None:
        calls.append(self.store)
        plain(self)

    monkeypatch.setattr(seal_anchors._Anchoring, "__call__", counted)
    with acme.router.using("acme"), current_store("books").writing():
        for n in range(5):
            add_account(f"19{n}", "New", "asset", by=BY)
    assert len(calls) == 1
    assert told(acme) == []


def test_drafts_that_go_take_their_seals_along(acme: Files) -> None:
    """Nothing of a deleted draft is left, and its attachments' seals go too."""
    with acme.router.using("acme"):
        for draft in list_drafts():
            delete_draft(draft.id, by=BY)
        seals = current_store("books").execute_sql("SELECT 1 FROM seals WHERE subject = 'drafts'")
        assert seals.fetchall() == []
    assert told(acme) == []


def test_a_missing_state_keeps_nobody_from_working(acme: Files) -> None:
    """Whoever took it out is found; people go on."""
    edit(acme, "books", "DELETE FROM seal_state")
    with acme.router.using("acme"):
        change_account(find_account("1110").stid, by=BY, name="Till")
        assert find_book("X").name == "Extra book"
    assert any("seal_state has 0 rows" in line for line in told(acme))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE seal_state SET total = 'rubbish'",
        "UPDATE seal_state SET total = x'00ff'",
        "UPDATE seals SET digest = 'rubbish' WHERE subject = 'accounts' AND key = '3'",
    ],
)
def test_rubbish_in_place_of_a_digest_keeps_nobody_from_working(
    acme: Files, statement: str
) -> None:
    """It is found, and found again after people have gone on."""
    assert any("seal" in line for line in edit(acme, "books", statement))
    with acme.router.using("acme"):
        change_account(find_account("1110").stid, by=BY, name="Till")
    assert any("seal" in line for line in told(acme))


def test_a_purged_companys_anchors_go(acme: Files) -> None:
    """Nothing of it is left in the catalogue."""
    from models.company_life import purge_company, suspend_company

    suspend_company(acme.router, "acme", "over")
    purge_company(acme.router, "acme", confirmed="acme")
    rows = acme.router.universal.execute_sql("SELECT * FROM seal_anchors").fetchall()
    assert rows == []
    assert not Company.select().exists()
