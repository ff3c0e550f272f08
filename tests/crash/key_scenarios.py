"""Access keys and the sealing key cut off in the middle of being made, rotated and revoked."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.composition.accounts import SEAL_NAME, open_accounts
from coldframe.composition.stores import OWN_ACCOUNT
from coldframe.keyring import KeyState
from coldframe.testing.clock import FakeClock
from crash.bench import Observation
from crash.steps import SteppedScenario, SteppedSession

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coldframe.composition.accounts import Accounts
    from coldframe.keyring import KeyInfo
    from coldframe.wire.access import Key
    from crash.bench import Bench
    from crash.expectations import Subject, Value
    from crash.steps import Step

OTHER = "123456789012"
_FOLDER = "store"
_ACTIVE, _BOTH, _REVOKED = "active", "active, rotated", "revoked"


@dataclass(frozen=True, slots=True)
class Work:
    """Accounts opened on a bench."""

    accounts: Accounts
    bench: Bench
    clock: FakeClock

    def keys(self, account_id: str) -> list[KeyInfo]:
        """The keys of an account."""
        return [key for key in self.accounts.keyring.list() if key.account_id == account_id]


@dataclass(frozen=True, slots=True)
class MakeKey:
    """Make the first key of an account."""

    account_id: str

    def do(self, work: Work) -> None:
        """Make it."""
        work.bench.intend(("keys", self.account_id), _ACTIVE)
        key = work.accounts.create_key(account_id=self.account_id)
        work.bench.confirm(("keys", self.account_id), _ACTIVE)
        _promise(work, key)

    def finish(self, work: Work) -> None:
        """Make it unless there is one."""
        if not work.keys(self.account_id):
            self.do(work)

    def leaves(self) -> dict[Subject, Value]:
        """A key."""
        return {("keys", self.account_id): _ACTIVE}


@dataclass(frozen=True, slots=True)
class RotateKey:
    """Give an account's key a successor."""

    account_id: str

    def do(self, work: Work) -> None:
        """Rotate it; the old one goes on to work."""
        work.bench.intend(("keys", self.account_id), _BOTH)
        (old,) = work.keys(self.account_id)
        key = work.accounts.keyring.rotate(old.access_key_id)
        work.bench.confirm(("keys", self.account_id), _BOTH)
        _promise(work, key)

    def finish(self, work: Work) -> None:
        """Rotate it unless it has a successor."""
        if len(work.keys(self.account_id)) == 1:
            self.do(work)

    def leaves(self) -> dict[Subject, Value]:
        """Two keys."""
        return {("keys", self.account_id): _BOTH}


@dataclass(frozen=True, slots=True)
class RevokeKey:
    """Revoke an account's only key."""

    account_id: str

    def do(self, work: Work) -> None:
        """Revoke it."""
        (key,) = work.keys(self.account_id)
        work.bench.intend(("keys", self.account_id), _REVOKED)
        work.bench.intend(("id", key.access_key_id), None)
        work.accounts.keyring.revoke(key.access_key_id)
        work.bench.confirm(("keys", self.account_id), _REVOKED)
        work.bench.confirm(("id", key.access_key_id), None)

    finish = do

    def leaves(self) -> dict[Subject, Value]:
        """A key that is worth nothing."""
        return {("keys", self.account_id): _REVOKED}


@dataclass(frozen=True)
class KeyScenario(SteppedScenario[Work]):
    """Steps done to keys, after others that are safe already; without any even the store is not there yet."""

    def open(self, bench: Bench) -> KeySession:
        """Open the accounts."""
        clock = FakeClock()
        _restore_mode(bench.path(_FOLDER, SEAL_NAME))
        accounts = open_accounts(bench.path(_FOLDER), clock=clock, files=bench.files, vfs=bench.vfs)
        return KeySession(self.steps, Work(accounts, bench, clock), bench.path(_FOLDER))


class KeySession(SteppedSession[Work]):
    """Keys at work."""

    def __init__(self, steps: Sequence[Step[Work]], work: Work, folder: str) -> None:
        super().__init__(steps, work)
        self._folder = folder

    def observe(self) -> Observation:
        """Open every seal, and every account's store."""
        found = Observation()
        accounts = self.work.accounts
        for account_id in {key.account_id for key in accounts.keyring.list()}:
            infos = self.work.keys(account_id)
            found.facts["keys", account_id] = ", ".join(sorted(map(_standing, infos)))
            if accounts.store(account_id) is None:
                found.faults.append(f"the account {account_id} has keys and no store")
            for info in infos:
                key = accounts.keyring.find(info.access_key_id)
                if key is not None:
                    found.facts["id", key.access_key_id] = key.secret_access_key
        accounts.keyring.require_usable()
        return found

    def age(self) -> None:
        """A day passes, and what is left over is swept away."""
        self.work.clock.advance(days=3)
        for store in self.work.accounts.all():
            store.sweep()

    def leftovers(self) -> list[str]:
        """Temporary files that nothing clears away. The seal's is cleared by whoever makes the next key without one."""
        if all(key.state is KeyState.REVOKED for key in self.work.accounts.keyring.list()):
            return []
        return [name for name in os.listdir(self._folder) if name.endswith(".tmp")]

    def close(self) -> None:
        """Close all stores."""
        self.work.accounts.close()


def _promise(work: Work, key: Key) -> None:
    """Say that the caller holds the key's secret."""
    work.bench.confirm(("id", key.access_key_id), key.secret_access_key)


def _standing(key: KeyInfo) -> str:
    return "rotated" if key.state is KeyState.ACTIVE and key.successor_id is not None else key.state.value


def _restore_mode(path: str) -> None:
    """The explorer's disk knows no modes, so that what it puts back is open to all."""
    if os.path.exists(path):
        os.chmod(path, 0o600)


SCENARIOS: tuple[KeyScenario, ...] = (
    KeyScenario("first key", (MakeKey(OWN_ACCOUNT),)),
    KeyScenario(
        "rotated and revoked",
        (RotateKey(OTHER), RevokeKey(OWN_ACCOUNT)),
        before=(MakeKey(OWN_ACCOUNT), MakeKey(OTHER)),
    ),
    KeyScenario(
        "key after the last was revoked",
        (MakeKey("222222222222"),),
        before=(MakeKey(OTHER), RevokeKey(OTHER)),
        is_long=True,
    ),
    KeyScenario("account", (MakeKey(OTHER),), before=(MakeKey(OWN_ACCOUNT),), is_long=True),
)
