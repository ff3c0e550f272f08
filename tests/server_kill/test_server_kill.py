"""The server is killed again and again while clients are at work: nothing that it acknowledged is lost.

A crowd uploads, in one piece and in parts, retrieves and deletes over HTTP; a steward sets, locks and makes keys. Each
time the server is killed at a random moment, now and then while it is still starting; the next one carries on.
"""

from __future__ import annotations

import random
import threading
from contextlib import closing, suppress
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from coldframe.composition.accounts import open_accounts
from coldframe.composition.stores import open_embedded
from coldframe.errors import ResourceNotFound, StoreUnreachable
from coldframe.model import ArchiveRetrieval
from coldframe.testing.bodies import read_output
from coldframe.testing.clock import FakeClock
from coldframe.testing.contract.world import inventory
from crash.store_scenarios import StoreFolder
from server_kill.served import REGION, Server, connect
from server_kill.steward import Steward
from service.crowd import BRIEF, LASTING, Crowd, Member

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from coldframe.service import VaultService
    from coldframe.wire.access import Key
    from proof_options import Tried

pytestmark = pytest.mark.timeout(7200)  # as long as --server-kills asks for
_CLIENTS = 8
_STARTING = 4
"""One of so many kills comes while the server is still starting."""


def test_killed_server_keeps_what_it_acknowledged(tmp_path: Path, request: pytest.FixtureRequest, tried: Tried) -> None:
    """Archives byte for byte, deletions, settings, locks and keys: all as clients were told, after every kill."""
    kills, seed = (int(request.config.getoption(name)) for name in ("--server-kills", "--race-seed"))
    folder = str(tmp_path / "store")
    with open_accounts(folder, region=REGION) as accounts:
        key = accounts.create_key()
        for vault in (*LASTING, *BRIEF):
            accounts.all()[0].create_vault(vault)
    rounds = _Rounds(folder, key, seed)
    for number in range(kills):
        rounds.run(number)
    rounds.judge()
    crowd = rounds.crowd
    figures = {name: count for name, count in crowd.done.items() if count}
    tried(
        "server kills",
        {"kills": kills, "archives": len(crowd.known), "settings": rounds.steward.acknowledged, **figures},
    )
    assert crowd.known
    assert rounds.steward.acknowledged > kills


class _Rounds:
    """Server after server over one folder."""

    def __init__(self, folder: str, key: Key, seed: int) -> None:
        self._folder = folder
        self._key = key
        self._rng = random.Random(seed)
        self._seed = seed
        self.crowd: Crowd = Crowd(None, seed)  # type: ignore[arg-type]  # each round brings its own client
        self.steward = Steward(folder)

    def run(self, number: int) -> None:
        """One server: starts, looks after those before it, works, and is killed."""
        with Server(self._folder) as server:
            if number % _STARTING == _STARTING - 1:
                threading.Event().wait(self._rng.uniform(0.1, 0.9))
                return
            url = server.url()
            with closing(connect(url, self._key)) as store:
                assert self.steward.judge(store) == []
                self.crowd.store = store
                threads = [Thread(target=_until_killed, args=(act,)) for act in self._acts(number)]
                for thread in threads:
                    thread.start()
                threading.Event().wait(self._rng.uniform(0.1, 0.6))
                server.kill()
                for thread in threads:
                    thread.join()

    def _acts(self, number: int) -> list[Callable[[], None]]:
        members = [Member(self.crowd, number * _CLIENTS + client) for client in range(_CLIENTS)]
        return [*(member.act_once for member in members), lambda: self.steward.act(self.crowd.store)]

    def judge(self) -> None:
        """After the last kill: what a new server says, and what is in the folder."""
        assert self.crowd.faults == []
        with Server(self._folder) as server:
            url = server.url()
            with closing(connect(url, self._key)) as store:
                assert self.steward.judge(store) == []
                assert self.steward.judge_keys(url) == []
        with closing(open_embedded(self._folder, clock=FakeClock(), region=REGION)) as service:
            self._judge_archives(service)
            self._judge_leftovers(service)

    def _judge_archives(self, service: VaultService) -> None:
        assert list(self.crowd.history.anomalies()) == []
        deletions = self.crowd.history.deletions()
        for archive_id, known in self.crowd.known.items():
            if archive_id not in deletions:
                job_id = service.initiate_job(known.vault, ArchiveRetrieval(archive_id))
                assert read_output(service, known.vault, job_id) == known.data
            elif deletions[archive_id]:
                with pytest.raises(ResourceNotFound):
                    service.initiate_job(known.vault, ArchiveRetrieval(archive_id))

    def _judge_leftovers(self, service: VaultService) -> None:
        """The counts agree, no part is without its bytes, and days later none of the bytes is without its part."""
        for vault in service.list_vaults(limit=10).items:
            assert service.describe_vault(vault.vault_name).number_of_archives == len(
                inventory(service, vault.vault_name)
            )
        clock = service._core.clock
        assert isinstance(clock, FakeClock)
        for _ in range(2):
            clock.advance(days=3)
            service.sweep()
        assert StoreFolder(self._folder).faults() == []
        assert StoreFolder(self._folder).leftovers() == []
        assert list(service.scrub()) == []


def _until_killed(act: Callable[[], None]) -> None:
    """Do something again and again, until nobody answers."""
    with suppress(StoreUnreachable):
        while True:
            act()
