"""Keys on a real ledger: made, found, listed, revoked, rotated, and over when they should be."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from coldframe.clock import EPOCH
from coldframe.errors import BadUsage, ResourceNotFound
from coldframe.keyring import GRACE, KeyState
from coldframe.testing.clock import START
from coldframe.wire.access import KeyScope

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.composition.accounts import Accounts
    from coldframe.keyring import Keys
    from coldframe.testing.clock import FakeClock

    OpenAccounts = Callable[..., Accounts]

ACCOUNT = "123456789012"
DAY = timedelta(days=1)


def test_key_looks_like_the_originals(keys: Keys) -> None:
    """IDs of 20 characters and secrets of 40, from the alphabets that clients and scanners know; no two alike."""
    made = [keys.create(account_id=ACCOUNT) for _ in range(20)]
    assert all(re.fullmatch(r"AKIA[A-Z2-7]{16}", key.access_key_id) for key in made)
    assert all(re.fullmatch(r"[A-Za-z0-9+/]{40}", key.secret_access_key) for key in made)
    assert len({key.access_key_id for key in made} | {key.secret_access_key for key in made}) == 40


@pytest.mark.parametrize("scope", KeyScope)
def test_key_is_found_as_it_was_made(keys: Keys, open_again: OpenAccounts, scope: KeyScope) -> None:
    """By this process and by every other; another ID is nobody's."""
    key = keys.create(account_id=ACCOUNT, scope=scope, expires_at=START + DAY)
    assert keys.find(key.access_key_id) == key
    assert open_again().keyring.find(key.access_key_id) == key
    assert keys.find("AKIAAAAAAAAAAAAAAAAA") is None


def test_list_tells_all_but_secrets(keys: Keys, clock: FakeClock) -> None:
    """Keys by account and age, with what became of them; revoked ones stay."""
    assert list(keys.list()) == []
    other = keys.create(account_id="999999999999", scope=KeyScope.READ_ONLY)
    clock.advance(1)
    first = keys.create(account_id=ACCOUNT, expires_at=clock.now() + DAY)
    clock.advance(1)
    second = keys.create(account_id=ACCOUNT, scope=KeyScope.NO_DELETE)
    keys.revoke(other.access_key_id)
    clock.advance(days=1)
    infos = keys.list()
    assert [info.access_key_id for info in infos] == [key.access_key_id for key in (first, second, other)]
    assert [info.state for info in infos] == [KeyState.EXPIRED, KeyState.ACTIVE, KeyState.REVOKED]
    assert [info.scope for info in infos] == ["full", "no-delete", "read-only"]
    assert infos[0].expires_at == START + DAY + timedelta(seconds=1)
    assert (infos[2].created_at, infos[2].revoked_at) == (START, START + timedelta(seconds=2))


def test_revoked_key_is_worth_nothing_at_once(keys: Keys, open_again: OpenAccounts) -> None:
    """What one process revokes, another, which has used the key before, refuses at its next request; for ever."""
    key = keys.create(account_id=ACCOUNT)
    other = open_again().keyring
    assert other.find(key.access_key_id) == key
    info = keys.revoke(key.access_key_id)
    assert other.find(key.access_key_id) is None
    assert keys.revoke(key.access_key_id) == info
    assert open_again().keyring.find(key.access_key_id) is None


def test_revoked_keys_secret_is_wiped(accounts: Accounts, keys: Keys) -> None:
    """The row keeps no secret, sealed or not, and the ledger lets no row have one without the other."""
    key = keys.create(account_id=ACCOUNT)
    keys.revoke(key.access_key_id)
    row = accounts.all()[0].ledger.read(lambda facts: facts.access_key(key.access_key_id))
    assert row is not None
    assert row.sealed is None


def test_rotated_key_goes_on_until_its_grace_is_over(keys: Keys, clock: FakeClock) -> None:
    """The successor has another ID and secret, the same account and scope; both work until the old one ends."""
    old = keys.create(account_id=ACCOUNT, scope=KeyScope.NO_DELETE)
    clock.advance(days=100)
    new = keys.rotate(old.access_key_id)
    assert (new.account_id, new.scope, new.expires_at) == (old.account_id, old.scope, None)
    assert not {new.access_key_id, new.secret_access_key} & {old.access_key_id, old.secret_access_key}
    found = keys.find(old.access_key_id)
    assert found is not None
    assert (found.secret_access_key, found.expires_at) == (old.secret_access_key, clock.now() + GRACE)
    info = keys.describe(old.access_key_id)
    assert (info.successor_id, info.rotated_at, info.state) == (new.access_key_id, clock.now(), KeyState.ACTIVE)
    clock.advance(seconds=GRACE.total_seconds())
    assert keys.describe(old.access_key_id).state is KeyState.EXPIRED
    assert keys.find(new.access_key_id) == new


