"""Who asked for a job hears of its end by e-mail: once, in their language, from a real mail server on loopback."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from markupsafe import escape

from cuneifox.config import Config, ConfigError, Mail, load_config
from cuneifox.jobs import works
from cuneifox.jobs.kinds import KINDS, Kind
from cuneifox.jobs.running import run_job
from cuneifox.jobs.work import Work
from cuneifox.jobs.workers import Workers
from cuneifox.mail import settings
from cuneifox.mail.telling import LOOK_BACK, LOOK_EVERY, Latecomers
from cuneifox_site import Site
from mail_server import PASSWORD, USER, Post, authenticate, certificate, free_port, post_office
from models.errors import BadInput, BooksError
from models.jobs import ending, leases, lists, stopping, taking
from models.jobs.asking import Asker, ask
from models.jobs.job import NIGHTLY, Job
from models.people import Session, User
from models.people.addresses import clean_address

BOOKS = "books@example.com"
MALEE = "malee.s+books@mail.example.com"
SITE = "https://books.example.com/fox"

Outcome = Callable[[Work], str | None]


class Office:
    """A site whose users are written to, and what is done in it."""

    def __init__(self, folder: Path, **mail: Any) -> None:
        folder.mkdir(exist_ok=True)
        self.port = mail.pop("port", free_port())
        given = {"host": "127.0.0.1", "tls": "none", "sender": BOOKS, "site": SITE} | mail
        self.site = Site(folder / "data", mail=Mail(port=self.port, **given))
        self.clock = self.site.clock
        works.load()

    def person(self, name: str = "malee", address: str = MALEE, **given: Any) -> User:
        user = self.site.user(name, **given)
        user.change(display_name=user.display_name, language=user.language, email=address)
        return user

    def asked(self, user: User, **how: Any) -> Job:
        Session.start(user, now=self.clock(), lifetime=10**6)
        session = Session.select().where(Session.user == user).get()
        asker = Asker(user.id, session.digest, language=how.pop("language", "en"))
        return ask("trial", {}, asker, now=self.clock(), **how)[0]

    def run(self, lasts: float = 0.0) -> Job:
        """Do the job that is next, and return how it stands then."""
        job = taking.take("w", 99, now=self.clock())
        assert job is not None
        self.clock.turn(lasts)
        run_job(self.site.app, Work(job, self.site.services))
        return Job.get_by_id(job.id)

    def mails(self) -> list[Job]:
        return list(Job.select().where(Job.kind == "mail").order_by(Job.asked_at, Job.id))


@pytest.fixture
def outcome(monkeypatch: pytest.MonkeyPatch) -> Callable[[Outcome], None]:
    """Makes the kind `trial`, and says what comes of it; well unless told otherwise."""

    def comes(run: Outcome, title: str = "Trial balance") -> None:
        made = Kind("trial", run, lambda given: title, of_company=False)
        monkeypatch.setitem(KINDS, "trial", made)

    comes(lambda work: "")
    return comes


@pytest.fixture
def office(tmp_path: Path, outcome: Any) -> Iterator[Office]:
    yield from opened(Office(tmp_path))


def opened(office: Office) -> Iterator[Office]:
    with office.site.app.app_context():
        yield office
        office.site.router.universal.release()
    office.site.close()


def broken(work: Work) -> str:
    raise BooksError("There is no such thing.")


# Who is told


def test_what_took_long_is_told_once_it_is_ready(office: Office) -> None:
    """A letter with a link and no result; a job of the server's own, done later than what people wait for."""
    job = office.asked(office.person())
    office.run(lasts=30)
    (mail,) = office.mails()
    assert (mail.user_id, mail.identity, mail.priority) == ("", "mail", NIGHTLY)
    assert mail.given == {"job": job.id}
    with post_office(office.port, Post()) as post:
        assert office.run().state == "done"
    (letter,) = post.letters
    assert (letter.sender, letter.recipients) == (BOOKS, [MALEE])
    message = letter.message
    assert message["From"].addresses[0].addr_spec == BOOKS
    assert message["To"].addresses[0].addr_spec == MALEE
    assert message["Subject"] == "Ready: Trial balance"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == f"<{job.id}.ended@books.example.com>"
    assert parsedate_to_datetime(message["Date"]).timestamp() == office.clock()
    text = message.get_content()
    assert "Trial balance: it is ready." in text
    links = [line for line in text.splitlines() if line.startswith("http")]
    page = "jobs.show" in office.site.app.view_functions
    assert links == [f"{SITE}/jobs/{job.id}" if page else f"{SITE}/"]
    assert [part.get_content_type() for part in message.walk()] == ["text/plain"]


