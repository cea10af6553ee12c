"""What backups know of books: what is wrong with a copy, what it comes to, and what a restore tells the catalogue."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from ledgers import BY, books, customer, day, post_sale, rows
from models import backing_up, people
from models.accounts import change_account, find_account
from models.anchors import Anchor, known_anchors
from models.backing_up import adopted, differences, facts, faults, restored, stamp_of
from models.check import check_company
from models.companies import Company
from models.people import Activity
from models.restorations import Restoration, is_of_this_history, moment
from models.reversing import reverse
from models.seals import sum_of
from models.verification import verify_chain
from tenants import Router, Tenant, current_store

NOON = 1_800_000_000.0


@pytest.fixture
def acme(router: Router) -> Iterator[Tenant]:
    """Books with three vouchers."""
    router.universal.create_tables(people.MODELS)
    with books(router):
        post_sale("2026-02-03")
        post_sale("2026-02-04", 250)
        reverse(1, date=day("2026-02-05"), by=BY, reason="Mistake")
        yield router.tenant("acme")


def behind_our_back(*statements: str) -> None:
    """Change the books by a plain connection, with no trigger in the way, and put the triggers back."""
    with current_store("books").get_connection() as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        kept = triggers.fetchall()
        for name, _ in kept:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in kept:
            connection.execute(sql)


def cut(count: int) -> None:
    """Set the chain back to so many vouchers, as a restore does, with the kept sums."""
    behind_our_back(
        f"DELETE FROM lines WHERE voucher_id IN (SELECT id FROM vouchers WHERE chain_no > {count})",
        f"DELETE FROM vouchers WHERE chain_no > {count}",
        f"UPDATE number_series SET last = {count}",
        f"UPDATE ledger_state SET count = {count}, turnover = (SELECT sum(max(amount, 0)) FROM lines),"
        f" head = (SELECT chain_hash FROM vouchers WHERE chain_no = {count})",
        "DELETE FROM balances",
        "INSERT INTO balances SELECT account_stid, 202602, 0, sum(max(amount, 0)), -sum(min(amount, 0))"
        " FROM lines GROUP BY 1",
    )


def note_backup(tenant: Tenant, stamp: str, known: dict[str, Any]) -> None:
    """What the manager leaves in the catalogue."""
    tenant.router.universal.execute_sql(
        "INSERT INTO backup (tenant, stamp, digest, facts) VALUES (?, ?, '', ?)",
        (tenant.id, stamp, json.dumps(known)),
    )


def sources(tenant: Tenant) -> list[str]:
    """Who knows of the chain."""
    return [anchor.source for anchor in known_anchors(tenant.store("books"))]


def problems() -> list[str]:
    return [fault.problem for fault in verify_chain()]


def test_sound_books_have_no_faults(acme: Tenant) -> None:
    """Nothing is said of books that are well."""
    assert list(faults()) == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE lines SET text = 'x' WHERE voucher_id = 2 AND n = 1",
         "books: chain: voucher GJ-2026-000002: it isn't what was posted"),
        ("UPDATE lines SET amount = amount + 1 WHERE voucher_id = 2 AND n = 1",
         "books: unbalanced: voucher GJ-2026-000002: its lines sum to 1 minor units"),
        ("UPDATE ledger_state SET turnover = 1",
         "books: turnover: kept are 1 minor units of debits, the lines sum to 2250"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_copy_is_said_without_a_catalogue(
    acme: Tenant, statement: str, said: str
) -> None:
    """No catalogue is asked, which in a copy's entry has no such tables, and the voucher is named."""
    acme.router.universal.execute_sql("DROP TABLE companies")
    behind_our_back(statement)
    assert said in list(faults())


def test_a_missing_trigger_is_a_fault_of_a_copy(acme: Tenant) -> None:
    """Books that nothing guards aren't restored unnoticed."""
    current_store("books").execute_sql("DROP TRIGGER vouchers_balance")
    assert list(faults()) == [
        "books: trigger: the trigger vouchers_balance is missing, and nothing keeps its rule"
    ]


