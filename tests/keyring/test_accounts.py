"""Accounts: the folder's own, those that have keys, and nobody else."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from coldframe.cli.exits import Exit
from coldframe.cli.main import run
from coldframe.clock import SystemClock
from coldframe.composition.accounts import ACCOUNTS_NAME, open_accounts
from coldframe.composition.stores import OWN_ACCOUNT
from coldframe.errors import BadUsage, FormatError
from coldframe.testing.bodies import BytesBody

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from coldframe.composition.accounts import Accounts
    from coldframe.service import VaultService
    from coldframe.testing.clock import FakeClock

    OpenAccounts = Callable[..., Accounts]

OTHER = "123456789012"


def _place(store_folder: str, account_id: str) -> str:
    return os.path.join(store_folder, ACCOUNTS_NAME, account_id)


def _damage_and_leave_over(store_folder: str, store: VaultService) -> str:
    """An archive whose byte is flipped, and a blob that nothing refers to; answers the archive's ID."""
    store.create_vault("v")
    archive_id = store.upload_archive("v", BytesBody(b"x")).archive_id
    ((path, name),) = [
        (os.path.join(folder, name), name)
        for folder, _, names in os.walk(_place(store_folder, OTHER))
        for name in names
        if name.endswith(".blob")
    ]
    with open(path, "r+b") as file:
        file.write(b"y")
    left = os.path.join(os.path.dirname(path), f".coldframe-{'0' * 32}.tmp")
    with open(left, "wb") as file:
        file.write(name.encode())
    os.utime(left, (0, 0))
    return archive_id


def test_own_account_has_the_folder(accounts: Accounts) -> None:
    """What was archived without a server is what the own account serves; no key is needed for it to be known."""
    own = accounts.all()
    assert own == [accounts.store(OWN_ACCOUNT)]
    own[0].create_vault("v")
    assert f":{OWN_ACCOUNT}:" in own[0].describe_vault("v").vault_arn


@pytest.mark.parametrize("account_id", [OTHER, "", "-", "..", "../000000000000", "00000000000", "000000000000\n"])
def test_account_without_keys_is_unknown(accounts: Accounts, store_folder: str, account_id: str) -> None:
    """It has no store, and asking for it makes none."""
    assert accounts.store(account_id) is None
    assert not os.path.exists(os.path.join(store_folder, ACCOUNTS_NAME))


def test_first_key_brings_a_store(accounts: Accounts, open_again: OpenAccounts, store_folder: str) -> None:
    """Below the folder, of the same layout; other openings find it when it is first asked for."""
    serving = open_again()
    assert serving.store(OTHER) is None
    accounts.create_key(account_id=OTHER)
    assert {"blobs", "ledger.sqlite"} <= set(os.listdir(_place(store_folder, OTHER)))
    store = serving.store(OTHER)
    assert store is not None
    assert store is serving.store(OTHER)
    store.create_vault("v")
    assert f":{OTHER}:" in store.describe_vault("v").vault_arn
    assert store.identity != serving.all()[0].identity
    assert not list(serving.all()[0].list_vaults().items)


def test_revoked_account_keeps_its_store(accounts: Accounts, open_again: OpenAccounts) -> None:
    """Its vaults may be another account's to read; nobody of its own comes in without a key."""
    key = accounts.create_key(account_id=OTHER)
    accounts.keyring.revoke(key.access_key_id)
    assert open_again().store(OTHER) is not None


def test_all_reaches_every_byte(
    accounts: Accounts, open_again: OpenAccounts, store_folder: str, clock: FakeClock
) -> None:
    """Sweeping and scrubbing go through the stores that lie there, opened or not; other folders are none."""
    accounts.create_key(account_id=OTHER)
    accounts.create_key(account_id="222222222222")
    for name in ("333333333333", "lost+found"):
        os.mkdir(_place(store_folder, name))
    store = accounts.store(OTHER)
    assert store is not None
    archive_id = _damage_and_leave_over(store_folder, store)
    clock.advance(1)
    found = [finding for each in open_again().all() for finding in each.scrub()]
    assert len(open_again().all()) == 3
    assert [finding.archive_id for finding in found] == [archive_id]


def test_account_whose_store_is_gone_is_an_error(
    accounts: Accounts, open_again: OpenAccounts, store_folder: str
) -> None:
    """It is not taken for a new one: an unmounted disk must not look like an empty account."""
    accounts.create_key(account_id=OTHER)
    accounts.close()
    place = _place(store_folder, OTHER)
    os.rename(place, f"{place}.away")
    serving = open_again()
    with pytest.raises(FormatError, match=f"store of the account {OTHER} is not there") as caught:
        serving.store(OTHER)
    assert store_folder not in str(caught.value)
    with pytest.raises(FormatError):
        serving.create_key(account_id=OTHER)
    assert not os.path.exists(place)


def test_many_threads_open_a_store_once(accounts: Accounts, open_again: OpenAccounts) -> None:
    """However many ask for an account at once get the same store."""
    accounts.create_key(account_id=OTHER)
    serving = open_again()
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(serving.store, [OTHER] * 16))) == 1


def test_owner_is_settled_by_the_first_key(store_folder: str, clock: FakeClock) -> None:
    """Whoever opens the folder later need not say whose it is, and cannot make it another's."""
    with open_accounts(store_folder, clock=clock, account_id=OTHER) as accounts:
        assert accounts.create_key().account_id == OTHER
        accounts.all()[0].create_vault("v")
    with open_accounts(store_folder, clock=clock) as accounts:
        store = accounts.store(OTHER)
        assert store is not None
        assert f":{OTHER}:" in store.describe_vault("v").vault_arn
        assert accounts.create_key().account_id == OTHER
        assert accounts.store(OWN_ACCOUNT) is None
        accounts.create_key(account_id=OWN_ACCOUNT)
        assert len(accounts.all()) == 2
    with pytest.raises(BadUsage, match=f"belongs to the account {OTHER}"):
        open_accounts(store_folder, clock=clock, account_id=OWN_ACCOUNT)


def test_owner_is_settled_once(store_folder: str, clock: FakeClock) -> None:
    """Of two that opened the folder before its first key, each for another account, one makes it his."""
    with (
        open_accounts(store_folder, clock=clock, account_id=OTHER) as first,
        open_accounts(store_folder, clock=clock) as second,
    ):
        first.create_key()
        with pytest.raises(BadUsage, match=f"belongs to the account {OTHER}"):
            second.create_key()
        assert len(first.keyring.list()) == 1


def test_commands_look_after_all_accounts(
    tmp_path: Path, store_folder: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`verify --deep` and `cleanup` on the folder reach what other accounts keep there."""
    monkeypatch.setenv("COLDFRAME_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLDFRAME_STORE", store_folder)
    with open_accounts(store_folder) as accounts:
        accounts.create_key(account_id=OTHER)
        store = accounts.store(OTHER)
        assert store is not None
        archive_id = _damage_and_leave_over(store_folder, store)
    SystemClock().sleep(0.002)  # a scrub leaves what was made in its own millisecond to the next
    assert run(["verify", "--deep", "-o", "json"]) == Exit.MISMATCH
    output = capsys.readouterr()
    assert archive_id in output.out
    assert "1 blob hashed" in output.err
    assert run(["cleanup", "--yes"]) == Exit.DONE
    assert "1 temporary file" in capsys.readouterr().err