def test_what_was_soon_ready_isnt_told(office: Office) -> None:
    """Counted from when it was asked for: whoever waited saw it on the page."""
    user = office.person()
    office.asked(user)
    office.run(lasts=29.9)
    assert office.mails() == []
    office.asked(user)
    office.clock.turn(25)
    office.run(lasts=5)
    assert len(office.mails()) == 1


def test_what_failed_is_told_however_soon(office: Office, outcome: Any) -> None:
    """With where to see why, and not why: that is the company's."""
    outcome(broken)
    office.asked(office.person())
    assert office.run().state == "failed"
    with post_office(office.port, Post()) as post:
        office.run()
    message = post.letters[0].message
    assert message["Subject"] == "Failed: Trial balance"
    assert "see why here" in message.get_content()
    assert "no such thing" not in message.get_content()


def test_nobody_is_told_of_what_isnt_theirs_to_hear(office: Office, outcome: Any) -> None:
    """Neither who has no address, nor who may not come in any more, nor anybody of the server's own work."""
    office.asked(office.person("somchai", ""))
    office.run(lasts=100)
    leaver = office.person("leaver", "leaver@example.com")
    office.asked(leaver)

    def leave(work: Work) -> str:
        User.update(active=False).where(User.id == leaver.id).execute()
        return ""

    outcome(leave)
    office.run(lasts=100)
    outcome(broken)
    ask("trial", {}, Asker(identity="schedule"), now=office.clock())
    office.run(lasts=100)
    assert office.mails() == []


def test_what_was_cancelled_isnt_told(office: Office, outcome: Any) -> None:
    """Who cancels knows; and whose session or right is gone is told nothing."""
    user = office.person()
    stopping.cancel(office.asked(user).id, now=office.clock())

    def stop(work: Work) -> str:
        work.stop("rights")
        work.check()
        return ""

    outcome(stop)
    office.asked(user)
    assert office.run(lasts=100).state == "cancelled"
    assert office.mails() == []


def test_where_no_mail_is_set_up_nobody_is_told(tmp_path: Path, outcome: Any) -> None:
    """Nor is it asked who wants to be; a letter of before says why it isn't sent."""
    for office in opened(Office(tmp_path, host="")):
        office.asked(office.person())
        office.run(lasts=100)
        Latecomers(office.site.services).look(office.clock())
        assert office.mails() == []
        ask("mail", {"job": "x"}, Asker(identity="mail"), now=office.clock())
        mail = office.run()
        assert (mail.state, mail.error) == ("failed", "No mail is sent: host in [mail] is empty.")


def test_of_a_letter_no_letter_is_sent(office: Office, outcome: Any) -> None:
    """One that fails ends there."""
    outcome(broken)
    office.asked(office.person())
    office.run()
    with post_office(office.port, Post(to_recipient="550 no such user")):
        assert office.run().state == "failed"
    assert len(office.mails()) == 1
    assert taking.ready(now=office.clock() + 1000) == 0


def test_each_end_is_told_once(office: Office) -> None:
    """Also where several notice it at the same time, and again and again."""
    job = office.asked(office.person())
    office.run(lasts=100)
    barrier = threading.Barrier(4)

    def look() -> None:
        with office.site.app.app_context():
            barrier.wait()
            Latecomers(office.site.services).look(office.clock())
            office.site.router.universal.release(wholly=True)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [mail.once for mail in office.mails()] == [f"mail:{job.id}"]


