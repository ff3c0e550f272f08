"""`watch` over several stores: none waits for another's jobs, and one that is away holds nobody up."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from coldframe.archiver.request import ArchiveRequest
from coldframe.catalog import Query
from coldframe.clock import SystemClock
from coldframe.composition.archiving import ArchiveJob
from coldframe.composition.library import Coldframe
from coldframe.composition.ordering import Watch
from coldframe.composition.retrieving import RetrieveJob, RetrieveRun
from coldframe.composition.serving import ServeRequest, Serving
from coldframe.errors import CredentialsProblem, StoreUnreachable
from coldframe.model import Tier, TierWaits
from coldframe.progress import Noted
from coldframe.server.address import parse_address
from coldframe.settings import Home, Settings
from coldframe.testing.clock import FakeClock
from remote.conftest import REGION, use_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coldframe.progress import Event
    from coldframe.retriever.results import RetrievedFile
    from coldframe.wire.access import Key

_WAITS = TierWaits(standard_seconds=4 * 3600)


class _World:
    """A user with an order at an embedded store, whose jobs take hours, and another at a server.

    Args:
        top: Where all lies.
        monkeypatch: Sets the server's key.
    """

    def __init__(self, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Archive a file into each store, and order it back."""
        self._open = ExitStack()
        self._folder = top / "served"
        self._home = Home(str(top / "home"), str(top / "home"))
        self._listen = parse_address("127.0.0.1:0")
        self.clock = FakeClock(SystemClock().now())
        self.server = self._serve()
        assert self.server.new_key is not None
        use_key(monkeypatch, self.server.new_key)
        self.slow = self._coldframe(str(top / "embedded"))
        self.quick = self._coldframe(self.server.url)
        for name, coldframe in (("slow", self.slow), ("quick", self.quick)):
            (top / f"{name}.fit").write_bytes(name.encode())
            coldframe.create_store().create_vault("v")
            request = ArchiveRequest(paths=(str(top / f"{name}.fit"),), vault_name="v")
            with coldframe.archive(ArchiveJob(request=request)) as run:
                list(run.results())
            retrieval = RetrieveRun(coldframe, RetrieveJob(into=str(top / "back"), query=Query(text=name)))
            retrieval.order(retrieval.plan(), tier=Tier.STANDARD)

    def stop_server(self) -> None:
        """The server is away."""
        self.server.stop(1)
        self.server.close()

    def start_server(self) -> None:
        """It is back, at the same address."""
        self.server = self._serve()

    def close(self) -> None:
        """End everything."""
        self._open.close()
        self.stop_server()

    def _serve(self) -> Serving:
        settings = Settings(listen=self._listen, region=REGION)
        server = Serving(ServeRequest(folder=str(self._folder), settings=settings))
        server.start()
        self._listen = replace(self._listen, port=int(server.url.rpartition(":")[2]))
        return server

    def _coldframe(self, store: str) -> Coldframe:
        settings = Settings(store=store, tiers=_WAITS)
        return self._open.enter_context(Coldframe(self._home, settings, clock=self.clock))


def _names(results: Iterator[RetrievedFile], into: list[str]) -> list[str]:
    """The names of what comes, kept in `into` also where an error ends it."""
    into.extend(os.path.basename(result.path) for result in results)
    return into


@pytest.fixture
def world(tmp_path: Path, key: Key, monkeypatch: pytest.MonkeyPatch) -> Iterator[_World]:
    """Two orders at two stores."""
    made = _World(tmp_path, monkeypatch)
    yield made
    made.close()


def test_what_is_ready_does_not_wait_for_the_rest(world: _World) -> None:
    """The order that was placed later is done first, at once; the other after its four hours."""
    watch, began_at = Watch(world.slow), world.clock.now()
    found = [
        (os.path.basename(result.path), (world.clock.now() - began_at).total_seconds())
        for result in watch.carry_on(wait=True)
    ]
    assert [path for path, _ in found] == ["quick.fit", "slow.fit"]
    assert found[0][1] < 60
    assert 4 * 3600 <= found[1][1] < 4 * 3600 + 400
    assert watch.open_orders() == 0


def test_one_round_ends_with_jobs_in_progress(world: _World) -> None:
    """`--once` fetches what is ready, whatever store it is of."""
    watch = Watch(world.slow)
    assert _names(watch.carry_on(wait=False), []) == ["quick.fit"]
    assert watch.open_orders() == 1


def test_store_that_is_away_holds_nobody_up(world: _World) -> None:
    """In one round the others are carried on, and then the trouble is told; nothing of it is lost."""
    world.stop_server()
    watch = Watch(world.slow)
    with pytest.raises(StoreUnreachable, match="cannot be reached"):
        list(watch.carry_on(wait=False))
    world.clock.advance(hours=5)
    found: list[str] = []
    with pytest.raises(StoreUnreachable):
        _names(watch.carry_on(wait=False), found)
    world.start_server()
    assert _names(watch.carry_on(wait=False), found) == ["slow.fit", "quick.fit"]
    assert watch.open_orders() == 0


def test_watch_outlasts_a_store_that_is_away(world: _World) -> None:
    """Waiting, it asks again later, and goes on when the store is back."""
    world.stop_server()
    told: list[str] = []

    def observe(event: Event) -> None:
        if isinstance(event, Noted) and "asked again later" in event.text:
            told.append(event.text)
            if len(told) == 3:
                world.start_server()

    watch = Watch(world.slow, observer=observe)
    assert sorted(_names(watch.carry_on(wait=True), [])) == ["quick.fit", "slow.fit"]
    assert len(told) == 3


def test_store_that_refuses_is_given_up_and_told(world: _World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong keys do not mend themselves: the other order is waited for, and then the refusal is told."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    found: list[str] = []
    with pytest.raises(CredentialsProblem, match="secret access key is wrong"):
        _names(Watch(world.slow).carry_on(wait=True), found)
    assert found == ["slow.fit"]
