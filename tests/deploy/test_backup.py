"""A store is copied while it is written, deleted from and swept; the copy is whole, whatever happened meanwhile."""

from __future__ import annotations

import importlib.util
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest

from coldframe.composition.accounts import open_accounts
from coldframe.composition.stores import open_embedded
from coldframe.model import InventoryRetrieval
from coldframe.testing.bodies import BytesBody, read_output

if TYPE_CHECKING:
    from coldframe.service import VaultService
    from coldframe.testing.clock import FakeClock

PROGRAM = Path(__file__).parents[2] / "deploy" / "backup.py"
_ACCOUNT = "123456789012"


@pytest.fixture
def backup() -> Any:
    """The program as a module, so that a test can step in between its passes."""
    spec = importlib.util.spec_from_file_location("backup_under_test", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_whatever_happens_between_the_passes_the_copy_is_whole(
    backup: Any, service: VaultService, store_folder: str, clock: FakeClock, tmp_path: Path
) -> None:
    """Archives come, go and are swept before the ledger is copied and after; the copy has all that its ledger tells."""
    target = tmp_path / "copy"
    service.create_vault("v")
    kept, before, after = (_upload(service, name) for name in ("kept", "deleted before", "deleted after"))
    clock.advance(days=30)
    copy_ledger = backup.copy_ledger

    def meanwhile(source: Path, copy: Path) -> None:
        _delete_and_sweep(service, before)
        young = _upload(service, "young")
        copy_ledger(source, copy)
        _delete_and_sweep(service, after)
        _delete_and_sweep(service, young)
        _upload(service, "younger")

    backup.copy_ledger = meanwhile
    assert backup.main(store_folder, str(target)) == 0
    told = _archives(target, clock)
    assert set(told) == {"kept", "deleted after", "young"}
    assert told["kept"] == kept


def test_copy_under_load_restores_all_that_was_acknowledged_before(
    service: VaultService, store_folder: str, clock: FakeClock, tmp_path: Path
) -> None:
    """Three copies to one target while others upload: each is whole and has what was there when it was begun."""
    service.create_vault("v")
    stop, acknowledged = Event(), list[str]()

    def upload() -> None:
        while not stop.is_set():
            name = f"frame {len(acknowledged)}"
            _upload(service, name)
            acknowledged.append(name)

    thread = Thread(target=upload)
    thread.start()
    try:
        for number in range(3):
            there = set(acknowledged)
            subprocess.run([sys.executable, str(PROGRAM), store_folder, str(tmp_path / "copy")], check=True)
            restored = tmp_path / f"restored-{number}"
            shutil.copytree(tmp_path / "copy", restored)
            assert there <= set(_archives(restored, clock))
    finally:
        stop.set()
        thread.join()


def test_every_account_and_the_seal_are_copied(tmp_path: Path, clock: FakeClock) -> None:
    """A restored folder serves all accounts, with the keys that were made before."""
    source, target = str(tmp_path / "store"), str(tmp_path / "copy")
    with open_accounts(source, clock=clock) as accounts:
        keys = [accounts.create_key(), accounts.create_key(account_id=_ACCOUNT)]
        other = accounts.store(_ACCOUNT)
        assert other is not None
        other.create_vault("w")
        archive_id = _upload(other, "w", vault_name="w")
        subprocess.run([sys.executable, str(PROGRAM), source, target], check=True)
    shutil.rmtree(source)
    with open_accounts(target, clock=clock, create=False) as accounts:
        assert [accounts.keyring.find(key.access_key_id) for key in keys] == keys
        restored = accounts.store(_ACCOUNT)
        assert restored is not None
        assert [vault.vault_name for vault in restored.list_vaults().items] == ["w"]
        assert list(restored.scrub()) == []
        restored.delete_archive("w", archive_id)


def test_damaged_blob_is_cured_from_the_copy(
    backup: Any, service: VaultService, store_folder: str, clock: FakeClock, tmp_path: Path
) -> None:
    """As the operator is told: the one file is copied back, and the next scrub finds nothing."""
    service.create_vault("v")
    _upload(service, "light")
    clock.advance(hours=1)
    backup.main(store_folder, str(tmp_path / "copy"))
    (blob,) = Path(store_folder).glob("blobs/*/*.blob")
    blob.write_bytes(b"\0" + blob.read_bytes()[1:])
    assert [finding.blob for finding in service.scrub()] == [blob.stem]
    assert service.has_findings()
    shutil.copy2(tmp_path / "copy" / blob.relative_to(store_folder), blob)
    assert list(service.scrub()) == []
    assert not service.has_findings()


def test_folder_without_a_store_is_refused(tmp_path: Path) -> None:
    """A mistyped folder, or a disk that is not mounted, ends with a message and copies nothing."""
    run = subprocess.run(
        [sys.executable, str(PROGRAM), str(tmp_path / "none"), str(tmp_path / "copy")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 1
    assert "There is no store in" in run.stderr
    assert not (tmp_path / "copy").exists()


def _upload(store: VaultService, name: str, vault_name: str = "v") -> str:
    data = random.Random(name).randbytes(5000)
    return store.upload_archive(vault_name, BytesBody(data), description=name).archive_id


def _delete_and_sweep(store: VaultService, archive_id: str) -> None:
    store.delete_archive("v", archive_id)
    store.sweep()


def _archives(folder: Path, clock: FakeClock) -> dict[str, str]:
    """The archives of a restored store by description, after a sweep and after every byte of it was hashed."""
    store = open_embedded(str(folder), clock=clock, create=False)
    try:
        store.sweep()  # blobs that the copy has beyond its ledger
        assert list(store.scrub()) == []
        return _inventory(store)
    finally:
        store.close()


def _inventory(store: VaultService) -> dict[str, str]:
    job_id = store.initiate_job("v", InventoryRetrieval())
    listed = json.loads(read_output(store, "v", job_id))["ArchiveList"]
    return {archive["ArchiveDescription"]: archive["ArchiveId"] for archive in listed}
