"""The sealing key: where it lies, who may read it, and what happens without it. Everything fails closed."""

from __future__ import annotations

import errno
import logging
import os
import stat
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from coldframe.errors import ColdframeError, CredentialsProblem, FormatError, ServiceUnavailable
from coldframe.files import DiskFiles
from coldframe.keyring import Keys, SealFile
from coldframe.testing.faulty import Fault
from coldframe.testing.recording import TappedFiles, Trace, Verb
from coldframe.wire.access import KeyScope

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from coldframe.composition.accounts import Accounts
    from coldframe.ports import KeyRow
    from coldframe.testing.clock import FakeClock
    from coldframe.testing.recording import Operation, Perform

    OpenAccounts = Callable[..., Accounts]

ACCOUNT = "123456789012"
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such bits")


def _rewrite(accounts: Accounts, sql: str, *values: Any) -> None:
    """Tamper with the ledger, as no code of ours does."""
    ledger = accounts.all()[0].ledger
    ledger.write(lambda changes: changes._connection.execute(sql, values))  # type: ignore[attr-defined]


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _put(path: str, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)


class _ReadOnly:
    """A disk on which nothing can be made."""

    def __call__(self, operation: Operation, _perform: Perform) -> None:
        """Refuse."""
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), operation.path)


# --- the file ---------------------------------------------------------------------------------------------------------


@posix
def test_seal_is_for_its_owner_alone(accounts: Accounts, seal_path: str) -> None:
    """It has mode 0600, whatever the umask, from the moment of its creation."""
    before = os.umask(0)
    try:
        accounts.create_key()
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(seal_path).st_mode) == 0o600


def test_seal_is_durable_before_it_has_its_name(tmp_path: Path) -> None:
    """Temporary name, private from the first moment, written, synced, renamed, and the folder synced."""
    trace = Trace()
    SealFile(str(tmp_path / "seal.key"), TappedFiles(DiskFiles(), trace)).claim()
    verbs = [operation.verb for operation in trace.operations]
    assert verbs[:6] == [Verb.CREATE, Verb.WRITE, Verb.SYNC, Verb.CLOSE, Verb.RENAME, Verb.SYNC_FOLDER]


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610, 0o602])
def test_seal_that_others_may_read_is_refused(
    accounts: Accounts, open_again: OpenAccounts, seal_path: str, mode: int
) -> None:
    """No key is usable, none is made, and the message tells the command that mends it."""
    key = accounts.create_key()
    os.chmod(seal_path, mode)
    fresh = open_again().keyring
    acts: list[Callable[[], object]] = [
        lambda: fresh.find(key.access_key_id),
        lambda: fresh.create(account_id=ACCOUNT),
        lambda: fresh.rotate(key.access_key_id),
        fresh.require_usable,
    ]
    for act in acts:
        with pytest.raises(CredentialsProblem, match=f"chmod 600 {seal_path}"):
            act()
    os.chmod(seal_path, 0o400)
    assert fresh.find(key.access_key_id) == key