def test_a_letter_that_is_sent_twice_is_the_same_one(office: Office) -> None:
    """The worker dies between the server's word and its note: sent again it has the same Message-ID."""
    office.asked(office.person())
    office.run(lasts=100)
    with post_office(office.port, Post()) as post:
        mail = taking.take("w", 99, now=office.clock())
        assert mail is not None
        KINDS["mail"].run(Work(mail, office.site.services))
        ending.lose(mail, now=office.clock())
        office.clock.turn(60)
        again = office.run()
    assert (again.id, again.state) == (mail.id, "done")
    first, second = (letter.message for letter in post.letters)
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] != second["Date"]
    assert first.get_content() == second.get_content()


def test_an_end_that_nobody_was_there_to_tell_is_told_later(office: Office) -> None:
    """By whoever looks: of a job that was given up because it killed its workers, or whose worker died right after."""
    user = office.person()
    office.asked(user)
    for _ in range(leases.MOST_LAPSES):
        office.clock.turn(ending.LONGEST_PAUSE)
        leases.JobWorker.begin("w", 1, 1, now=office.clock())
        taken = taking.take("w", 99, now=office.clock())
        leases.end_worker("w", now=office.clock())
    assert taken is not None
    late = Latecomers(office.site.services)
    late.look(office.clock())
    assert [mail.once for mail in office.mails()] == [f"mail:{taken.id}"]
    office.asked(user)
    second = taking.take("w", 99, now=office.clock())
    while second is not None and second.kind == "mail":
        second = taking.take("w", 99, now=office.clock())
    assert second is not None
    ending.fail(second, "gone", now=office.clock())
    late.look(office.clock() + LOOK_EVERY / 2)
    assert len(office.mails()) == 1  # it isn't looked all the time
    late.look(office.clock() + LOOK_EVERY)
    assert len(office.mails()) == 2


def test_what_ended_long_ago_is_no_news(office: Office, outcome: Any) -> None:
    """An address that is given today isn't written to about last week."""
    outcome(broken)
    user = office.person("malee", "")
    office.asked(user)
    office.run()
    user.change(display_name="Malee", language="", email=MALEE)
    office.clock.turn(LOOK_BACK + 1)
    Latecomers(office.site.services).look(office.clock())
    assert office.mails() == []


