"""The example of clinics, whose application isn't ours: routing, the pool, a clinic's life, migrations."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from peewee import Model, TextField

from examples.clinic.app import create_app
from examples.clinic.records import CLINIC, Member, Patient, Visit, digest_of, open_clinic
from tenants import NoTenant, RoutedModel, Router, StoreBehind, WrongTenant
from tenants.testing import TwoTenants

ROOT = Path(__file__).parent.parent


class Clinic:
    """A browser of sorts, of somebody who works in one clinic."""

    def __init__(self, app: Flask, slug: str) -> None:
        self.client: FlaskClient = app.test_client()
        self.slug = slug
        self.token = open_clinic(app.extensions["tenants"], slug)

    def get(self, path: str, slug: str = "") -> Any:
        return self.client.get(f"/{slug or self.slug}{path}", headers=self.headers)

    def post(self, path: str, slug: str = "", **given: Any) -> Any:
        return self.client.post(f"/{slug or self.slug}{path}", json=given, headers=self.headers)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    app = create_app(str(tmp_path / "data"), descriptors=60)
    yield app
    app.extensions["tenants"].close()


def shell(app: Flask, *args: str, code: int = 0) -> str:
    """What a command says."""
    done = app.test_cli_runner().invoke(args=["clinics", *args])
    assert done.exit_code == code, done.output
    return str(done.output)


def test_a_clinic_sees_its_own_patients(app: Flask) -> None:
    """Two clinics with the same numbers; each page, and each write, is its own clinic's."""
    river, hill = Clinic(app, "river"), Clinic(app, "hill")
    for clinic, name in ((river, "Ploy"), (hill, "Anan")):
        assert clinic.post("/patients", name=name).json == {"id": 1}
    assert river.post("/patients/1/visits", day="2026-11-21", finding="well").json == {"visits": 1}
    assert [one["name"] for one in river.get("/patients").json] == ["Ploy"]
    assert [one["name"] for one in hill.get("/patients").json] == ["Anan"]
    assert hill.get("/patients", slug="river").status_code == 404
    assert hill.get("/patients", slug="nowhere").status_code == 404
    assert app.test_client().get("/river/patients").status_code == 401
    assert hill.post("/patients/1/visits", day="2026-11-21", finding="well").json == {"visits": 1}


def test_what_leaves_its_clinic_is_refused(app: Flask) -> None:
    """A patient kept from one clinic can't be saved in another, nor found where nobody has entered one."""
    for slug in ("river", "hill"):
        Clinic(app, slug).post("/patients", name=slug)
    router: Router = app.extensions["tenants"]
    with app.app_context():
        with router.using("river"):
            patient = Patient.get()
        with pytest.raises(NoTenant):
            Patient.get()
        with router.using("hill"), pytest.raises(WrongTenant):
            patient.save()


def test_more_clinics_than_there_is_room_for(app: Flask) -> None:
    """Thirty clinics take turns within 60 descriptors."""
    clinics = [Clinic(app, f"c{i}") for i in range(30)]
    for turn in range(2):
        for clinic in clinics:
            assert clinic.post("/patients", name="Ploy").json == {"id": turn + 1}
    health = app.test_client().get("/health").json
    assert health["budget"] == 60
    assert 0 < health["descriptors"] <= 60


def test_the_life_of_a_clinic(app: Flask) -> None:
    """Renamed, suspended, archived and resumed at the shell, and what its members notice of it."""
    river = Clinic(app, "river")
    river.post("/patients", name="Ploy")
    shell(app, "rename", "river", "stream")
    assert river.get("/patients").status_code == 404
    river.slug = "stream"
    shell(app, "suspend", "stream", "--reason", "The bill is open.")
    refused = river.get("/patients")
    assert refused.status_code == 403
    assert "The bill is open." in refused.json["error"]
    assert "stream\tsuspended\tThe bill is open." in shell(app, "list")
    assert "resume it first" in shell(app, "suspend", "stream", "--reason", "again", code=1)
    shell(app, "resume", "stream")
    shell(app, "archive", "stream")
    assert len(river.get("/patients").json) == 1
    assert river.post("/patients", name="Anan").status_code == 409
    shell(app, "resume", "stream")
    assert river.post("/patients", name="Anan").status_code == 201
    assert "no tenant 'nowhere'" in shell(app, "archive", "nowhere", code=1)