@posix
def test_credential_that_systemd_hands_over_is_taken(
    accounts: Accounts, open_again: OpenAccounts, seal_path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its mode shows the mask of an access list; the folder is what keeps others out."""
    key = accounts.create_key()
    handed = tmp_path / "credentials" / "seal.key"
    handed.parent.mkdir()
    os.rename(seal_path, handed)
    handed.chmod(0o440)
    with pytest.raises(CredentialsProblem, match="chmod"):
        open_again(seal_key=str(handed)).keyring.require_usable()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed.parent))
    assert open_again(seal_key=str(handed)).keyring.find(key.access_key_id) == key


def test_lost_seal_makes_no_key_usable(accounts: Accounts, open_again: OpenAccounts, seal_path: str) -> None:
    """Finding, rotating and making keys is refused with the file's name; listing and revoking need no seal."""
    key = accounts.create_key()
    os.rename(seal_path, f"{seal_path}.away")
    fresh = open_again().keyring
    acts: list[Callable[[], object]] = [
        lambda: fresh.find(key.access_key_id),
        lambda: fresh.create(account_id=ACCOUNT),
        lambda: fresh.rotate(key.access_key_id),
        fresh.require_usable,
    ]
    for act in acts:
        with pytest.raises(CredentialsProblem, match=f"{seal_path} is not there"):
            act()
    assert not os.path.exists(seal_path)
    assert len(fresh.list()) == 1
    os.rename(f"{seal_path}.away", seal_path)
    assert fresh.find(key.access_key_id) == key


def test_lost_seal_is_replaced_when_all_keys_are_revoked(
    accounts: Accounts, open_again: OpenAccounts, seal_path: str
) -> None:
    """Then nothing is lost by it: the next key brings a new one, and the old keys stay listed."""
    key = accounts.create_key()
    os.unlink(seal_path)  # noqa: TID251 - the loss
    fresh = open_again().keyring
    fresh.revoke(key.access_key_id)
    new = fresh.create(account_id=ACCOUNT)
    assert fresh.find(new.access_key_id) == new
    assert len(fresh.list()) == 2


def test_wrong_seal_makes_no_key_usable(
    accounts: Accounts, open_again: OpenAccounts, seal_path: str, tmp_path: Path
) -> None:
    """Another store's sealing key is named as that; nothing is sealed with it, and it is left as it is."""
    key = accounts.create_key()
    os.rename(seal_path, f"{seal_path}.away")
    SealFile(seal_path, DiskFiles()).claim()
    content = _read(seal_path)
    fresh = open_again().keyring
    acts: list[Callable[[], object]] = [
        lambda: fresh.find(key.access_key_id),
        lambda: fresh.create(account_id=ACCOUNT),
        fresh.require_usable,
    ]
    for act in acts:
        with pytest.raises(CredentialsProblem, match="is not the sealing key"):
            act()
    assert _read(seal_path) == content
    assert len(fresh.list()) == 1


@pytest.mark.parametrize("content", [b"", b"coldframe-seal-1:", b"-----BEGIN OPENSSH PRIVATE KEY-----\n", b"\xff" * 99])
def test_file_that_is_no_seal_is_left_as_it_is(
    accounts: Accounts, store_folder: str, seal_path: str, content: bytes
) -> None:
    """Also by the first key of a store: what lies in the seal's place may be somebody's only copy of something."""
    _put(seal_path, content)
    os.chmod(seal_path, 0o600)
    with pytest.raises(FormatError, match="does not hold a sealing key"):
        accounts.create_key()
    assert _read(seal_path) == content
    assert list(accounts.keyring.list()) == []


@posix
def test_seal_that_somebody_provided_is_taken(open_again: OpenAccounts, tmp_path: Path) -> None:
    """Also where nothing can be written, and before there is any key; it is used as it is."""
    provided = tmp_path / "provided" / "seal.key"
    seal = SealFile(str(provided), DiskFiles()).claim()
    content = _read(str(provided))
    accounts = open_again(seal_key=str(provided))
    accounts.create_key()
    (row,) = accounts.all()[0].ledger.read(lambda facts: facts.access_keys())
    assert row.seal_id == seal.seal_id
    assert _read(str(provided)) == content
    assert os.listdir(provided.parent) == ["seal.key"]


def test_seal_that_cannot_be_rewritten_is_taken(accounts: Accounts, tmp_path: Path, clock: FakeClock) -> None:
    """A file on a read-only disk is somebody else's to keep safe."""
    path = str(tmp_path / "seal.key")
    seal = SealFile(path, DiskFiles()).claim()
    files = TappedFiles(DiskFiles(), _ReadOnly())
    assert SealFile(path, files).claim().seal_id == seal.seal_id
    key = Keys(accounts.all()[0].ledger, SealFile(path, files), clock).create(account_id=ACCOUNT)
    assert Keys(accounts.all()[0].ledger, SealFile(path, DiskFiles()), clock).find(key.access_key_id) == key


def test_seal_that_was_half_written_is_no_obstacle(accounts: Accounts, seal_path: str) -> None:
    """What a crash left under the temporary name is cleared away by the next try."""
    folder, name = os.path.split(seal_path)
    _put(os.path.join(folder, f".{name}.tmp"), b"coldfr")
    accounts.create_key()
    assert not [name for name in os.listdir(folder) if name.endswith(".tmp")]


def test_seal_can_lie_elsewhere(open_again: OpenAccounts, seal_path: str, tmp_path: Path) -> None:
    """In a folder that is made for it; a store opened without being told so says that its seal is missing."""
    elsewhere = str(tmp_path / "elsewhere" / "coldframe.seal")
    key = open_again(seal_key=elsewhere).create_key()
    assert os.path.exists(elsewhere)
    assert not os.path.exists(seal_path)
    assert open_again(seal_key=elsewhere).keyring.find(key.access_key_id) == key
    with pytest.raises(CredentialsProblem, match="--seal-key"):
        open_again().keyring.find(key.access_key_id)


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_seal_that_cannot_be_written_makes_no_key(
    accounts: Accounts, tmp_path: Path, clock: FakeClock, nth: int
) -> None:
    """A full disk at any step: the key is refused, the file is not there, and the next try succeeds."""
    path = str(tmp_path / "seal.key")
    fault = Fault(errno.EIO, nth)
    keys = Keys(accounts.all()[0].ledger, SealFile(path, TappedFiles(DiskFiles(), fault)), clock)
    with pytest.raises(ServiceUnavailable, match="cannot be written"):
        keys.create(account_id=ACCOUNT)
    assert list(keys.list()) == []
    assert len(fault.struck) == 1
    key = keys.create(account_id=ACCOUNT)
    assert keys.find(key.access_key_id) == key


# --- the rows ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE access_key SET account_id = '000000000000' WHERE scope = 'read-only'",
        "UPDATE access_key SET scope = 'full' WHERE scope = 'read-only'",
        "UPDATE access_key SET scope = 'everything' WHERE scope = 'read-only'",
        "UPDATE access_key SET expires_ms = NULL WHERE scope = 'read-only'",
        "UPDATE access_key SET expires_ms = expires_ms + 1 WHERE scope = 'read-only'",
        "UPDATE access_key SET sealed = (SELECT sealed FROM access_key WHERE scope = 'full') WHERE scope = 'read-only'",
        "UPDATE access_key SET sealed = zeroblob(68) WHERE scope = 'read-only'",
        "UPDATE access_key SET sealed = x'' WHERE scope = 'read-only'",
        "UPDATE access_key SET sealed = substr(sealed, 1, 67) WHERE scope = 'read-only'",
    ],
)
def test_row_that_was_tampered_with_is_refused(accounts: Accounts, clock: FakeClock, sql: str) -> None:
    """A key that was moved, widened, prolonged or given another's secret is no key; the others go on to work."""
    keys = accounts.keyring
    soon = clock.now().replace(year=clock.now().year + 1)
    narrow = keys.create(account_id=ACCOUNT, scope=KeyScope.READ_ONLY, expires_at=soon)
    full = keys.create(account_id=ACCOUNT)
    _rewrite(accounts, sql)
    acts: list[Callable[[], object]] = [
        lambda: keys.find(narrow.access_key_id),
        lambda: keys.rotate(narrow.access_key_id),
        keys.require_usable,
    ]
    for act in acts:
        with pytest.raises(FormatError, match=f"{narrow.access_key_id} is not as it was made"):
            act()
    assert keys.find(full.access_key_id) == full
    keys.revoke(narrow.access_key_id)
    keys.require_usable()


