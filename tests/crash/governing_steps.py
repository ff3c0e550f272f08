"""How a vault and an account are governed while their store is cut off: settings, and the lock.

A subject is `("governing", vault, what)`; account-wide settings have the vault "". What ends by itself is a tuple.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import pytest

from coldframe.errors import AccessDenied, ResourceNotFound
from coldframe.ports.admin import DataRetrievalPolicy, RetrievalStrategy, VaultEvent, VaultNotifications

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coldframe.service import VaultService
    from crash.expectations import Subject, Value
    from crash.store_steps import Work

IN_PROGRESS = ("InProgress",)
LOCKED = "Locked"
_LONG_AGO = 2010


class Setting(Protocol):
    """Something that a vault or the account can be given, and mostly be deprived of."""

    name: str

    def read(self, store: VaultService, vault: str, /) -> str | None:
        """What it is now."""
        ...

    def write(self, store: VaultService, vault: str, value: str, /) -> None:
        """Make it that."""
        ...

    def drop(self, store: VaultService, vault: str, /) -> None:
        """Take it away."""
        ...


class Tags:
    """Tags, as `a=1 b=2`; written all in one request."""

    name = "tags"

    def read(self, store: VaultService, vault: str) -> str | None:
        """All tags."""
        return " ".join(f"{key}={value}" for key, value in sorted(store.list_tags_for_vault(vault).items())) or None

    def write(self, store: VaultService, vault: str, value: str) -> None:
        """Set them."""
        store.add_tags_to_vault(vault, dict(pair.split("=") for pair in value.split()))

    def drop(self, store: VaultService, vault: str) -> None:
        """Remove all."""
        found = list(store.list_tags_for_vault(vault))
        if found:
            store.remove_tags_from_vault(vault, found)


class AccessPolicy:
    """An access policy, by the action that it denies."""

    name = "policy"

    def read(self, store: VaultService, vault: str) -> str | None:
        """The action."""
        with suppress(ResourceNotFound):
            return str(json.loads(store.get_vault_access_policy(vault))["Statement"][0]["Action"])
        return None

    def write(self, store: VaultService, vault: str, value: str) -> None:
        """Deny it."""
        store.set_vault_access_policy(vault, deny(store.describe_vault(vault).vault_arn, value))

    def drop(self, store: VaultService, vault: str) -> None:
        """Deny nothing."""
        store.delete_vault_access_policy(vault)


class Notices:
    """A notification configuration, by the name of its topic."""

    name = "notices"

    def read(self, store: VaultService, vault: str) -> str | None:
        """The topic's name."""
        with suppress(ResourceNotFound):
            return store.get_vault_notifications(vault).sns_topic.rpartition(":")[2]
        return None

    def write(self, store: VaultService, vault: str, value: str) -> None:
        """Tell that topic."""
        region, account_id = store.describe_vault(vault).vault_arn.split(":")[3:5]
        topic = f"arn:aws:sns:{region}:{account_id}:{value}"
        store.set_vault_notifications(vault, VaultNotifications(topic, tuple(VaultEvent)))

    def drop(self, store: VaultService, vault: str) -> None:
        """Tell nobody."""
        store.delete_vault_notifications(vault)


class RetrievalLimit:
    """The account's data retrieval policy, by its bytes per hour; the vault is not asked."""

    name = "limit"

    def read(self, store: VaultService, _vault: str) -> str | None:
        """The bytes per hour."""
        rate = store.get_data_retrieval_policy().bytes_per_hour
        return None if rate is None else str(rate)

    def write(self, store: VaultService, _vault: str, value: str) -> None:
        """Set them."""
        store.set_data_retrieval_policy(DataRetrievalPolicy(RetrievalStrategy.BYTES_PER_HOUR, int(value)))

    def drop(self, store: VaultService, _vault: str) -> None:
        """Limit nothing."""
        store.set_data_retrieval_policy(DataRetrievalPolicy())


class Capacity:
    """Provisioned capacity, by the number of units, which can only be bought one by one."""

    name = "capacity"

    def read(self, store: VaultService, _vault: str) -> str | None:
        """How many there are."""
        return str(len(store.list_provisioned_capacity()) or "") or None

    def write(self, store: VaultService, vault: str, value: str) -> None:
        """Buy one more, unless there are so many."""
        if self.read(store, vault) != value:
            store.purchase_provisioned_capacity()

    def drop(self, _store: VaultService, _vault: str) -> None:
        """Nobody can give one back."""
        pytest.fail("no scenario may try to give capacity back")


class ConfirmedClock:
    """The retention time that somebody confirmed, by its year: so long ago that the clock does not move it."""

    name = "clock"

    def read(self, store: VaultService, _vault: str) -> str | None:
        """The year, if it was ever confirmed."""
        year = store.clock_state().retention_at.year
        return str(year) if year < _LONG_AGO else None

    def write(self, store: VaultService, _vault: str, value: str) -> None:
        """Confirm its beginning."""
        store.confirm_clock(datetime(int(value), 1, 1, tzinfo=UTC))

    def drop(self, _store: VaultService, _vault: str) -> None:
        """Nobody can take back a word."""
        pytest.fail("no scenario may try to take a confirmation back")


SETTINGS: Mapping[str, Setting] = {
    each.name: each for each in (Tags(), AccessPolicy(), Notices(), RetrievalLimit(), Capacity(), ConfirmedClock())
}
_OF_ACCOUNT = frozenset({"limit", "capacity", "clock"})


