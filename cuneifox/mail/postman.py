"""Handing a letter to the mail server, and what its answers mean: wait and try again, or never."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from cuneifox.config import ConfigError, Mail
from cuneifox.mail.letters import host_of, one_line
from cuneifox.mail.respite import Respite
from cuneifox.mail.settings import password_of
from models.errors import BooksError
from models.jobs.errors import TryLater

FAREWELL_SECONDS = 1.0
"""How long a server may take to say goodbye."""


class Postman:
    """Takes one letter to the server that the settings name.

    Args:
        mail: the settings.
        respite: what other letters have found of the server.
    """

    def __init__(self, mail: Mail, respite: Respite) -> None:
        self.mail, self.respite = mail, respite
        self._wire: socket.socket | None = None
        self._broken_off = False
        self._mutex = threading.Lock()

    def deliver(self, message: EmailMessage, recipient: str) -> None:
        """Hand over a letter to one recipient; returns once the server has taken it.

        Raises:
            TryLater: the server is away, busy, or puts it off.
            BooksError: it refuses the letter, the recipient or us, or can't be trusted.
        """
        if not self.respite.is_over():
            raise TryLater(
                "The mail server couldn't be reached a moment ago, and is left alone for now. It is tried again."
            )
        try:
            server = self._connected()
            try:
                server.send_message(message, self.mail.sender, [recipient])
            finally:
                _leave(server)
        except smtplib.SMTPRecipientsRefused as error:
            raise _answered(*error.recipients[recipient]) from error
        except (smtplib.SMTPServerDisconnected, smtplib.SMTPNotSupportedError) as error:
            raise _broken(error) from error
        except smtplib.SMTPResponseException as error:
            raise _answered(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPException as error:
            raise _refused(str(error)) from error
        except ssl.SSLCertVerificationError as error:
            raise _refused(error.verify_message) from error
        except ConfigError as error:
            raise _refused(str(error)) from error
        except OSError as error:
            raise _away(error.strerror or str(error)) from error
        finally:
            self._hang_up()

    def interrupt(self) -> None:
        """Break off, from another thread: whoever waits for the server waits no more."""
        with self._mutex:
            self._broken_off = True
            if self._wire is not None:
                _cut(self._wire)

    def connected(self, wire: socket.socket) -> None:
        """Remember the connection from its first moment on, and through its encryption, by a descriptor of its own."""
        with self._mutex:
            self._wire = wire.dup()
            if self._broken_off:
                _cut(self._wire)

    def _hang_up(self) -> None:
        with self._mutex:
            wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    def _connected(self) -> smtplib.SMTP:
        mail = self.mail
        try:
            server = Encrypted(self, mail) if mail.tls == "tls" else Plain(self, mail)
        except ssl.SSLCertVerificationError:
            raise
        except OSError:
            self.respite.begin()
            raise
        try:
            if mail.tls == "starttls":
                server.starttls(context=_trust(mail))
            if mail.user:
                server.login(mail.user, password_of(mail))
        except BaseException:
            server.close()
            raise
        return server


class Plain(smtplib.SMTP):
    """A connection that begins in the clear, and is its postman's to break off."""

    def __init__(self, postman: Postman, mail: Mail) -> None:
        self.postman = postman
        smtplib.SMTP.__init__(
            self, mail.host, mail.port, local_hostname=host_of(mail.site), timeout=mail.timeout_seconds
        )  # fmt: skip

    def _get_socket(self, *given: Any) -> socket.socket:
        """Connect: the step that smtplib has for others to change."""
        made: socket.socket = super()._get_socket(*given)  # type: ignore[misc]
        self.postman.connected(made)
        return made


class Encrypted(smtplib.SMTP_SSL, Plain):
    """One that is encrypted from its first byte."""

    def __init__(self, postman: Postman, mail: Mail) -> None:
        self.postman = postman
        smtplib.SMTP_SSL.__init__(
            self, mail.host, mail.port, local_hostname=host_of(mail.site), timeout=mail.timeout_seconds,
            context=_trust(mail),
        )  # fmt: skip


def _cut(wire: socket.socket) -> None:
    try:
        wire.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other end was faster


def _leave(server: smtplib.SMTP) -> None:
    """Take leave; what goes wrong then changes nothing in what became of the letter.

    Until that is over the letter isn't noted as sent, and would be sent again should its worker die.
    """
    try:
        if server.sock is not None:
            server.sock.settimeout(FAREWELL_SECONDS)
        server.quit()
    except (smtplib.SMTPException, OSError):
        server.close()


def _trust(mail: Mail) -> ssl.SSLContext:
    """The system's authorities, or those of a file; the server's name is checked in any case."""
    return ssl.create_default_context(
        cafile=str(Path(mail.ca_file).expanduser()) if mail.ca_file else None
    )


def _answered(code: int, text: bytes | str) -> BooksError:
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    answer = f"{code} {shown}"
    return _away(answer) if 400 <= code < 500 else _refused(answer)


def _broken(error: smtplib.SMTPException) -> BooksError:
    away = isinstance(error, smtplib.SMTPServerDisconnected)
    return _away(str(error)) if away else _refused(str(error))


def _away(answer: str) -> TryLater:
    return TryLater(
        "The mail server can't take it at the moment (%(answer)s). It is tried again.", answer=one_line(answer)
    )  # fmt: skip


def _refused(answer: str) -> BooksError:
    return BooksError("The mail server refused it: %(answer)s", answer=one_line(answer))