def test_row_under_another_id_is_refused(accounts: Accounts) -> None:
    """A secret goes with the ID that it was made for."""
    key = accounts.create_key()
    other = "AKIA" + "B" * 16
    _rewrite(accounts, "UPDATE access_key SET access_key_id = ?", other)
    assert accounts.keyring.find(key.access_key_id) is None
    with pytest.raises(FormatError):
        accounts.keyring.find(other)


def test_revoked_row_cannot_be_revived(accounts: Accounts) -> None:
    """Without its secret it is nothing, whatever else is written into it."""
    key = accounts.create_key()
    accounts.keyring.revoke(key.access_key_id)
    _rewrite(accounts, "UPDATE access_key SET revoked_ms = NULL, sealed = x''")
    with pytest.raises(FormatError):
        accounts.keyring.find(key.access_key_id)


def test_row_of_another_store_is_refused(accounts: Accounts, tmp_path: Path, clock: FakeClock) -> None:
    """Even where both are sealed with the same length and form: the sealing key is another."""
    ledger = accounts.all()[0].ledger
    other = Keys(ledger, SealFile(str(tmp_path / "other.key"), DiskFiles()), clock)
    key = other.create(account_id=ACCOUNT)
    row: KeyRow | None = ledger.read(lambda facts: facts.access_key(key.access_key_id))
    assert row is not None
    accounts.keyring.revoke(key.access_key_id)
    accounts.create_key()
    moved = replace(row, access_key_id="AKIA" + "C" * 16)
    ledger.write(lambda changes: changes.add_access_key(moved))
    with pytest.raises(CredentialsProblem, match="is not the sealing key"):
        accounts.keyring.find(moved.access_key_id)


# --- secrecy ----------------------------------------------------------------------------------------------------------


def test_secret_is_nowhere_to_be_read(
    accounts: Accounts, store_folder: str, seal_path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in the ledger's files and its log of writes, not in texts of objects, nor in what is logged (A22)."""
    caplog.set_level(logging.DEBUG)
    made = [accounts.create_key(), accounts.create_key(account_id=ACCOUNT, scope=KeyScope.READ_ONLY)]
    made.append(accounts.keyring.rotate(made[0].access_key_id))
    sealing = _read(seal_path).split(b":")[1].strip()
    hidden = [key.secret_access_key.encode() for key in made] + [sealing, bytes.fromhex(sealing.decode())]
    found = {
        name: _read(os.path.join(folder, name))
        for folder, _, names in os.walk(store_folder)
        for name in names
        if os.path.join(folder, name) != seal_path
    }
    assert {"ledger.sqlite", "ledger.sqlite-wal"} <= set(found)
    assert not [name for name, content in found.items() for secret in hidden if secret in content]
    rows = accounts.all()[0].ledger.read(lambda facts: facts.access_keys())
    told = repr([made, rows, accounts, accounts.keyring, vars(accounts.keyring), accounts.keyring.list()]) + caplog.text
    assert not [secret for secret in hidden if secret.decode("latin-1") in told]


def test_error_tells_no_secret(accounts: Accounts) -> None:
    """Nor does anything that was raised on the way to it."""
    key = accounts.create_key()
    _rewrite(accounts, "UPDATE access_key SET scope = 'read-only'")
    with pytest.raises(ColdframeError) as caught:
        accounts.keyring.find(key.access_key_id)
    error: BaseException | None = caught.value
    while error is not None:
        assert key.secret_access_key not in repr(error)
        error = error.__cause__ or error.__context__
