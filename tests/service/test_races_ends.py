"""What ends while somebody is about to read it is told as not found; only what is damaged is told as damage."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from coldframe.errors import DamagedArchive, ResourceNotFound
from coldframe.model import MIB, ArchiveRetrieval, ByteRange, InventoryRetrieval
from coldframe.service import outputs
from coldframe.testing.bodies import BytesBody, read_output
from coldframe.testing.contract.world import VAULT, keep

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.service import VaultService
    from coldframe.testing.clock import FakeClock

_DATA = bytes(MIB) + b"a second chunk"


class _Meanwhile(AbstractContextManager[None]):
    """Stands in the place of a lock; whoever has taken it finds that something has happened."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act

    def __enter__(self) -> None:
        self._act()

    def __exit__(self, *_: object) -> None:
        """Nothing to let go of."""


@pytest.fixture
def store(service: VaultService) -> VaultService:
    """A store with a vault."""
    service.create_vault(VAULT)
    return service


def _days_later(store: VaultService, clock: FakeClock) -> None:
    clock.advance(days=3)
    store.sweep()


def test_job_that_is_forgotten_before_its_inventory_is_written_is_not_found(
    store: VaultService, clock: FakeClock
) -> None:
    """It is over, not damaged."""
    job_id = store.initiate_job(VAULT, InventoryRetrieval())
    meanwhile = _Meanwhile(lambda: _days_later(store, clock))
    store._core = replace(store._core, materialising=meanwhile)  # type: ignore[arg-type]  # taken as the lock is
    with pytest.raises(ResourceNotFound, match=job_id):
        store.get_job_output(VAULT, job_id)


def test_listing_of_jobs_survives_one_that_is_forgotten_meanwhile(store: VaultService, clock: FakeClock) -> None:
    """The others are listed."""
    store.initiate_job(VAULT, InventoryRetrieval())
    meanwhile = _Meanwhile(lambda: _days_later(store, clock))
    store._core = replace(store._core, materialising=meanwhile)  # type: ignore[arg-type]  # as above
    assert len(store.list_jobs(VAULT).items) == 1


@pytest.mark.parametrize("wanted", [None, ByteRange(0, MIB)], ids=["all of it", "a range"])
def test_output_that_is_forgotten_before_it_is_read_is_not_found(
    store: VaultService, clock: FakeClock, wanted: ByteRange | None
) -> None:
    """A reader who has asked, and then waits for two days, is told that the job is over."""
    archive_id = keep(store, _DATA)
    job_id = store.initiate_job(VAULT, ArchiveRetrieval(archive_id))
    store.delete_archive(VAULT, archive_id)
    with store.get_job_output(VAULT, job_id, byte_range=wanted) as output:
        _days_later(store, clock)
        with pytest.raises(ResourceNotFound, match=job_id):
            next(iter(output))


def test_archive_that_is_freed_while_a_job_for_its_range_begins_is_not_found(
    store: VaultService, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deleted and swept between the look at the archive and the look at its parts: that is no damage."""
    archive_id = keep(store, _DATA)
    clock.advance(days=3)
    parts = outputs._parts

    def late(*what: object) -> object:
        store.delete_archive(VAULT, archive_id)
        store.sweep()
        return parts(*what)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(outputs, "_parts", late)
    with pytest.raises(ResourceNotFound, match=archive_id):
        store.initiate_job(VAULT, ArchiveRetrieval(archive_id, range=ByteRange(0, MIB)))


def test_damage_is_still_told_as_damage(store: VaultService, clock: FakeClock) -> None:
    """A job that is there, and whose bytes are not."""
    archive_id = keep(store, _DATA)
    job_id = store.initiate_job(VAULT, ArchiveRetrieval(archive_id))
    (key,) = [key for page in store._core.blobs.keys(before_ms=1 << 47) for key in page]
    store._core.blobs.unlink(key)
    with pytest.raises(DamagedArchive):
        read_output(store, VAULT, job_id)
    assert keep(store, b"another")
    assert BytesBody(_DATA).size == len(_DATA)