def test_successor_lives_as_long(keys: Keys, clock: FakeClock) -> None:
    """A key of 90 days is followed by one of 90 days; the old one does not outlive its own end."""
    old = keys.create(account_id=ACCOUNT, expires_at=START + 90 * DAY)
    clock.advance(days=88)
    new = keys.rotate(old.access_key_id)
    assert new.expires_at == START + (88 + 90) * DAY
    assert keys.describe(old.access_key_id).expires_at == START + 90 * DAY


def test_rotation_without_grace_ends_the_old_key(keys: Keys) -> None:
    """A grace of nothing is the end at once, as after a leak."""
    old = keys.create(account_id=ACCOUNT)
    keys.rotate(old.access_key_id, grace=timedelta())
    assert keys.describe(old.access_key_id).state is KeyState.EXPIRED
    found = keys.find(old.access_key_id)
    assert found is not None
    assert found.expires_at == EPOCH


def test_only_a_key_in_use_is_rotated(keys: Keys, clock: FakeClock) -> None:
    """Not one that is revoked, expired or has a successor: the message says what to do instead."""
    revoked, expired, rotated = (keys.create(account_id=ACCOUNT, expires_at=START + DAY) for _ in range(3))
    keys.revoke(revoked.access_key_id)
    successor = keys.rotate(rotated.access_key_id)
    with pytest.raises(BadUsage, match=f"its successor is {successor.access_key_id}"):
        keys.rotate(rotated.access_key_id)
    with pytest.raises(BadUsage, match="is revoked; make a new one"):
        keys.rotate(revoked.access_key_id)
    clock.advance(days=1)
    with pytest.raises(BadUsage, match="is expired"):
        keys.rotate(expired.access_key_id)
    for act in (keys.rotate, keys.revoke, keys.describe):
        with pytest.raises(ResourceNotFound, match="key list"):
            act("AKIAAAAAAAAAAAAAAAAA")


def test_end_that_no_calendar_has_is_the_last_that_one_has(keys: Keys, clock: FakeClock) -> None:
    """However long a life or a grace is, the key can be listed and found afterwards."""
    old = keys.create(account_id=ACCOUNT, expires_at=START + timedelta(days=2_000_000))
    clock.advance(days=1_000_000)
    new = keys.rotate(old.access_key_id, grace=timedelta.max)
    for key in (old, new, keys.rotate(new.access_key_id, grace=timedelta(days=2_000_000))):
        assert keys.find(key.access_key_id) is not None
    assert len(keys.list()) == 3


def test_key_stays_over_when_the_clock_is_set_back(accounts: Accounts, clock: FakeClock) -> None:
    """What the ledger has seen end has ended (reliability A20)."""
    keys = accounts.keyring
    key = keys.create(account_id=ACCOUNT, expires_at=START + DAY)
    clock.advance(days=2)
    accounts.all()[0].create_vault("v")
    clock.set(START)
    found = keys.find(key.access_key_id)
    assert found is not None
    assert found.expires_at is not None
    assert found.expires_at < START
    assert keys.describe(key.access_key_id).state is KeyState.EXPIRED


@pytest.mark.parametrize(
    "account_id", ["", "12345678901", "1234567890123", "12345678901x", "../../../../x", "١٢٣٤٥٦٧٨٩٠١٢"]
)
def test_account_is_twelve_digits(accounts: Accounts, account_id: str) -> None:
    """Anything else is refused, and nothing is made of it."""
    with pytest.raises(BadUsage, match="12 digits"):
        accounts.keyring.create(account_id=account_id)
    with pytest.raises(BadUsage, match="12 digits"):
        accounts.create_key(account_id=account_id)
    assert list(accounts.keyring.list()) == []


def test_key_that_would_be_over_is_not_made(keys: Keys) -> None:
    """An end that has passed is a mistake."""
    with pytest.raises(BadUsage, match="expire before"):
        keys.create(account_id=ACCOUNT, expires_at=START)


def test_first_keys_of_many_threads_share_one_seal(keys: Keys, open_again: OpenAccounts) -> None:
    """However many make the first key at once, every key opens afterwards."""
    rings = [open_again().keyring for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: rings[n % 4].create(account_id=ACCOUNT), range(16)))
    assert [keys.find(key.access_key_id) for key in made] == made


_MAKE = """
import sys
from coldframe.composition.accounts import open_accounts
with open_accounts(sys.argv[1]) as accounts:
    print(accounts.create_key().access_key_id)
"""


def test_first_keys_of_two_processes_share_one_seal(store_folder: str, open_again: OpenAccounts) -> None:
    """Two programs that make the first key of a new store at once agree on the sealing key."""
    processes = [
        subprocess.Popen([sys.executable, "-c", _MAKE, store_folder], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ids = [process.communicate(timeout=60)[0].strip() for process in processes]
    keys = open_again().keyring
    keys.require_usable()
    assert all(keys.find(access_key_id) for access_key_id in ids)
