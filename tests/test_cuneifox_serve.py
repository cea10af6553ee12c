from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest

from cuneifox.config import Config, ConfigError, Server
from cuneifox.serve import _close, serve

STARTER = """
import sys
from cuneifox.config import Config, ConfigError, Server
from cuneifox.serve import serve
try:
    serve(Config(data_folder=sys.argv[1], server=Server(port=0)), lambda text: print(text, flush=True))
except ConfigError as error:
    sys.exit(str(error))
"""
ROOT = Path(__file__).parent.parent


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", STARTER, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a group of its own, which a signal reaches as from a terminal
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def address(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    found = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
    assert found, server.communicate(timeout=30)[1]
    return found[0]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_on_this_machine_alone_and_stops_cleanly(
    tmp_path: Path, signum: signal.Signals
) -> None:
    """The address is told, a page comes, Ctrl-C ends it with 0, in silence, the database whole.

    As at a terminal, the signal reaches the worker too.
    """
    server = start(tmp_path)
    with urllib.request.urlopen(address(server) + "/sign-in", timeout=30) as answer:
        assert answer.status == 200
    os.killpg(server.pid, signum)
    _, said = server.communicate(timeout=30)
    assert server.returncode == 0
    assert said == ""
    assert not list(tmp_path.glob("*-wal"))


def test_the_worker_leaves_ctrl_c_to_the_arbiter(tmp_path: Path) -> None:
    """One that reaches it alone is nothing to it: it goes on answering, and ends once it is told to."""
    server = start(tmp_path)
    page = address(server) + "/sign-in"
    with urllib.request.urlopen(page, timeout=30):
        worker = children(server.pid)
    for process in worker:
        os.kill(process, signal.SIGINT)
    with urllib.request.urlopen(page, timeout=30) as answer:
        assert answer.status == 200
    assert children(server.pid) == worker
    server.send_signal(signal.SIGINT)
    assert server.communicate(timeout=30)[1] == ""
    assert server.returncode == 0


def children(process: int) -> list[int]:
    """The processes that it has begun, and that are there."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    return [int(one) for one in listed.split()]


def test_a_data_folder_is_served_once(tmp_path: Path) -> None:
    """A second server on the folder is refused, naming the first; after its end it may."""
    first = start(tmp_path)
    address(first)
    second = start(tmp_path)
    _, said = second.communicate(timeout=30)
    assert second.returncode == 1
    assert f"process {first.pid}" in said
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=30)
    third = start(tmp_path)
    address(third)
    third.send_signal(signal.SIGINT)
    assert third.wait(timeout=30) == 0
    third.communicate()


def test_a_port_that_is_taken_is_told_at_once(tmp_path: Path) -> None:
    """ConfigError with the address, before anything is opened."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        config = Config(data_folder=str(tmp_path / "data"), server=Server(port=port))
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port} can't be listened on"):
            serve(config)
    assert not (tmp_path / "data").exists()


def test_what_stops_the_application_is_told_in_one_line(tmp_path: Path) -> None:
    """A damaged key ends the start with its message and no traceback."""
    (tmp_path / "secret.key").write_bytes(b"short")
    server = start(tmp_path)
    _, said = server.communicate(timeout=30)
    assert server.returncode != 0
    assert "secret.key is damaged" in said
    assert "Traceback" not in said


def test_a_second_signal_comes_too_late_to_disturb_the_end() -> None:
    """Where one is sent as the worker gives its databases back, it goes on with that."""
    done = []

    def close() -> None:
        for name in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
            os.kill(os.getpid(), name)
        done.append("closed")

    services = SimpleNamespace(close=close)
    app = SimpleNamespace(extensions={"cuneifox": services})
    background = SimpleNamespace(stop=lambda: done.append("stopped"))
    worker = SimpleNamespace(app=SimpleNamespace(callable=app, background=background))
    names = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
    before = {name: signal.signal(name, lambda *_: sys.exit(0)) for name in names}
    try:
        _close(None, worker)
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
    assert done == ["stopped", "closed"]
