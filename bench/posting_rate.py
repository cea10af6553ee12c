"""Our posting rate against django-ledger's, each voucher in a transaction of its own, the disk waited for by both."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from .figures import PAIRS, Figure, faster, main, timed
from .posting_pair import twins

ROOT = Path(__file__).parent.parent
HOME = ROOT / ".cache" / "django-ledger"
PACKAGES = ["django-ledger==0.8.5", "Django==5.2.19", "pysqlite3==0.6.1"]
AT_ONCE = 50


def measure() -> list[Figure]:
    """Measure 21 pairs, after one of each that isn't counted."""
    install()
    measured = []
    with tempfile.TemporaryDirectory() as folder, twins((PAIRS + 1) * AT_ONCE, "FULL") as pair:
        with Peer(folder, "FULL") as peer:
            for turn in range(PAIRS + 1):
                theirs = peer.post(AT_ONCE) if turn % 2 else 0.0
                ours = timed(lambda: pair.post(AT_ONCE))
                measured.append((ours, theirs or peer.post(AT_ONCE)))
        pair.replay(AT_ONCE * (PAIRS + 1))  # the twin's books must end up the same
    what = "Posting rate ÷ django-ledger's, both at FULL"
    note = f"{AT_ONCE} two-line vouchers each, {', '.join(PACKAGES)}"
    return [faster(what, measured[1:], 10, AT_ONCE, note)]


def install() -> None:
    """Make an environment for django-ledger, once."""
    stamp = HOME / "installed"
    if stamp.exists() and stamp.read_text() == " ".join(PACKAGES):
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(HOME)], check=True)
    pip = [str(HOME / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, *PACKAGES], check=True, stdout=sys.stderr)
    stamp.write_text(" ".join(PACKAGES))


class Peer:
    """A running django-ledger that posts on demand."""

    def __init__(self, folder: str, synchronous: str) -> None:
        script = Path(__file__).parent / "django_ledger_peer.py"
        self.process = subprocess.Popen(
            [str(HOME / "bin" / "python"), str(script), folder, synchronous],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Peer:
        assert self._answer() == "ready"
        return self

    def post(self, count: int) -> float:
        """Return how many seconds it took to post so many vouchers."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        return float(self._answer())

    def _answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def __exit__(self, *exc: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


if __name__ == "__main__":
    main(measure)
