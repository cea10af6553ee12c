"""Running one job, from its first line to how it ends."""

from __future__ import annotations

import errno
import logging
import traceback
from collections.abc import Callable

from flask import Flask
from peewee import OperationalError

from cuneifox.i18n import _, error_text, speaking
from cuneifox.jobs.entering import Stopped, actor_of, entered
from cuneifox.jobs.kinds import KINDS, Kind, companies_of
from cuneifox.jobs.work import Work
from cuneifox.logs import at_work
from cuneifox.mail.telling import tell_of_end
from cuneifox.services import Services
from cuneifox.words import shown_name
from models.companies import Company
from models.errors import BooksDamaged, BooksError
from models.jobs import ending
from models.jobs.errors import TryLater
from models.jobs.job import Job
from tenants import LockTimeout, NoRoom, ReadOnlyStore, SnapshotTooOld, TenantError, WouldDeadlock
from tenants.sqlite import is_busy

log = logging.getLogger("cuneifox.jobs")

CLOSING = "closing"
"""Why a job stops whose worker stops; another one begins it anew."""

LOST = "lost"
"""Why one stops that somebody else has taken over."""


def run_job(app: Flask, work: Work) -> None:
    """Run a job in an entry of its own, and write down how it ended. Raises nothing but what ends the process.

    The calling thread's context must be fresh.
    """
    job, services = work.job, work.services
    with app.app_context(), speaking(job.language), at_work(job.id, job.tenant_id):
        try:
            line = _do(services, work)
        except Stopped as stopped:
            _stopped(work, stopped)
        except Exception as error:  # noqa: BLE001 - each is told to who asked
            if work.stopping is not None:
                _stopped(work, work.stopping)
            else:
                _failed(work, error)
        else:
            _done(work, line)
        finally:
            services.router.universal.release(wholly=True)
        tell_of_end(services, job)


def _do(services: Services, work: Work) -> str:
    job = work.job
    kind = KINDS.get(job.kind)
    if kind is None:
        raise BooksError("There is no such kind of work in this version of the program.")
    with entered(services.router, job) as tenant:
        work.tenant = tenant
        if tenant is not None:
            work.company = Company.get_or_none(Company.tenant_id == tenant.id)
        work.actor = actor_of(services.router, job, kind, tenant, services.now())
        work.check()
        anew = f"; begun anew, as its worker was gone: time {job.lapses + 1}" if job.lapses else ""
        log.info("%s begins: attempt %d%s", _named(job, kind), job.attempts, anew)
        return kind.run(work) or ""


def _done(work: Work, line: str) -> None:
    job, now = work.job, work.services.now()
    if ending.succeed(job, work.result, line, now=now):
        attempt = job.lease.rpartition("/")[2]
        work.services.results.drop(job.id, but=attempt if work.result else "")
        log.info("%s is done after %.3f seconds", _named(job), now - job.started_at)
    else:
        log.warning("%s was done, but somebody else had taken it over", _named(job))


def _stopped(work: Work, stopped: Stopped) -> None:
    job, now, reason = work.job, work.services.now(), stopped.reason
    if reason == CLOSING:
        ending.hand_back(job, now=now)
        log.info("%s is handed back: this worker stops", _named(job))
    elif reason != LOST:
        ending.stop(job, reason, _why(job, stopped), now=now)
        log.info("%s has stopped: %s", _named(job), reason)


def _why(job: Job, stopped: Stopped) -> str:
    """What is told of a stop for one of several companies; "" where its reason says all."""
    if stopped.company is None:
        gone = stopped.reason == "company" and companies_of(job.kind, job.given)
        return _("It stopped as one of its companies is no more.") if gone else ""
    name = shown_name(stopped.company)
    if stopped.reason == "rights":
        return _("It stopped as the right to read %(company)s was taken away.", company=name)
    return _("It stopped as %(company)s was closed.", company=name)


def _failed(work: Work, error: Exception) -> None:
    job, now = work.job, work.services.now()
    trace = "".join(traceback.format_exception(error))
    end: Callable[..., bool] = ending.try_again if may_pass(error) else ending.fail
    end(job, told(error, job), trace, now=now)
    if isinstance(error, BooksError) and not isinstance(error, BooksDamaged):
        log.info("%s failed: %s", _named(job), error)
    else:
        log.error("%s failed at attempt %d", _named(job), job.attempts, exc_info=error)


def may_pass(error: Exception) -> bool:
    """Tell whether trying again later may help."""
    if isinstance(error, TryLater):
        return True
    if isinstance(error, WouldDeadlock | ReadOnlyStore | BooksError):
        return False
    if isinstance(error, LockTimeout | NoRoom | SnapshotTooOld):
        return True
    if isinstance(error, OperationalError):
        return is_busy(error)
    # Of the network; a full disk, or a missing right to a folder, don't pass by themselves.
    return isinstance(error, ConnectionError | TimeoutError)


def told(error: Exception, job: Job) -> str:
    """Return what is told to who asked."""
    if isinstance(error, BooksError) and not isinstance(error, BooksDamaged):
        return error_text(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _(
            "The server's disk is full, so that nothing can be written. An administrator has to make room."
        )
    if isinstance(error, SnapshotTooOld):
        return _("It took longer than the books may be read in one state. Ask for less at a time.")
    if isinstance(error, LockTimeout | NoRoom) or (
        isinstance(error, OperationalError) and is_busy(error)
    ):
        return _("Others were at work on it for too long. Nothing was changed; try again later.")
    if isinstance(error, ReadOnlyStore):
        return _(
            "It can be read, and nothing can be written to it at the moment; ask an administrator."
        )
    if isinstance(error, TenantError):
        return str(error)
    return _(
        "Something went wrong on our side; the operator finds the cause under %(id)s.", id=job.id
    )


def _named(job: Job, kind: Kind | None = None) -> str:
    return f"Job {job.id} ({job.kind})"