def test_a_copy_and_an_end(app: Flask) -> None:
    """A clinic opened like another has its patients and its own members; one that is purged leaves a backup."""
    river = Clinic(app, "river")
    river.post("/patients", name="Ploy")
    token = shell(app, "open", "lake", "--like", "river").strip()
    headers = {"Authorization": f"Bearer {token}"}
    lake = app.test_client().get("/lake/patients", headers=headers)
    assert [one["name"] for one in lake.json] == ["Ploy"]
    assert river.get("/patients", slug="lake").status_code == 404
    assert "river" in shell(app, "purge", "river", code=1)  # it is at work
    shell(app, "archive", "river")
    backup = Path(shell(app, "purge", "river").strip().removeprefix("The last backup is in "))
    assert list(backup.glob("*records*"))
    assert river.get("/patients").status_code == 401
    assert shell(app, "list").startswith("lake\tactive")


@pytest.fixture
def tenant_models() -> list[type[Model]]:
    """What `tenants.testing` makes the two clinics of."""
    return CLINIC


@pytest.mark.parametrize(
    "use",
    [
        lambda patient: patient.save(),
        lambda patient: list(patient.visits),
        lambda patient: Visit.create(patient=patient, day="2026-11-21"),
    ],
    ids=["save", "visits", "visit"],
)
def test_patients_stay_with_their_clinic(
    two_tenants: TwoTenants, use: Callable[[Patient], object]
) -> None:
    """With the fixtures that an application's own tests would use: each of these is refused in the other clinic."""
    two_tenants.assert_isolated(lambda: Patient.create(name="Ploy"), use)


class OlderPatient(RoutedModel):
    """A patient as they were before they could be called."""

    name = TextField()

    class Meta:
        store = "records"
        table_name = "patient"


def test_older_clinics_are_migrated(tmp_path: Path) -> None:
    """A data folder of the program as it was: its clinics are refused, tried, then migrated, and keep their rows."""
    folder = str(tmp_path / "data")
    with closing(Router(folder)) as older:
        for slug in ("river", "hill"):
            older.create(slug, [OlderPatient], setup=lambda: OlderPatient.create(name="Ploy"))
    app = create_app(folder)
    router: Router = app.extensions["tenants"]
    with app.app_context(), router.using("hill"), pytest.raises(StoreBehind, match="migrate"):
        Patient.get()
    assert "2 of 2 would be migrated" in shell(app, "migrate", "--dry-run")
    assert "2 of 2 migrated" in shell(app, "migrate")
    assert "0 of 2 migrated" in shell(app, "migrate")
    with app.app_context():
        open_clinic(router, "lake")  # new ones begin at the last version
        for slug in ("river", "hill"):
            with router.using(slug):
                assert [(one.name, one.phone) for one in Patient.select()] == [("Ploy", "")]
    assert "0 of 3 migrated" in shell(app, "migrate")
    router.close()


def test_uses_tenants_alone() -> None:
    """Importing the example brings in neither models nor cuneifox."""
    code = "import sys, examples.clinic.app; print({m.partition('.')[0] for m in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "'tenants'" in done.stdout
    assert "'models'" not in done.stdout
    assert "'cuneifox'" not in done.stdout


def test_what_only_the_operator_can_mend(tmp_path: Path) -> None:
    """A clinic whose database is behind is closed, 503 without a time to come back; its error is in the log alone."""
    folder = str(tmp_path / "data")
    with closing(Router(folder)) as older:
        river = older.create("river", [OlderPatient])
    app = create_app(folder)
    with app.app_context():
        Member.create(key=digest_of("token"), clinic=river.id)
    client = app.test_client()
    answer = client.get("/river/patients", headers={"Authorization": "Bearer token"})
    assert answer.status_code == 503
    assert "Retry-After" not in answer.headers
    assert answer.json == {"error": "Ask the operator to see to this clinic."}
    app.extensions["tenants"].close()