def test_a_catalogue_that_fails_then_costs_nobody_the_job(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The job is done; its mail is asked for at the next look."""

    def refuse(*given: Any, **named: Any) -> Any:
        raise OSError("away")

    office.asked(office.person())
    with monkeypatch.context() as patched:
        patched.setattr("cuneifox.mail.telling.ask", refuse)
        assert office.run(lasts=100).state == "done"
    assert "it is tried again" in caplog.text
    Latecomers(office.site.services).look(office.clock())
    assert len(office.mails()) == 1


def test_what_is_forgotten_meanwhile_isnt_told(office: Office) -> None:
    """Nor is somebody who has taken their address out."""
    user = office.person()
    first = office.asked(user)
    office.run(lasts=100)
    lists.forget([first.id])
    assert office.run().line.startswith("The job is no longer")
    office.asked(user)
    office.run(lasts=100)
    user.change(display_name="Malee", language="", email="")
    assert office.run().line.startswith("Whoever asked")


# In which language, with which names


def test_a_letter_is_in_the_persons_language(office: Office, outcome: Any) -> None:
    """The one that they chose, else the one that they asked in; Thai reads as it was written, headers included."""
    outcome(lambda work: "", title="งบทดลอง ๒๕๖๙")
    user = office.person("malee", MALEE, display_name="มาลี ศรีสุข", language="th")
    office.asked(user, language="en")
    office.run(lasts=60)
    with post_office(office.port, Post()) as post:
        office.run()
    (letter,) = post.letters
    assert letter.raw.isascii()
    message = letter.message
    assert message["Subject"] == "พร้อมแล้ว: งบทดลอง ๒๕๖๙"
    assert message["To"].addresses[0].display_name == "มาลี ศรีสุข"
    assert message["Content-Language"] == "th"
    assert "งบทดลอง ๒๕๖๙: พร้อมแล้ว" in message.get_content()
    other = office.person("somchai", "somchai@example.com")
    office.asked(other, language="th")
    office.run(lasts=60)
    assert office.mails()[-1].language == "th"


HOSTILE = "x\r\nBcc: evil@example.com\r\n\r\nSubject: forged\x00\u2028\u202e"


def test_no_name_adds_a_header(office: Office, outcome: Any) -> None:
    """Line ends in a name or a title, however they came there, end nothing."""
    outcome(lambda work: "", title=HOSTILE)
    user = office.person()
    User.update(display_name=HOSTILE).where(User.id == user.id).execute()
    office.asked(user)
    office.run(lasts=60)
    with post_office(office.port, Post()) as post:
        assert office.run().state == "done"
    (letter,) = post.letters
    assert letter.recipients == [MALEE]
    message = letter.message
    assert sorted(message.keys()) == sorted([
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language", "Content-Type",
        "Content-Transfer-Encoding", "MIME-Version",
    ])  # fmt: skip
    assert len(message["To"].addresses) == 1
    assert "Bcc: evil@example.com" in message["Subject"]  # as part of the text that it is


@pytest.mark.parametrize(
    "address",
    [
        "malee", "@example.com", "malee@", "a@b@c.com", "a b@example.com", "<a@example.com>", "a,b@example.com",
        "a@example.com, c@example.com", "a@example.com\nBcc: c@example.com", '"a b"@example.com', "a@-x.com",
        "a..b@example.com", ".a@example.com", "a@example..com", "มาลี@example.com", "a@ตัวอย่าง.com", "a@[127.0.0.1]",
        "x" * 65 + "@example.com", "a@" + "x" * 64 + ".com", "a@" + "b." * 130 + "com", "a@example.com;", "a\x00@b.com",
        "Malee <a@example.com>", "a@exa_mple.com",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(office: Office, address: str) -> None:
    """On the form, and once more before it goes into an envelope, however it came into the database."""
    with pytest.raises(BadInput) as caught:
        clean_address(address)
    assert caught.value.field == "email"
    user = office.person()
    browser = office.site.signed_in("malee")
    form = {"display_name": "Malee", "language": "th", "email": address}
    answer = browser.post("/account", "/account", **form)
    assert answer.status_code == 422
    assert User.get_by_id(user.id).email == MALEE
    User.update(email=address).where(User.id == user.id).execute()
    office.asked(user)
    office.run(lasts=60)
    with post_office(office.port, Post()) as post:
        assert office.run().state == "failed"
    assert post.letters == []
    assert post.sessions == 0


@pytest.mark.parametrize(
    "address",
    ["", "a@b.co", "A.B+c_d-e@Sub.Example-1.COM", "o'neill@example.com", "root@localhost", " a@b.co "],
)  # fmt: skip
def test_what_is_one_is_taken(office: Office, address: str) -> None:
    """From the account's page, which shows it again; empty takes it out."""
    user = office.person()
    browser = office.site.signed_in("malee")
    form = {"display_name": "Malee", "language": "", "email": address}
    assert browser.post("/account", "/account", **form).status_code == 303
    assert User.get_by_id(user.id).email == address.strip()
    shown = escape(address.strip())
    assert f'name="email" type="email" value="{shown}"' in browser.get("/account").text


def test_the_account_says_what_the_address_is_for_where_it_is_for_anything(tmp_path: Path) -> None:
    """In Thai too; where no mail is set up nothing is promised."""
    for host, promised in (("127.0.0.1", True), ("", False)):
        for office in opened(Office(tmp_path / (host or "none"), host=host)):
            office.person("malee", MALEE, language="th")
            page = office.site.signed_in("malee").get("/account").text
            assert ("ระบบจะแจ้งท่านเมื่อ" in page) is promised


def test_a_form_without_the_field_leaves_the_address(office: Office) -> None:
    """Such as one that was loaded before there was the field, and the choice of a language."""
    user = office.person("malee", MALEE, language="en")
    browser = office.site.signed_in("malee")
    browser.post("/account", "/account", display_name="Malee", language="en")
    browser.post("/language", "/account", language="th")
    kept = User.get_by_id(user.id)
    assert (kept.email, kept.language) == (MALEE, "th")


# What the mail server says


def test_a_server_that_is_away_is_tried_again_until_it_is_back(office: Office) -> None:
    """With pauses that grow; the letter comes once."""
    office.asked(office.person())
    office.run(lasts=60)
    pauses = []
    for attempt in range(1, 6):
        mail = office.run()
        assert (mail.state, mail.attempts) == ("waiting", attempt)
        assert "It is tried again." in mail.error
        pauses.append(mail.due_at - office.clock())
        assert taking.ready(now=mail.due_at - 0.01) == 0
        office.clock.turn(pauses[-1])
    for attempt, pause in enumerate(pauses):
        assert 2.0**attempt <= pause <= 2.0 ** (attempt + 1)
    with post_office(office.port, Post()) as post:
        assert office.run().state == "done"
        office.clock.turn(10_000)
        assert taking.ready(now=office.clock()) == 0
    assert len(post.letters) == 1


def test_a_recipient_that_is_refused_fails_at_once(office: Office) -> None:
    """With what the server said, and nothing is tried again."""
    office.asked(office.person())
    office.run(lasts=60)
    with post_office(office.port, Post(to_recipient="550 5.1.1 no such user here")) as post:
        mail = office.run()
    assert (mail.state, mail.attempts) == ("failed", 1)
    assert mail.error == "The mail server refused it: 550 5.1.1 no such user here"
    assert post.letters == []


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ({"to_recipient": "450 4.2.0 greylisted"}, "waiting"),
        ({"to_data": "451 4.3.0 try later"}, "waiting"),
        ({"to_data": "452 4.3.1 disk full"}, "waiting"),
        ({"to_data": "554 5.7.1 looks like spam"}, "failed"),
        ({"to_data": "552 5.2.2 mailbox full"}, "failed"),
    ],
)
def test_the_first_digit_tells_whether_it_may_pass(
    office: Office, answers: dict[str, str], state: str
) -> None:
    """4: later; 5: never. Then it comes, where it may."""
    office.asked(office.person())
    office.run(lasts=60)
    with post_office(office.port, Post(**answers)) as post:
        mail = office.run()
        assert mail.state == state
        assert next(iter(answers.values())) in mail.error
        post.to_recipient = post.to_data = ""
        office.clock.turn(1000)
        if state == "waiting":
            assert office.run().state == "done"
    assert len(post.letters) == (state == "waiting")


