"""Disks that fail: nothing half-done is visible, the error is typed, and the store works again."""

from __future__ import annotations

import errno
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from coldframe.errors import ServiceUnavailable
from coldframe.files import DiskFiles
from coldframe.model import MIB, ArchiveRetrieval
from coldframe.ports import Upload
from coldframe.testing.bodies import BytesBody, read_output
from coldframe.testing.contract.world import inventory, keep
from coldframe.testing.faulty import Counting, Fault
from coldframe.testing.recording import Channel, TappedFiles, TappedVfs, Verb
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.service import VaultService
    from coldframe.testing.recording import Operation, Perform
    from conftest import OpenService

_DATA = bytes(range(256)) * 3000


class _Switch:
    """A tap that can be exchanged while the store is open."""

    def __init__(self) -> None:
        """Let everything pass."""
        self.tap: Callable[[Operation, Perform], None] | None = None

    def __call__(self, operation: Operation, perform: Perform) -> None:
        """Hand the operation to the present tap."""
        if self.tap is None:
            perform(operation)
        else:
            self.tap(operation, perform)


@pytest.fixture
def switch() -> _Switch:
    """What stands between the store and its disk."""
    return _Switch()


@pytest.fixture
def open_tapped(open_service: OpenService, switch: _Switch) -> Callable[[], VaultService]:
    """Opens the store, all of whose changes pass the switch."""
    vfs = TappedVfs(f"faults-{id(switch)}", switch)

    def open_one() -> VaultService:
        service = open_service(files=TappedFiles(DiskFiles(), switch), vfs=f"faults-{id(switch)}")
        service.vfs = vfs  # type: ignore[attr-defined]  # it must live as long as the connections
        return service

    return open_one


@pytest.fixture
def store(open_tapped: Callable[[], VaultService]) -> VaultService:
    """A store with a vault."""
    service = open_tapped()
    service.create_vault("vault")
    return service


def _upload(store: VaultService) -> None:
    keep(store, _DATA)


def _upload_together(store: VaultService) -> None:
    store.upload_archives("vault", [Upload(BytesBody(_DATA), None, f"{number}") for number in range(3)])


def _send_parts(store: VaultService) -> None:
    upload_id = store.initiate_multipart_upload("vault", part_size=MIB)
    store.upload_multipart_part("vault", upload_id, BytesBody(_DATA), start=0)
    store.complete_multipart_upload("vault", upload_id, archive_size=len(_DATA), tree_hash=tree_hash(_DATA))


def _retrieve(store: VaultService) -> None:
    kept = keep(store, _DATA)
    read_output(store, "vault", store.initiate_job("vault", ArchiveRetrieval(kept)))
    store.delete_archive("vault", kept)


def _is_ledger_sync(operation: Operation) -> bool:
    return operation.verb is Verb.SYNC and operation.path.endswith("ledger.sqlite-wal")


@pytest.mark.parametrize("act", [_upload, _upload_together, _send_parts, _retrieve])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("is_lasting", [False, True])
def test_every_failing_operation_is_survived(
    store: VaultService,
    open_tapped: Callable[[], VaultService],
    switch: _Switch,
    act: Callable[[VaultService], None],
    number: int,
    *,
    is_lasting: bool,
) -> None:
    """Each operation of an act fails in turn, once or for good; the store says so in one way, and then works on.

    After a failed sync of its ledger it does so when it is opened again, and only then.
    """
    act(store)  # the first act makes folders that later ones find
    counting = Counting()
    switch.tap = counting
    act(store)
    for nth in range(1, counting.struck_by(number) + 1):
        before = {item["ArchiveId"] for item in inventory(store)}
        fault = Fault(number, nth, is_lasting=is_lasting)
        switch.tap = fault
        with suppress(ServiceUnavailable):  # a fault in what may fail quietly, a checkpoint, is survived at once
            act(store)
        switch.tap = None
        assert fault.struck
        if any(_is_ledger_sync(operation) for operation in fault.struck):
            with pytest.raises(ServiceUnavailable, match="started again"):
                act(store)
            store.close()
            store = open_tapped()
        for item in inventory(store):
            job_id = store.initiate_job("vault", ArchiveRetrieval(item["ArchiveId"]))
            if item["ArchiveId"] not in before:
                assert read_output(store, "vault", job_id) == _DATA
    act(store)


def test_failed_fsync_is_not_tried_again(store: VaultService, switch: _Switch) -> None:
    """After an fsync has failed, the upload fails without another fsync of the same file (reliability 0.2)."""
    fault = Fault(errno.EIO, 1, where=lambda operation: operation.verb is Verb.SYNC)
    after: list[Operation] = []

    def listen(operation: Operation, perform: Perform) -> None:
        if fault.struck:
            after.append(operation)
        fault(operation, perform)

    switch.tap = listen
    with pytest.raises(ServiceUnavailable):
        keep(store, _DATA)
    assert [operation.verb for operation in after if operation.path == fault.struck[0].path] == [
        Verb.CLOSE,
        Verb.UNLINK,
    ]
    switch.tap = None
    assert inventory(store) == []


def test_nothing_is_acknowledged_before_it_is_durable(store: VaultService, switch: _Switch) -> None:
    """The order of an upload: blob, its fsync, its name, the folder's fsync, and only then the ledger's."""
    keep(store)
    counting = Counting()
    switch.tap = counting
    keep(store)
    steps = [(operation.channel, operation.verb) for operation in counting.operations]
    files = [verb for channel, verb in steps if channel is Channel.FILES]
    assert files == [Verb.CREATE, Verb.WRITE, Verb.SYNC, Verb.CLOSE, Verb.RENAME, Verb.SYNC_FOLDER]
    ledger = [index for index, (channel, _) in enumerate(steps) if channel is Channel.SQLITE]
    assert min(ledger) > steps.index((Channel.FILES, Verb.SYNC_FOLDER))
    assert (Channel.SQLITE, Verb.SYNC) in steps


def test_message_tells_what_to_do_and_no_path(store: VaultService, switch: _Switch, store_folder: str) -> None:
    """A full disk is named in words, without the store's own paths."""
    switch.tap = Fault(errno.ENOSPC, 1, is_lasting=True)
    with pytest.raises(ServiceUnavailable, match="No space left on device") as caught:
        keep(store, _DATA)
    assert store_folder not in str(caught.value)
    assert caught.value.code == "ServiceUnavailableException"
