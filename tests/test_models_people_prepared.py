from __future__ import annotations

from models.people import MODELS, Passwords, Session, User
from models.people.prepared import Prepared
from tenants import Router


def test_a_prepared_row_is_what_peewee_would_give(router: Router) -> None:
    """Every column, with Python's types, of each model; nothing in it counts as changed."""
    router.universal.create_tables(MODELS)
    cheap = Passwords(time_cost=1, memory_kib=8, parallelism=1)
    user = User.add("malee", "a fox in the clay", passwords=cheap, administers=True)
    Session.start(user, now=1, lifetime=10, agent="x")
    both = Prepared(
        'SELECT {columns} FROM {s} JOIN {u} ON "u"."id" = "s"."user_id" WHERE "u"."id" = ?',
        s=Session,
        u=User,
    )
    found = both.first(user.id)
    assert found is not None
    for prepared, usual in zip(found, (Session.get(), User.get()), strict=True):
        assert prepared.__data__ == usual.__data__
        assert not prepared.dirty_fields
    assert found[1].active is True
    assert both.first("nobody") is None