def test_a_server_that_says_nothing_is_given_up_in_time(tmp_path: Path, outcome: Any) -> None:
    """It takes the connection and no more."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        for office in opened(Office(tmp_path, port=port, timeout_seconds=0.2)):
            office.asked(office.person())
            office.run(lasts=60)
            begun = time.monotonic()
            assert office.run().state == "waiting"
            assert time.monotonic() - begun < 10


@pytest.mark.parametrize("greets", [True, False])
def test_a_worker_that_stops_doesnt_wait_for_the_server(
    tmp_path: Path, outcome: Any, greets: bool
) -> None:
    """The letter is handed back, and sent by another worker."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        for office in opened(Office(tmp_path, port=port, timeout_seconds=45)):
            office.asked(office.person())
            office.run(lasts=60)
            job = taking.take("w", 99, now=office.clock())
            assert job is not None
            work = Work(job, office.site.services)

            def run(office: Office = office, work: Work = work) -> None:
                run_job(office.site.app, work)

            thread = threading.Thread(target=run)
            thread.start()
            connection, _ = silent.accept()  # it waits for a greeting, which never comes
            if greets:
                connection.sendall(b"220 hello\r\n")
                assert connection.recv(100).startswith(b"ehlo")
            work.stop("closing")
            thread.join(30)
            assert not thread.is_alive()
            connection.close()
            assert Job.get_by_id(job.id).state == "waiting"


def wait_for(there: Callable[[], bool]) -> None:
    """Wait until something is so; bounded."""
    patience = threading.Event()
    for _ in range(600):
        if there():
            return
        patience.wait(0.05)
    raise AssertionError("it didn't come")