@dataclass(frozen=True, slots=True)
class Set:
    """Make a setting that; None takes it away."""

    vault: str
    what: str
    value: str | None

    def do(self, work: Work) -> None:
        """Set it."""
        subject = _subject(self.vault, self.what)
        work.bench.intend(subject, self.value)
        if self.value is None:
            SETTINGS[self.what].drop(work.store, self.vault)
        else:
            SETTINGS[self.what].write(work.store, self.vault, self.value)
        work.bench.confirm(subject, self.value)

    finish = do

    def leaves(self) -> dict[Subject, Value]:
        """The new value."""
        return {_subject(self.vault, self.what): self.value}


@dataclass(frozen=True, slots=True)
class DropVault:
    """Delete an empty vault; all that was set on it goes with it, a lock in progress included."""

    vault: str

    def do(self, work: Work) -> None:
        """Delete it."""
        subjects = list(self.leaves())
        for subject in subjects:
            work.bench.intend(subject, None)
        work.store.delete_vault(self.vault)
        for subject in subjects:
            work.bench.confirm(subject, None)

    finish = do

    def leaves(self) -> dict[Subject, Value]:
        """No vault, and nothing that could come back with a new one of its name."""
        gone = [_subject(self.vault, what) for what in (*SETTINGS, "lock") if what not in _OF_ACCOUNT]
        return dict.fromkeys((("vault", self.vault), *gone))


@dataclass(frozen=True, slots=True)
class BeginLock:
    """Put a lock against the deletion of archives in force for a day."""

    vault: str

    def do(self, work: Work) -> None:
        """Begin it."""
        begin_lock(work, self.vault)

    def finish(self, work: Work) -> None:
        """Begin it, unless there is one."""
        if lock_state(work.store, self.vault) is None:
            self.do(work)

    def leaves(self) -> dict[Subject, Value]:
        """A lock in progress."""
        return {_subject(self.vault, "lock"): IN_PROGRESS}


@dataclass(frozen=True, slots=True)
class AbortLock:
    """Drop a lock in progress."""

    vault: str

    def do(self, work: Work) -> None:
        """Drop it."""
        subject = _subject(self.vault, "lock")
        work.bench.intend(subject, None)
        work.store.abort_vault_lock(self.vault)
        work.bench.confirm(subject, None)

    finish = do

    def leaves(self) -> dict[Subject, Value]:
        """No lock."""
        return {_subject(self.vault, "lock"): None}


@dataclass(frozen=True, slots=True)
class Lock:
    """Lock a vault against the deletion of archives, for ever."""

    vault: str

    def do(self, work: Work) -> None:
        """Begin the lock and complete it."""
        lock_id = begin_lock(work, self.vault)
        subject = _subject(self.vault, "lock")
        work.bench.intend(subject, LOCKED)
        work.store.complete_vault_lock(self.vault, lock_id)
        work.bench.confirm(subject, LOCKED)

    def finish(self, work: Work) -> None:
        """Begin anew, unless it is complete: the ID of a lock in progress was lost with its program."""
        if lock_state(work.store, self.vault) != LOCKED:
            AbortLock(self.vault).do(work)
            self.do(work)

    def leaves(self) -> dict[Subject, Value]:
        """A complete lock."""
        return {_subject(self.vault, "lock"): LOCKED}


@dataclass(frozen=True, slots=True)
class Attack:
    """Try all that could undo a complete lock or take an archive that it keeps; nothing of that may work."""

    vault: str

    def do(self, work: Work) -> None:
        """Be refused, each time."""
        store, vault = work.store, self.vault
        acts: list[Callable[[], object]] = [
            lambda: store.abort_vault_lock(vault),
            lambda: store.complete_vault_lock(vault, "A" * 24),
            lambda: store.initiate_vault_lock(vault, deny(store.describe_vault(vault).vault_arn, "glacier:ListJobs")),
        ]
        acts += [lambda each=each: store.delete_archive(vault, each) for each in _archive_ids(work, vault)]  # type: ignore[misc]  # bound at once
        for act in acts:
            try:
                act()
            except AccessDenied:
                continue
            msg = "a locked vault let something be undone"
            raise AssertionError(msg)

    finish = do

    def leaves(self) -> dict[Subject, Value]:
        """All as it was."""
        return {}


def begin_lock(work: Work, vault: str) -> str:
    """Begin a lock, telling of it; its ID."""
    subject = _subject(vault, "lock")
    work.bench.intend(subject, IN_PROGRESS)
    lock_id = work.store.initiate_vault_lock(
        vault, deny(work.store.describe_vault(vault).vault_arn, "glacier:DeleteArchive")
    )
    work.bench.confirm(subject, IN_PROGRESS)
    return lock_id


def deny(vault_arn: str, action: str) -> str:
    """A policy that denies something to everybody."""
    statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": vault_arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def lock_state(store: VaultService, vault: str) -> str | None:
    """How far the vault's lock is."""
    try:
        return store.get_vault_lock(vault).state.value
    except ResourceNotFound:
        return None


def governing(store: VaultService, vaults: list[str]) -> dict[Subject, Value]:
    """What governs the account and its vaults; what is not set is left out."""
    found: dict[Subject, Value] = {}
    for vault in vaults:
        for what, setting in SETTINGS.items():
            found[_subject(vault, what)] = setting.read(store, vault)
        state = lock_state(store, vault)
        found[_subject(vault, "lock")] = state if state in {None, LOCKED} else IN_PROGRESS
    return {subject: value for subject, value in found.items() if value is not None}


def _subject(vault: str, what: str) -> Subject:
    return ("governing", "" if what in _OF_ACCOUNT else vault, what)


def _archive_ids(work: Work, vault: str) -> list[str]:
    from crash.store_steps import inventory  # noqa: PLC0415 - that module imports this one

    return [str(archive["ArchiveId"]) for archive in inventory(work.store, vault)]
