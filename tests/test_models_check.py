"""A check finds every damage that is done behind the books' back, and stumbles over none."""

from __future__ import annotations

import os
import random
from contextlib import closing, suppress
from datetime import date

import pytest

from models import verification
from models.actors import Actor
from models.attachments import Attachment
from models.check import check_company
from models.companies import create_company
from models.inputs import LineInput, VoucherInput
from models.months import close_month
from models.posting import post_input
from models.registers import Customer
from models.reversing import reverse
from models.vouchers import save_draft
from models.years import close_year
from tenants import UnknownTenant
from tenants.sqlite import driver

BY = Actor.system("test")


@pytest.fixture
def acme(router):
    """A company with a little of everything: two books, a reversal, a closed year, a customer."""
    create_company(router, slug="acme", name="Acme", template="general", currency="USD")
    with router.using("acme"):
        customer = Customer.add(code="C1", name="Somchai").stid
        for month in range(1, 7):
            lines = [
                LineInput(3, 100 * month, register="customer", register_stid=customer),
                LineInput(40, -100 * month),
            ]
            post_input(VoucherInput(1 + month % 2, date(2025, month, 15), "Sale", lines), by=BY)
        reverse(2, by=BY, date=date(2025, 6, 30), reason="Mistake")
        close_year(2025, by=BY)
        close_month(202501, by=BY)
        draft = VoucherInput(1, date(2026, 1, 1), "Draft", [LineInput(3, 5)])
        Attachment.attach(1, "a.txt", "text/plain", b"abc")
        Attachment.attach(save_draft(draft, by=BY).id, "b.txt", "text/plain", b"xyz")
    return router.tenant("acme")