def test_letters_that_wait_leave_a_server_alone_that_was_just_away(office: Office) -> None:
    """One finds out, and the others don't have a worker each wait for it; some seconds later they try again."""
    user = office.person()
    for _ in range(2):
        office.asked(user)
        office.run(lasts=60)
    first = office.run()
    assert "couldn't be reached a moment ago" not in first.error
    with post_office(office.port, Post()) as post:
        second = office.run()
        assert second.state == "waiting"
        assert "couldn't be reached a moment ago" in second.error
        assert post.letters == []
        office.clock.turn(15)
        assert [office.run().state for _ in range(2)] == ["done"] * 2
    assert len(post.letters) == 2


@pytest.mark.parametrize("drops", [True, False])
def test_what_a_server_says_to_a_farewell_changes_nothing(office: Office, drops: bool) -> None:
    """It has the letter: to send it again would be once too often."""

    class Rude(Post):
        async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:
            if drops:
                server.transport.abort()
            return "421 4.3.2 going down"

    office.asked(office.person())
    office.run(lasts=60)
    with post_office(office.port, Rude()) as post:
        assert office.run().state == "done"
    assert len(post.letters) == 1


# Kept from others


@pytest.fixture
def tls(tmp_path: Path) -> Any:
    return certificate(tmp_path)


def test_starttls_with_a_password(tmp_path: Path, outcome: Any, tls: Any) -> None:
    """The certificate is checked by the file that the settings name; the password is read anew each time."""
    context, cert = tls
    secret = tmp_path / "secret"
    secret.write_text(f"{PASSWORD}\n", encoding="utf-8")
    how = {"tls": "starttls", "ca_file": str(cert), "user": USER, "password_file": str(secret)}
    for office in opened(Office(tmp_path, **how)):
        office.asked(office.person())
        office.run(lasts=60)
        options = {"tls_context": context, "require_starttls": True}
        options |= {"authenticator": authenticate, "auth_required": True}
        with post_office(office.port, Post(), **options) as post:
            assert office.run().error == ""
            assert len(post.letters) == 1
            assert post.encrypted
            secret.write_text("wrong")
            office.asked(User.find("malee"))
            office.run(lasts=60)
            mail = office.run()
        assert mail.state == "failed"
        assert mail.error.startswith("The mail server refused it: 535")
        assert "wrong" not in mail.error + mail.trace


def test_tls_from_the_first_byte(tmp_path: Path, outcome: Any, tls: Any) -> None:
    """As port 465 has it."""
    context, cert = tls
    for office in opened(Office(tmp_path, tls="tls", ca_file=str(cert))):
        office.asked(office.person())
        office.run(lasts=60)
        with post_office(office.port, Post(), ssl_context=context) as post:
            assert office.run().error == ""
        assert len(post.letters) == 1
        assert post.encrypted


@pytest.mark.parametrize("how", ["starttls", "tls"])
def test_a_server_that_nobody_vouches_for_gets_nothing(
    tmp_path: Path, outcome: Any, tls: Any, how: str
) -> None:
    """Its certificate is its own: it fails at once, and says why."""
    context, _cert = tls
    for office in opened(Office(tmp_path, tls=how)):
        office.asked(office.person())
        office.run(lasts=60)
        options = {"tls_context": context} if how == "starttls" else {"ssl_context": context}
        with post_office(office.port, Post(), **options) as post:
            mail = office.run()
        assert (mail.state, post.letters) == ("failed", [])
        assert "self-signed certificate" in mail.error


def test_where_starttls_is_asked_for_nothing_goes_without(tmp_path: Path, outcome: Any) -> None:
    """A server that doesn't offer it, or somebody on the way who took the offer out."""
    for office in opened(Office(tmp_path, tls="starttls")):
        office.asked(office.person())
        office.run(lasts=60)
        with post_office(office.port, Post()) as post:
            mail = office.run()
        assert (mail.state, post.letters, post.sessions) == ("failed", [], 0)
        assert "STARTTLS" in mail.error


