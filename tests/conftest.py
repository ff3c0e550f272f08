"""What all tests share: a clock that stands still, and an embedded store in a folder of its own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from coldframe.blobs import open_blobs
from coldframe.files import DiskFiles, ensure_folder
from coldframe.ledger import open_ledger
from coldframe.model import TierWaits
from coldframe.service import VaultService
from coldframe.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from coldframe.clock import Clock
    from coldframe.files import Files

    OpenService = Callable[..., VaultService]

pytest_plugins = ["clients.reporting", "crash.options", "proof_options"]
pytest.register_assert_rewrite("coldframe.testing.contract")


@pytest.fixture
def clock() -> FakeClock:
    """A clock that moves only when told to."""
    return FakeClock()


@pytest.fixture
def store_folder(tmp_path: Path) -> str:
    """Where the embedded store of this test lies."""
    return str(tmp_path / "store")


@pytest.fixture
def open_service(store_folder: str, clock: FakeClock) -> Iterator[OpenService]:
    """Opens the embedded store of this test, any number of times, and closes all at the end."""
    opened: list[VaultService] = []

    def open_one(
        *,
        files: Files | None = None,
        vfs: str = "",
        waits: TierWaits | None = None,
        cadence: float = 0,
        clock: Clock = clock,
    ) -> VaultService:
        files = files or DiskFiles()
        ensure_folder(files, store_folder)
        ledger = open_ledger(os.path.join(store_folder, "ledger.sqlite"), vfs=vfs, files=files)
        blobs = open_blobs(os.path.join(store_folder, "blobs"), files=files, ledger=ledger)
        settings = {"waits": waits or TierWaits(), "inventory_cadence_seconds": cadence}
        opened.append(VaultService(ledger, blobs, clock=clock, url=store_folder, **settings))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for service in opened:
        service.close()


@pytest.fixture
def service(open_service: OpenService) -> VaultService:
    """An embedded store on the fake clock, without waits."""
    return open_service()