def test_a_copy_without_registers_is_looked_at_for_what_it_holds(router: Router) -> None:
    """Who shares another's registers has none among its own stores, and its lines refer to nothing that is there."""
    with books(router):
        post_sale()
        entry_stores = router.tenant("acme").stores
        kept = entry_stores.pop("registers")
        try:
            assert list(faults()) == []
            assert facts()["chain_count"] == 1
            del entry_stores["books"]
            assert list(faults()) == []
            assert facts() == {"seals": {"attachments": [0, sum_of([], 0)]}}
        finally:
            entry_stores["registers"] = kept


def test_the_facts_are_those_of_the_books(acme: Tenant) -> None:
    """Counted by hand; they pass through JSON, and are the same as long as nothing is posted."""
    found = facts()
    (count, head), digest = rows("SELECT count, head FROM ledger_state")[0], found["trial_balance"]
    assert found == {
        "chain_count": count,
        "chain_head": head,
        "last_number": "GJ-2026-000003",
        "templates": [],
        "seals": {
            store.role: list(store.execute_sql("SELECT changes, total FROM seal_state").fetchone())
            for store in acme.stores.values()
        },
        "company": {"name": "Acme", "local_name": "", "currency": "THB", "decimals": 2},
        "vouchers": 3,
        "lines": 6,
        "first_date": "2026-02-03",
        "last_date": "2026-02-05",
        "trial_balance": digest,
    }
    assert json.loads(json.dumps(found)) == found
    assert facts() == found
    post_sale()
    assert facts()["trial_balance"] != digest


def test_the_books_agree_with_their_copy_also_when_they_have_gone_on(acme: Tenant) -> None:
    """A drill compares as of the copied voucher; another code for an account is no difference."""
    copied = json.loads(json.dumps(facts()))
    post_sale("2026-01-01")
    change_account(find_account("4100").stid, by=BY, code="4999")
    assert list(differences(copied)) == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE lines SET amount = amount * 2 WHERE voucher_id = 2", "trial balance:"),
        ("UPDATE vouchers SET date = '2025-01-01' WHERE id = 2", "first date: copied were 2026-02-03"),
        ("UPDATE vouchers SET chain_hash = 'x' WHERE chain_no = 3", "voucher 3 of the chain isn't"),
        ("DELETE FROM lines WHERE voucher_id = 2", "lines: copied were 6, the books have 4"),
    ],
)  # fmt: skip
def test_books_that_differ_from_their_copy_are_told(
    acme: Tenant, statement: str, said: str
) -> None:
    """A restored copy that doesn't come to what its source does fails the drill, by name."""
    copied = facts()
    behind_our_back(statement)
    assert any(line.startswith(said) for line in differences(copied))


def test_a_tail_that_the_catalogue_forgot_is_found_by_a_backup(acme: Tenant) -> None:
    """Whoever cuts the books and sets the catalogue back too is told which vouchers are missing by the backup."""
    note_backup(acme, "20270101T000000.000000Z", facts())
    cut(1)
    head = rows("SELECT head FROM ledger_state")[0][0]
    Company.update(chain_count=1, chain_head=head).execute()
    assert problems() == [
        "vouchers 2 to 3 of the chain (2) are missing: the chain ends at voucher 1 (GJ-2026-000001), and"
        " the backup 20270101T000000.000000Z knows 3 (GJ-2026-000003)"
    ]


def test_a_manifest_that_only_the_place_has_counts_too(acme: Tenant) -> None:
    """A backup that the catalogue doesn't name, but that was found where backups are kept, is an anchor."""
    known = facts()
    cut(2)
    head = rows("SELECT head FROM ledger_state")[0][0]
    Company.update(chain_count=2, chain_head=head).execute()
    assert problems() == []
    (fault,) = verify_chain([("20270101T000000.000000Z", known)])
    assert fault.problem.startswith("voucher 3 of the chain is missing")


