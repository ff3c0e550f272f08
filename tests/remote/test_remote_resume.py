"""Runs against a server that are cut off, and the server cut off under a run: what was confirmed is not sent twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from coldframe.archiver.request import ArchiveRequest
from coldframe.catalog import Query
from coldframe.clock import SystemClock
from coldframe.composition.archiving import ArchiveJob
from coldframe.composition.library import Coldframe
from coldframe.composition.retrieving import RetrieveJob, RetrieveRun
from coldframe.errors import StoreUnreachable
from coldframe.model import MIB, Tier
from coldframe.progress import Advanced, Outcome, Planned, ignore
from coldframe.settings import Home, Settings
from coldframe.testing.bodies import pattern
from coldframe.testing.clock import FakeClock
from remote.conftest import serving, use_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ran
    from coldframe.composition.serving import Serving
    from coldframe.progress import Event, Observer
    from coldframe.wire.access import Key
    from remote.conftest import Served

_PARTS = 12


def test_killed_run_sends_no_confirmed_part_again(
    cli: Callable[..., Ran], url: str, served: Served, key: Key, tmp_path: Path
) -> None:
    """`kill -9` between two parts, and the same command again: each part reached the server once (design I6)."""
    (tmp_path / "here/large.fit").write_bytes(pattern(_PARTS))
    assert cli("vault", "create", "v").code == 0
    command = ["archive", "large.fit", "-v", "v", "--part-size", "1MiB", "--jobs", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "coldframe", *command, "--limit-rate", "4MiB/s"], stderr=subprocess.PIPE
    )
    _wait_for(lambda: len(_confirmed(served, key)) >= 3 or process.poll() is not None)
    os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.communicate()
    before = len(_confirmed(served, key))
    assert 3 <= before < _PARTS
    ran = cli(*command)
    assert ran.code == 0, ran.err
    assert len(_confirmed(served, key)) in {_PARTS, _PARTS + 1}  # one may have been on its way when the kill came
    assert cli("retrieve", "large", "--into", "back", "--yes").code == 0
    assert (tmp_path / "here/back/large.fit").read_bytes() == pattern(_PARTS)


def _confirmed(served: Served, key: Key) -> list[dict[str, object]]:
    return [line for line in served.requests(key, "UploadMultipartPart") if line["status"] == 204]


def _wait_for(is_so: Callable[[], bool]) -> None:
    clock = SystemClock()
    deadline = clock.monotonic() + 60
    while not is_so():
        assert clock.monotonic() < deadline
        clock.sleep(0.01)


class _User:
    """A user of a server that comes and goes: each time at another address.

    Args:
        tmp_path: Where all lies.
        monkeypatch: Sets the keys.
    """

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make the store, and the first key."""
        self.top = tmp_path
        self.lines: list[str] = []
        with serving(tmp_path / "store") as server:
            assert server.new_key is not None
            use_key(monkeypatch, server.new_key)
            with self.coldframe(server.url) as coldframe:
                coldframe.store.create_vault("v")
            server.stop(1)

    def coldframe(self, url: str) -> Coldframe:
        """The user's coldframe, whose waits pass at once."""
        home = Home(str(self.top / "home"), str(self.top / "home"))
        settings = Settings(store=url, part_size=MIB, jobs=2)
        return Coldframe(home, settings, clock=FakeClock(SystemClock().now()))

    def archive(self, coldframe: Coldframe, *, observer: Observer = ignore) -> list[Outcome]:
        """Archive the folder `in`, and answer what became of each file."""
        request = ArchiveRequest(paths=(str(self.top / "in"),), vault_name="v")
        with coldframe.archive(ArchiveJob(request=request), observer=observer) as run:
            return [result.outcome for result in run.results()]

    def sent_parts(self) -> int:
        """How many parts a server has taken."""
        return sum('"UploadMultipartPart"' in line and '"status": 204' in line for line in self.lines)


def _cutter(server: Serving, *, after: int) -> Observer:
    """An observer that stops the server, once, when so many bytes are safe; with 0 when the work has been planned."""
    left = [after]

    def observe(event: Event) -> None:
        if left and isinstance(event, Advanced | Planned):
            left[0] -= event.size if isinstance(event, Advanced) else 0
            if left[0] <= 0:
                left.clear()
                server.stop(0)

    return observe


@pytest.fixture
def user(tmp_path: Path, key: Key, monkeypatch: pytest.MonkeyPatch) -> _User:
    """A user with a folder of one large and one small file."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/large.fit").write_bytes(pattern(_PARTS))
    (tmp_path / "in/small.fit").write_bytes(b"light")
    return _User(tmp_path, monkeypatch)


def test_run_goes_on_when_the_server_is_back(user: _User) -> None:
    """The server ends in the middle: temporary trouble. At its next address the same upload goes on."""
    with (
        serving(user.top / "store", log=user.lines.append) as server,
        user.coldframe(server.url) as coldframe,
        pytest.raises(StoreUnreachable, match="cannot be reached"),
    ):
        user.archive(coldframe, observer=_cutter(server, after=4 * MIB))
    confirmed = user.sent_parts()
    assert 2 <= confirmed < _PARTS
    with serving(user.top / "store", log=user.lines.append) as server, user.coldframe(server.url) as coldframe:
        assert user.archive(coldframe).count(Outcome.FAILED) == 0
        assert confirmed < user.sent_parts() <= _PARTS + 2  # at most what was on its way, by each of two threads
        assert user.archive(coldframe) == [Outcome.UNCHANGED] * 2
        server.stop(1)


def test_order_goes_on_when_the_server_is_back(user: _User) -> None:
    """So does a retrieval; what was fetched and verified is not fetched again."""
    with serving(user.top / "store") as server, user.coldframe(server.url) as coldframe:
        user.archive(coldframe)
        job = RetrieveJob(into=str(user.top / "back"), query=Query(text=""))
        run = RetrieveRun(coldframe, job, observer=_cutter(server, after=0))
        number = run.order(run.plan(), tier=Tier.STANDARD)
        with pytest.raises(StoreUnreachable):
            list(run.carry_on(number))
    with serving(user.top / "store") as server, user.coldframe(server.url) as coldframe:
        run = RetrieveRun(coldframe, job)
        assert {result.outcome for result in run.carry_on(number)} == {Outcome.RETRIEVED}
        server.stop(1)
    found = {path.name: path.read_bytes() for path in (user.top / "back").rglob("*.fit")}
    assert found == {"large.fit": pattern(_PARTS), "small.fit": b"light"}