# Settings


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sender": ""}, r"from in \[mail\]"),
        ({"sender": "Fox <a@b.co>"}, r"from in \[mail\]"),
        ({"site": ""}, r"site in \[mail\]"),
        ({"site": "books.example.com"}, r"site in \[mail\]"),
        ({"site": "javascript:alert(1)"}, r"site in \[mail\]"),
        ({"site": "https://user:secret@books.example.com"}, r"site in \[mail\]"),
        ({"site": "https://x\nBcc: evil@example.com"}, r"site in \[mail\]"),
        ({"site": "https://["}, r"site in \[mail\]"),
        ({"user": "u"}, "go together"),
        ({"password_file": "f"}, "go together"),
        ({"user": "u", "password_file": "/nowhere"}, "can't be read"),
        ({"user": "u", "password_file": "/nowhere", "tls": "none", "host": "mail.example.com"}, "for everybody"),
        ({"ca_file": "/nowhere"}, "ca_file"),
    ],
)  # fmt: skip
def test_settings_that_cant_work_stop_the_start(given: dict[str, str], said: str) -> None:
    """Naming the setting; with no host nothing is asked of the rest."""
    good = Mail(host="127.0.0.1", sender=BOOKS, site=SITE)
    settings.check(good)
    with pytest.raises(ConfigError, match=said):
        settings.check(msgspec.structs.replace(good, **given))
    settings.check(msgspec.structs.replace(good, **given | {"host": ""}))


@pytest.mark.parametrize("content", ["", "two\nlines", "ลับ"])
def test_a_password_that_cant_be_sent_is_told(tmp_path: Path, content: str) -> None:
    """SMTP's sign-in is of ASCII."""
    file = tmp_path / "secret"
    file.write_text(content, encoding="utf-8")
    mail = Mail(host="127.0.0.1", sender=BOOKS, site=SITE, user="u", password_file=str(file))
    with pytest.raises(ConfigError, match="one line of ASCII"):
        settings.check(mail)
    file.write_text("right\n")
    settings.check(mail)
    with pytest.raises(ConfigError, match="user in"):
        settings.check(msgspec.structs.replace(mail, user="มาลี"))


def test_the_application_asks_for_them(tmp_path: Path) -> None:
    """Before anything is opened."""
    with pytest.raises(ConfigError, match=r"from in \[mail\]"):
        Site(tmp_path / "data", mail=Mail(host="x", site=SITE))


def test_from_is_called_so_in_the_file(tmp_path: Path) -> None:
    """And in what a process beside the server is given."""
    file = tmp_path / "config.toml"
    file.write_text(f'[mail]\nfrom = "{BOOKS}"\n')
    config = load_config(file, {})
    assert config.mail.sender == BOOKS
    assert msgspec.json.decode(msgspec.json.encode(config), type=Config) == config
    file.write_text('[mail]\nsender = "x"\n')
    with pytest.raises(ConfigError, match="no setting 'sender'"):
        load_config(file, {})


# All together


def test_workers_send_it(tmp_path: Path, outcome: Any, caplog: pytest.LogCaptureFixture) -> None:
    """From asking to the letter, by the threads that do all jobs; the log has neither address nor title.

    Also of a job whose end its worker didn't live to tell.
    """
    outcome(broken)
    caplog.set_level(logging.INFO)
    for office in opened(Office(tmp_path)):
        office.clock.at = time.time()
        user = office.person()
        office.asked(user)
        lost = taking.take("w", 99, now=office.clock())
        assert lost is not None
        ending.fail(lost, "gone", now=office.clock())
        with post_office(office.port, Post()) as post:
            workers = Workers(office.site.app, threads=1)
            workers.start()
            try:
                office.asked(user)
                office.site.router.universal.release()

                def have_come(office: Office = office, post: Any = post) -> bool:
                    office.clock.turn(0.05)  # for what is tried again after a pause
                    return len(post.letters) == 2

                wait_for(have_come)
            finally:
                workers.stop()
        assert len(post.letters) == 2
        ours = [record.getMessage() for record in caplog.records if record.name == "cuneifox.jobs"]
        assert len(ours) >= 3
        assert not any(MALEE in each or "Trial balance" in each for each in ours)