def test_the_first_anchor_that_differs_says_where(acme: Tenant) -> None:
    """Of vouchers written anew, what lies ahead of the last backup that agrees is out of suspicion."""
    note_backup(acme, "20270101T000000.000000Z", facts())
    post_sale("2026-02-06")
    post_sale("2026-02-07")
    note_backup(acme, "20270102T000000.000000Z", {"chain_count": 5, "chain_head": "x"})
    post_sale("2026-02-08")
    note_backup(acme, "20270103T000000.000000Z", {"chain_count": 6, "chain_head": "y"})
    (fault,) = verify_chain()
    assert (fault.voucher_id, fault.number) == (5, "GJ-2026-000005")
    assert fault.problem == (
        "one of vouchers 4 to 5 of the chain, up to this one, isn't what the backup"
        " 20270102T000000.000000Z knows"
    )


@pytest.mark.parametrize("known", ["", "[]", "{", '{"chain_count": "3"}', '{"registers": 1}'])
def test_backups_that_say_nothing_of_a_chain_are_no_anchors(acme: Tenant, known: str) -> None:
    """Nor is a damaged row a reason to stumble."""
    acme.router.universal.execute_sql(
        "INSERT INTO backup (tenant, stamp, digest, facts) VALUES (?, '2027', '', ?)",
        (acme.id, known),
    )
    assert problems() == []


def test_a_restore_sets_the_catalogue_back_and_is_on_record(acme: Tenant) -> None:
    """Backups of what was lost are no anchors any more; those before it and after it are."""
    router = acme.router
    stamps = [stamp_of(NOON + hour * 3600) for hour in range(4)]
    note_backup(acme, stamps[0], before := facts())
    post_sale("2026-02-06")
    post_sale("2026-02-07")
    note_backup(acme, stamps[1], facts())
    cut(3)
    assert len(problems()) == 1
    tell = partial(
        restored, facts=before, source=stamps[0], user_name="Somsri", clock=lambda: NOON + 2 * 3600
    )
    router.universal_store.write(tell, acme)
    assert problems() == []
    assert sources(acme) == ["the catalogue", f"the backup {stamps[0]}"]
    post_sale("2026-02-09")
    note_backup(acme, stamps[3], facts())
    assert problems() == []
    assert sources(acme)[1:] == [f"the backup {stamps[0]}", f"the backup {stamps[3]}"]
    row = Restoration.get(Restoration.tenant_id == acme.id)
    assert (row.count, row.head, row.lost_count, row.by) == (3, before["chain_head"], 5, "Somsri")
    note = Activity.get(Activity.company_id == acme.id)
    assert (note.action, note.company_name) == ("companies.restore", "Acme")
    which, _, rest = note.subject.partition(" from ")
    assert sorted(which.split(", ")) == ["attachments", "books", "registers"]
    assert rest == f"backup {stamps[0]}; vouchers 4 to 5 of the chain were lost"


def test_after_a_restore_the_next_posting_moves_the_catalogue_on(acme: Tenant) -> None:
    """The head that a restore leaves is one that the chain goes on from; a cut behind it is found again."""
    before = facts()
    post_sale("2026-02-06")
    cut(3)
    acme.router.universal_store.write(partial(restored, acme, facts=before, clock=lambda: NOON))
    posted = post_sale("2026-02-09", 777)
    company = Company.get_by_id(acme.id)
    assert (company.chain_count, company.chain_head) == (4, posted.chain_hash)
    cut(3)
    assert problems() == [
        "voucher 4 of the chain is missing: the chain ends at voucher 3 (GJ-2026-000003), and the catalogue knows 4"
    ]


