"""Patients and visits of many clinics: `flask --app examples.clinic.app clinics open riverside`, then `… run`.

Each clinic's records are in a database file of its own. Nothing in the views says which: the request does, once.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Request, abort, jsonify, request

from tenants import (
    LockTimeout,
    NoRoom,
    ReadOnlyStore,
    Tenant,
    TenantError,
    TenantSuspended,
    UnknownTenant,
    WrongFile,
)
from tenants.flask import init_app

from .clinics import clinics
from .records import Member, Patient, Visit, digest_of, open_router

#: What an error means over HTTP; the first that fits. Those from 500 on tell more than visitors should read.
STATUS = {
    TenantSuspended: 403,
    ReadOnlyStore: 409,
    NoRoom: 503,
    LockTimeout: 503,
    WrongFile: 503,
    TenantError: 500,
}


def create_app(folder: str = "clinic-data", descriptors: int | None = None) -> Flask:
    app = Flask(__name__)
    router = open_router(folder, descriptors)

    def identify(asked: Request) -> tuple[str, Tenant] | None:
        if "slug" not in (asked.view_args or {}):
            return None  # a page that concerns no clinic
        scheme, _, token = asked.headers.get("Authorization", "").partition(" ")
        member = Member.get_or_none(key=digest_of(token)) if scheme == "Bearer" else None
        if member is None:
            abort(401)
        try:
            clinic = router.tenant(asked.view_args["slug"])
        except UnknownTenant:
            abort(404)
        if member.clinic != clinic.id:
            abort(404)  # as if there were none
        return member.key, clinic

    @app.get("/<slug>/patients")
    def patients(slug: str) -> Any:
        return [{"id": one.id, "name": one.name} for one in Patient.select().order_by(Patient.name)]

    @app.post("/<slug>/patients")
    def admit(slug: str) -> Any:
        given = request.get_json()
        return {"id": Patient.create(name=given["name"], phone=given.get("phone", "")).id}, 201

    @app.post("/<slug>/patients/<int:number>/visits")
    def see(slug: str, number: int) -> Any:
        patient = Patient.get_or_none(Patient.id == number) or abort(404)
        Visit.create(
            patient=patient, day=request.get_json()["day"], finding=request.get_json()["finding"]
        )
        return {"visits": patient.visits.count()}, 201

    @app.get("/health")
    def health() -> Any:
        pool = router.pool.status()
        return {"descriptors": pool.used, "budget": pool.budget, "waiting": pool.waiting}

    @app.errorhandler(TenantError)
    def tell(error: TenantError) -> Any:
        status = next(status for kind, status in STATUS.items() if isinstance(error, kind))
        if status < 500:
            return jsonify(error=str(error)), status
        app.logger.error("%s", error, exc_info=error)
        if isinstance(error, NoRoom | LockTimeout):
            return jsonify(error="Too much to do: try again."), status, {"Retry-After": "5"}
        return jsonify(error="Ask the operator to see to this clinic."), status

    app.cli.add_command(clinics)
    init_app(app, router, identify)
    return app
