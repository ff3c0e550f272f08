"""The vault service against the reference model, in histories that Hypothesis makes up and then shortens."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
)

from coldframe.blobs import open_blobs
from coldframe.errors import StoreError
from coldframe.files import DiskFiles
from coldframe.ledger import open_ledger
from coldframe.model import MIB, ArchiveRetrieval, ByteRange, InventoryRetrieval, TierWaits
from coldframe.service import VaultService
from coldframe.testing.bodies import BytesBody, read_output
from coldframe.testing.clock import FakeClock
from coldframe.testing.reference_model import ModelStore, simple_tree_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.model import JobStatus, Receipt

R = TypeVar("R")
Made = MultipleResults[str] | str

_WAITS = TierWaits(standard_seconds=7200, inventory_seconds=3600)
_VAULTS = st.sampled_from(["alpha", "beta"])
_TEXTS = st.sampled_from(["", "M33", 'a"b\\'])
_DATA = st.binary(min_size=0, max_size=40)
_PART_DATA = st.one_of(
    st.binary(min_size=1, max_size=5), st.sampled_from([bytes([number]) * MIB for number in range(2)])
)
_SPANS = st.sampled_from([None, (0, MIB), (MIB, 2 * MIB), (0, 5), (1, MIB)])
_HOURS = st.sampled_from([0.001, 0.5, 1, 2, 23, 24, 24.001, 26, 49])


class VaultServiceMachine(RuleBasedStateMachine):
    """Does the same to both and compares what can be seen."""

    archives: Bundle[str] = Bundle("archives")
    uploads: Bundle[str] = Bundle("uploads")
    jobs: Bundle[str] = Bundle("jobs")

    def __init__(self) -> None:
        """An empty store and an empty model on one clock."""
        super().__init__()
        self.folder = tempfile.mkdtemp(prefix="coldframe-machine-")
        self.clock = FakeClock()
        self.store = self._open()
        waits = {
            "archive_wait": timedelta(seconds=_WAITS.standard_seconds),
            "inventory_wait": timedelta(seconds=_WAITS.inventory_seconds),
        }
        self.model = ModelStore(self.clock.now, **waits)

    def _open(self) -> VaultService:
        ledger = open_ledger(os.path.join(self.folder, "ledger.sqlite"))
        blobs = open_blobs(os.path.join(self.folder, "blobs"), files=DiskFiles(), ledger=ledger)
        return VaultService(ledger, blobs, clock=self.clock, waits=_WAITS)

    def both(self, real: Callable[[], R], modelled: Callable[[R], object]) -> R | None:
        """Run both; they must succeed together or raise the same kind of error. The model learns the real answer."""
        answer, error = _outcome(real)
        _, expected = _outcome(lambda: modelled(answer))  # type: ignore[arg-type]  # of no use to a model that refuses
        assert type(error) is type(expected), f"the store says {error!r}, the model {expected!r}"
        return answer

    @rule(name=_VAULTS)
    def create_vault(self, name: str) -> None:
        """A vault is made, or is there already."""
        self.both(lambda: self.store.create_vault(name), lambda _: self.model.create_vault(name))

    @rule(name=_VAULTS)
    def delete_vault(self, name: str) -> None:
        """A vault goes, if it may."""
        self.both(lambda: self.store.delete_vault(name), lambda _: self.model.delete_vault(name))

    @rule(target=archives, name=_VAULTS, data=_DATA, text=_TEXTS)
    def upload_archive(self, name: str, data: bytes, text: str) -> Made:
        """An archive comes in whole."""
        receipt = self.both(
            lambda: self.store.upload_archive(name, BytesBody(data), description=text),
            lambda receipt: self.model.upload_archive(name, data, text, _archive_id(receipt)),
        )
        return _archive_id(receipt) or multiple()

    @rule(name=_VAULTS, archive_id=archives)
    def delete_archive(self, name: str, archive_id: str) -> None:
        """An archive is deleted, perhaps again, perhaps from the wrong vault."""
        self.both(
            lambda: self.store.delete_archive(name, archive_id), lambda _: self.model.delete_archive(name, archive_id)
        )

    @rule(target=uploads, name=_VAULTS, text=_TEXTS)
    def initiate_upload(self, name: str, text: str) -> Made:
        """An upload is opened."""
        upload_id = self.both(
            lambda: self.store.initiate_multipart_upload(name, part_size=MIB, description=text),
            lambda upload_id: self.model.initiate_upload(name, MIB, text, upload_id),
        )
        return upload_id or multiple()

    @rule(name=_VAULTS, upload_id=uploads, number=st.integers(0, 2), data=_PART_DATA)
    def upload_part(self, name: str, upload_id: str, number: int, data: bytes) -> None:
        """A part comes in, perhaps in another's place."""
        self.both(
            lambda: self.store.upload_multipart_part(name, upload_id, BytesBody(data), start=number * MIB),
            lambda _: self.model.upload_part(name, upload_id, number * MIB, data),
        )

    @rule(target=archives, name=_VAULTS, upload_id=uploads, lie=st.sampled_from([0, 0, 0, 1]))
    def complete_upload(self, name: str, upload_id: str, lie: int) -> Made:
        """An upload becomes an archive, if the parts are what is claimed."""
        parts = self.model.uploads[upload_id].parts
        data = b"".join(parts[start] for start in sorted(parts)) or b"?"
        size, digest = len(data) + lie, simple_tree_hash(data)
        receipt = self.both(
            lambda: self.store.complete_multipart_upload(name, upload_id, archive_size=size, tree_hash=digest),
            lambda receipt: self.model.complete_upload(name, upload_id, size, digest, _archive_id(receipt)),
        )
        return _archive_id(receipt) or multiple()

    @rule(name=_VAULTS, upload_id=uploads)
    def abort_upload(self, name: str, upload_id: str) -> None:
        """An upload is dropped."""
        self.both(
            lambda: self.store.abort_multipart_upload(name, upload_id),
            lambda _: self.model.abort_upload(name, upload_id),
        )

    @rule(name=_VAULTS, upload_id=uploads)
    def list_parts(self, name: str, upload_id: str) -> None:
        """The parts are those that came last."""

        def compare(found: list[tuple[int, int, str]] | None) -> None:
            expected = self.model.parts(name, upload_id)
            assert found in (None, expected)

        self.both(
            lambda: [
                (part.range.start, part.range.size, part.tree_hash)
                for part in self.store.list_parts(name, upload_id).parts
            ],
            compare,
        )

    @rule(target=jobs, name=_VAULTS, archive_id=archives, span=_SPANS)
    def retrieve_archive(self, name: str, archive_id: str, span: tuple[int, int] | None) -> Made:
        """A retrieval is asked for."""
        wanted = None if span is None else ByteRange(*span)
        job_id = self.both(
            lambda: self.store.initiate_job(name, ArchiveRetrieval(archive_id, wanted)),
            lambda job_id: self.model.retrieve_archive(name, archive_id, span, job_id),
        )
        return job_id or multiple()

    @rule(target=jobs, name=_VAULTS)
    def retrieve_inventory(self, name: str) -> Made:
        """An inventory is asked for."""
        job_id = self.both(
            lambda: self.store.initiate_job(name, InventoryRetrieval()),
            lambda job_id: self.model.retrieve_inventory(name, job_id),
        )
        return job_id or multiple()

    @rule(name=_VAULTS, job_id=jobs)
    def read_job(self, name: str, job_id: str) -> None:
        """A job's status and output are what the model says."""

        def compare_status(found: JobStatus | None) -> None:
            status = self.model.job_status(name, job_id)
            assert found in (None, status)

        def compare(found: bytes | None) -> None:
            content = self.model.job_output(name, job_id)
            if isinstance(content, list) and found is not None:
                assert [item["ArchiveId"] for item in json.loads(found)["ArchiveList"]] == content
            else:
                assert found in (None, content)

        self.both(
            lambda: self.store.describe_job(name, job_id).status,
            compare_status,
        )
        self.both(lambda: read_output(self.store, name, job_id), compare)

    @rule(hours=_HOURS)
    def pass_time(self, hours: float) -> None:
        """Time passes."""
        self.clock.advance(hours=hours)

    @rule()
    def sweep(self) -> None:
        """What nothing refers to goes, and nothing else."""
        self.store.sweep()

    @rule()
    def scrub(self) -> None:
        """Every stored byte is as it was promised."""
        self.clock.advance(0.001)
        assert [finding for finding in self.store.scrub() if finding.kind != "unreferenced"] == []

    @rule()
    def reopen(self) -> None:
        """The store is closed and opened again."""
        self.store.close()
        self.store = self._open()

    @precondition(lambda self: bool(self.model.archives))
    @rule(data=st.data())
    def read_an_archive(self, data: st.DataObject) -> None:
        """Any live archive is read back, byte for byte."""
        archives = {key: archive for key, archive in self.model.archives.items() if archive.deleted_at is None}
        if not archives:
            return
        archive_id = data.draw(st.sampled_from(sorted(archives)))
        archive = archives[archive_id]
        job_id = self.store.initiate_job(archive.vault.name, ArchiveRetrieval(archive_id))
        self.model.retrieve_archive(archive.vault.name, archive_id, None, job_id)
        self.clock.advance(_WAITS.standard_seconds)
        assert read_output(self.store, archive.vault.name, job_id) == archive.data

    @invariant()
    def vaults_agree(self) -> None:
        """Vaults, counts, open uploads and jobs are the same after every step."""
        vaults = self.store.list_vaults().items
        assert [vault.vault_name for vault in vaults] == sorted(self.model.vaults)
        for vault in vaults:
            name = vault.vault_name
            assert (vault.number_of_archives, vault.size) == self.model.count(name)
            uploads = {upload.upload_id for upload in self.store.list_multipart_uploads(name).items}
            assert uploads == self.model.open_uploads(name)
            jobs = {job.job_id: job.status for job in self.store.list_jobs(name).items}
            assert jobs == self.model.listed_jobs(name)

    def teardown(self) -> None:
        """When everything has ended and been swept, exactly the bytes of live archives are left."""
        for _ in range(2):
            self.clock.advance(days=5)
            self.store.sweep()
        found = [name for _, _, names in os.walk(os.path.join(self.folder, "blobs")) for name in names]
        live = [archive for archive in self.model.archives.values() if archive.deleted_at is None]
        uploads = [upload.archive_id for upload in self.model.uploads.values()]
        counts = {key: -(-len(archive.data) // MIB) for key, archive in self.model.archives.items() if key in uploads}
        expected = sum(
            counts.get(key, 1) for key, archive in self.model.archives.items() if any(archive is each for each in live)
        )
        assert len(found) - 1 == expected
        self.store.close()
        shutil.rmtree(self.folder)


def _outcome(act: Callable[[], R]) -> tuple[R | None, StoreError | None]:
    """What an act answers, or the store's error that it raises."""
    try:
        return act(), None
    except StoreError as error:
        return None, error


def _archive_id(receipt: Receipt | None) -> str:
    return "" if receipt is None else receipt.archive_id


TestVaultServiceMachine = VaultServiceMachine.TestCase
TestVaultServiceMachine.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