def damage(store, *statements):
    """Change a store's file behind everybody's back, with no trigger and no foreign key in the way."""
    with closing(driver.connect(store.path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA ignore_check_constraints = ON")
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        kept = triggers.fetchall()
        for name, _ in kept:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in kept:
            with suppress(driver.OperationalError):  # its table is gone
                connection.execute(sql)


def codes(findings):
    """The kinds of findings, each once."""
    return {finding.code for finding in findings}


def test_sound_books_have_no_findings(router, acme):
    """Nothing is found where nothing is wrong, whoever asks: by tenant, slug or id."""
    assert check_company(router, acme) == []
    assert check_company(router, "acme") == []
    assert check_company(router, acme.id) == []


def test_an_unknown_company_is_said_to_be_unknown(router):
    """It isn't reported as sound."""
    with pytest.raises(UnknownTenant):
        check_company(router, "nobody")


BOOKS_DAMAGE = [
    ("UPDATE lines SET amount = amount + 1 WHERE voucher_id = 3 AND n = 1",
     {"unbalanced", "balance", "turnover", "chain"}),
    ("UPDATE lines SET amount = amount + CASE n WHEN 1 THEN 1 ELSE -1 END WHERE voucher_id = 3",
     {"balance", "turnover", "chain"}),
    ("UPDATE lines SET account_stid = 4 WHERE voucher_id = 3 AND n = 1", {"balance", "chain"}),
    ("UPDATE lines SET text = 'x' WHERE voucher_id = 3 AND n = 1", {"chain"}),
    ("UPDATE lines SET date = '2025-05-15' WHERE voucher_id = 3", {"balance", "chain"}),
    ("UPDATE lines SET date = 'never' WHERE voucher_id = 3", {"balance", "chain"}),
    ("UPDATE lines SET amount = 'much' WHERE voucher_id = 3 AND n = 1", {"chain", "balance"}),
    ("UPDATE lines SET register_stid = 99 WHERE voucher_id = 3 AND n = 1", {"chain", "reference"}),
    ("UPDATE lines SET register = 'ghost' WHERE voucher_id = 3 AND n = 1", {"chain", "reference"}),
    ("DELETE FROM lines WHERE voucher_id = 3 AND n = 1", {"unbalanced", "balance", "chain"}),
    ("DELETE FROM lines WHERE voucher_id = 3", {"unbalanced", "balance", "chain"}),
    ("INSERT INTO lines (voucher_id, n, account_stid, date, amount, text)"
     " VALUES (3, 9, 3, '2025-03-15', 0, '')", {"chain"}),
    ("INSERT INTO lines (voucher_id, n, account_stid, date, amount, text)"
     " VALUES (999, 1, 3, '2025-03-15', 5, '')", {"foreign-key"}),
    ("UPDATE lines SET account_stid = 999 WHERE voucher_id = 3 AND n = 1",
     {"foreign-key", "balance", "chain"}),
    ("UPDATE vouchers SET text = 'Bribe' WHERE id = 3", {"chain"}),
    ("UPDATE vouchers SET reference = 'x' WHERE id = 3", {"chain"}),
    ("UPDATE vouchers SET posted_by_name = 'Somebody' WHERE id = 3", {"chain"}),
    ("UPDATE vouchers SET posted_at = 0 WHERE id = 3", {"chain"}),
    ("UPDATE vouchers SET date = '2025-03-16' WHERE id = 3", {"chain"}),
    ("UPDATE vouchers SET date = '2024-03-15' WHERE id = 3", {"chain", "number"}),
    ("UPDATE vouchers SET date = 'never' WHERE id = 3", {"chain"}),
    ("UPDATE vouchers SET closing = 1 WHERE id = 3", {"chain", "balance"}),
    ("UPDATE vouchers SET key = 'x' WHERE id = 3", {"chain"}),
    ("UPDATE vouchers SET reverses_id = 1 WHERE id = 3", {"chain", "reversal"}),
    ("UPDATE vouchers SET number = 'XX-2025-000001' WHERE id = 3", {"chain", "number"}),
    ("UPDATE vouchers SET serial = 77 WHERE id = 3", {"chain", "number"}),
    ("UPDATE vouchers SET book_stid = 99 WHERE id = 3", {"chain", "number", "foreign-key"}),
    ("UPDATE vouchers SET chain_no = 77 WHERE id = 3", {"chain"}),
    ("UPDATE vouchers SET chain_hash = '00' WHERE id = 3", {"chain"}),
    ("DELETE FROM vouchers WHERE id = 3", {"chain", "number", "foreign-key"}),
    ("UPDATE balances SET debit = debit + 1 WHERE account_stid = 3 AND month = 202503",
     {"balance", "month"}),
    ("UPDATE balances SET debit = debit + 1, credit = credit + 1"
     " WHERE account_stid = 3 AND month = 202503", {"balance"}),
    ("DELETE FROM balances WHERE account_stid = 3 AND month = 202503", {"balance", "month"}),
    ("INSERT INTO balances (account_stid, month, closing, debit, credit)"
     " VALUES (5, 202501, 0, 1, 1)", {"balance"}),
    ("UPDATE ledger_state SET count = count + 1", {"chain"}),
    ("UPDATE ledger_state SET head = 'x'", {"chain"}),
    ("UPDATE ledger_state SET turnover = turnover + 1", {"turnover"}),
    ("DELETE FROM ledger_state", {"settings"}),
    ("UPDATE number_series SET last = last + 1", {"number"}),
    ("UPDATE number_series SET prefix = 'ZZ' WHERE book_stid = 1", {"number"}),
    ("DELETE FROM number_series WHERE book_stid = 1", {"number"}),
    ("DELETE FROM settings", {"settings"}),
    ("UPDATE months SET state = 'open'", {"period"}),
    ("DELETE FROM months", {"period"}),
    ("DELETE FROM month_changes", {"period"}),
    ("UPDATE ledger_state SET closed_year = 0", {"period"}),
    ("UPDATE ledger_state SET closed_year = 2026", {"period"}),
    ("UPDATE accounts SET parent_stid = stid WHERE stid = 3", {"account"}),
    ("UPDATE accounts SET is_group = 1 WHERE stid = 3", {"account"}),
    ("UPDATE accounts SET type = 'income' WHERE stid = 3", {"account"}),
    ("DELETE FROM accounts WHERE stid = 3", {"foreign-key"}),
    ("DELETE FROM journal_books WHERE stid = 1", {"foreign-key"}),
    ("DROP TABLE balances", {"unreadable"}),
    ("DROP TABLE lines", {"unreadable"}),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "expected"), BOOKS_DAMAGE, ids=[s for s, _ in BOOKS_DAMAGE])
def test_every_change_to_the_books_is_found(router, acme, statement, expected):
    """One statement behind the books' back, and the check names what is off."""
    damage(acme.store("books"), statement)
    found = check_company(router, acme)
    assert expected <= codes(found), found
    assert all(finding.company == "acme" and str(finding) for finding in found)


def test_a_finding_names_the_voucher(router, acme):
    """The changed voucher is the first that the chain breaks at."""
    damage(acme.store("books"), "UPDATE vouchers SET text = 'Bribe' WHERE id = 3")
    (found,) = check_company(router, acme)
    assert (found.code, found.store, found.voucher_id) == ("chain", "books", 3)
    assert found.number
    assert "acme/books" in str(found)


def test_a_cut_off_end_is_found_by_the_catalogue(router, acme):
    """The last voucher taken out without a trace in the books is missed by the catalogue's head."""
    books = acme.store("books")
    with closing(driver.connect(books.path, isolation_level=None)) as connection:
        last, before = connection.execute(
            "SELECT id, chain_hash FROM vouchers ORDER BY chain_no DESC LIMIT 2"
        ).fetchall()
    damage(
        books,
        "DELETE FROM balances WHERE closing",
        f"UPDATE ledger_state SET closed_year = 0, count = count - 1, head = '{before[1]}', turnover = turnover -"
        f" (SELECT SUM(amount) FROM lines WHERE voucher_id = {last[0]} AND amount > 0)",
        "UPDATE number_series SET last = last - 1 WHERE book_stid ="
        f" (SELECT book_stid FROM vouchers WHERE id = {last[0]})",
        f"DELETE FROM lines WHERE voucher_id = {last[0]}",
        f"DELETE FROM vouchers WHERE id = {last[0]}",
    )
    (found,) = check_company(router, acme)
    assert found.code == "chain"
    assert "catalogue" in found.message


def test_missing_triggers_are_found(router, acme):
    """Books that nothing guards any more are told, trigger by trigger."""
    with closing(driver.connect(acme.store("books").path, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER vouchers_are_never_changed")
        connection.execute("DROP TRIGGER lines_are_never_changed")
        connection.execute(
            "CREATE TRIGGER lines_are_never_changed BEFORE UPDATE ON lines BEGIN SELECT 1; END"
        )
    found = check_company(router, acme)
    assert codes(found) == {"trigger"}
    assert len(found) == 2


@pytest.mark.parametrize(
    ("role", "table"),
    [("books", "lines"), ("registers", "customer"), ("attachments", "attachment")],
)
def test_triggers_of_others_are_found(router, acme, role, table):
    """A trigger that isn't the program's is told of, as what it does to rows comes under seal with them."""
    with closing(driver.connect(acme.store(role).path, isolation_level=None)) as connection:
        connection.execute(f"CREATE TRIGGER skims AFTER INSERT ON {table} BEGIN SELECT 1; END")
    (found,) = check_company(router, acme)
    assert (found.code, found.store) == ("trigger", role)
    assert "skims" in found.message


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE attachment SET content = x'00' WHERE id = 1", 1),
        ("UPDATE attachment SET size = 7 WHERE id = 1", 2),
        ("UPDATE attachment SET content = 7 WHERE id = 1", 1),
        ("UPDATE attachment SET voucher_id = 99", 4),
        ("DROP TABLE attachment", 3),
    ],
)
def test_damaged_attachments_are_found(router, acme, statement, expected):
    """Content that isn't what was attached, and files of vouchers that aren't there."""
    damage(acme.store("attachments"), statement)
    found = check_company(router, acme)
    assert len(found) == expected
    assert codes(found) <= {"attachment", "seal", "unreadable", "shape"}
    assert {finding.store for finding in found} == {"attachments"}


def test_a_lost_register_row_is_found(router, acme):
    """A static id in the books that no row answers to."""
    damage(acme.store("registers"), "DELETE FROM customer")
    found, seal = check_company(router, acme)
    assert (found.code, found.voucher_id) == ("reference", 1)
    assert "customer 1" in found.message
    assert (
        str(seal) == "acme/registers: seal: customer with the id 1 was taken out by something else"
    )


@pytest.mark.parametrize("role", ["books", "registers", "attachments"])
@pytest.mark.parametrize("wreck", ["gone", "empty", "text", "stranger", "torn"])
def test_a_file_that_is_not_the_stores_is_found(router, acme, role, wreck):
    """Missing, empty, no database, another company's, or torn: found, and the rest is still checked."""
    path = acme.store(role).path
    create_company(router, slug="other", name="Other", template="general", currency="USD")
    router.pool.close()
    for suffix in ("-wal", "-shm"):
        if os.path.exists(path + suffix):
            os.remove(path + suffix)
    if wreck == "gone":
        os.remove(path)
    elif wreck == "stranger":
        with open(router.tenant("other").store(role).path, "rb") as other:
            content = other.read()
        with open(path, "wb") as file:
            file.write(content)
    elif wreck == "torn":
        with open(path, "r+b") as file:
            file.truncate(os.path.getsize(path) // 2)
    else:
        with open(path, "wb") as file:
            file.write(b"" if wreck == "empty" else b"Dear SQLite, " * 1000)
    found = check_company(router, acme)
    assert found
    assert codes(found) & {"identity", "integrity", "unreadable"}
    assert role in {finding.store for finding in found}
    assert check_company(router, "other") == []


def test_random_bytes_never_stop_a_check(router, acme):
    """Whatever is overwritten in the file, the check ends, and with a list."""
    path = acme.store("books").path
    router.pool.close()
    with closing(driver.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with open(path, "rb") as file:
        whole = file.read()
    chance = random.Random(1)
    noticed = 0
    for _ in range(25):
        spoilt = bytearray(whole)
        place = chance.randrange(100, len(spoilt) - 1000)
        spoilt[place : place + 1000] = chance.randbytes(1000)
        router.pool.close()
        for suffix in ("-wal", "-shm"):
            if os.path.exists(path + suffix):
                os.remove(path + suffix)
        with open(path, "wb") as file:
            file.write(spoilt)
        noticed += bool(check_company(router, acme))
    assert noticed > 5  # much of a small file is free space, where nothing is to be noticed


def test_books_at_work_have_no_findings(router, acme, monkeypatch):
    """What others post while the chain is looked at is in neither or in both of books and catalogue."""
    known_anchors = verification.known_anchors
    posted = []

    def post():
        lines = [LineInput(3, 5), LineInput(40, -5)]
        posted.append(post_input(VoucherInput(1, date(2026, 1, 1), "Sale", lines), by=BY))

    def read_after_a_posting(store, manifests):
        router.start_thread(post, tenant=acme).join()
        return known_anchors(store, manifests)

    monkeypatch.setattr(verification, "known_anchors", read_after_a_posting)
    assert check_company(router, acme) == []
    assert posted


def test_affiliates_are_checked_with_the_registers_that_they_share(router, acme):
    """A shared register that lost a row is found through each company that refers to it."""
    create_company(
        router, slug="sister", name="Sister", template="general", share_registers_with="acme"
    )
    with router.using("sister"):
        lines = [LineInput(3, 1, register="customer", register_stid=1), LineInput(40, -1)]
        post_input(VoucherInput(1, date(2026, 1, 1), "Sale", lines), by=BY)
    assert check_company(router, "sister") == []
    damage(acme.store("registers"), "DELETE FROM customer")
    for slug in ("acme", "sister"):
        assert codes(check_company(router, slug)) == {"reference", "seal"}