def test_a_restore_of_registers_alone_leaves_the_chain_its_anchors(acme: Tenant) -> None:
    """Their seals go back, on record; backups made meanwhile still know of the vouchers, and not of the registers."""
    stamps = [stamp_of(NOON + hour) for hour in range(3)]
    before = facts()
    customer("C1")
    post_sale("2026-02-06")
    note_backup(acme, stamps[1], facts())
    known = Company.get_by_id(acme.id).chain_head
    with current_store("registers").get_connection() as connection:
        connection.execute("DELETE FROM customer")
        connection.execute("DELETE FROM sqlite_sequence")
        connection.execute("DELETE FROM seals")
        connection.execute("UPDATE seal_state SET changes = 0, total = ?", (sum_of([], 0),))
    said = "registers: seal: it was set back: it is as of change 0, and {} knows 1"
    assert [str(f).partition("/")[2] for f in check_company(acme.router, acme)] == [
        said.format("the catalogue"),
        said.format(f"the backup {stamps[1]}"),
    ]
    tell = partial(
        restored, facts=before, roles=["registers"], source=stamps[0], clock=lambda: NOON + 2
    )
    acme.router.universal_store.write(tell, acme)
    assert check_company(acme.router, acme) == []
    assert Company.get_by_id(acme.id).chain_head == known
    assert sources(acme) == ["the catalogue", f"the backup {stamps[1]}"]
    assert Activity.get().subject == f"registers from backup {stamps[0]}; no voucher was lost"


def test_a_company_made_of_a_backup_is_entered_with_its_chain(acme: Tenant, router: Router) -> None:
    """What it is called may be another's than the backup says."""
    found = facts()
    row = Company.get_by_id(acme.id)
    row.delete_instance()
    adopted(acme, facts=found, name="Acme as of yesterday", now=NOON)
    row = Company.get_by_id(acme.id)
    assert (row.name, row.currency, row.chain_count) == ("Acme as of yesterday", "THB", 3)
    assert row.created_at == NOON * 1_000_000
    assert problems() == []


def test_which_backups_are_of_this_history() -> None:
    """By every history of up to five steps, each a voucher, a backup or a restore: the rule is what replaying says."""
    for steps in itertools.product("vbr", repeat=6):
        for choices in itertools.product(range(3), repeat=min(steps.count("r"), 2)):
            _replay("".join(steps), list(choices))


def _replay(steps: str, choices: list[int]) -> None:
    """Play a history with states as tuples of unique vouchers: an anchor holds where it is a prefix of the state."""
    state: tuple[int, ...] = ()
    backups: list[tuple[str, tuple[int, ...]]] = []
    restores: list[tuple[str, str]] = []
    for now, step in enumerate(steps):
        stamp = stamp_of(NOON + now)
        if step == "v":
            state = (*state, now)
        elif step == "b":
            backups.append((stamp, state))
        elif backups:
            source, state = backups[(choices.pop() if choices else 0) % len(backups)]
            restores.append((stamp, source))
    for stamp, had in backups:
        if is_of_this_history(stamp, restores):
            assert state[: len(had)] == had, (steps, restores, stamp)
        else:
            # Left out may be one that adds nothing to the copy that was restored.
            assert state[: len(had)] != had or any(
                stamp > source and had == then
                for _, source in restores
                for when, then in backups
                if when == source
            ), (steps, restores, stamp)


def test_files_from_elsewhere_have_no_past() -> None:
    """After a restore of a file that no backup of ours is, earlier backups say nothing of the chain."""
    at = stamp_of(NOON)
    assert not is_of_this_history(stamp_of(NOON - 1), [(at, "")])
    assert is_of_this_history(stamp_of(NOON + 1), [(at, "")])


@pytest.mark.parametrize(
    "stamp", ["20270115T080000.000000Z", "2027-01-15T08:00:00Z", "20270115T080000000000Z-7f3a"]
)
def test_stamps_are_compared_by_their_time(stamp: str) -> None:
    """However they are punctuated, and whatever makes them unique behind it."""
    assert moment(stamp) == moment(stamp_of(NOON))


def test_an_anchor_of_no_voucher_is_none(acme: Tenant) -> None:
    """A backup of books in which nothing was posted says nothing of what came later."""
    note_backup(acme, "20270101T000000.000000Z", {"chain_count": 0, "chain_head": "0" * 64})
    assert Anchor(0, "0" * 64, "the backup 20270101T000000.000000Z") in known_anchors(
        acme.store("books")
    )
    assert problems() == []


def test_it_is_what_the_backups_call() -> None:
    """The names by which the examiner of backups calls them in its process."""
    assert all(callable(getattr(backing_up, name)) for name in ("faults", "facts", "differences"))
