"""What the service's roles share: its ports, its settings, and the time as the ledger knows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from coldframe.clock import to_milliseconds
from coldframe.errors import InvalidParameterValue, ResourceNotFound, ServiceUnavailable
from coldframe.ports import PartRow, SelfHashing
from coldframe.service.retention import retention_after
from coldframe.service.rules import is_vault_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Lock

    from coldframe.clock import Clock
    from coldframe.model import Buffer, TierWaits
    from coldframe.ports import Blob, Blobs, Body, Changes, Facts, Hashes, Ledger, VaultRow
    from coldframe.service.protection import PolicyRules

T = TypeVar("T")

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Core:
    """The service without its verbs.

    `inventory_ms` is the cadence of inventories: how long a change may wait until one shows it. `free_daily_bytes` is
    what the strategy FreeTier allows, and `is_expedited_scarce` says that Expedited needs provisioned capacity.
    """

    ledger: Ledger
    blobs: Blobs
    clock: Clock
    account_id: str
    region: str
    waits: TierWaits
    inventory_ms: int
    materialising: Lock
    policies: PolicyRules
    free_daily_bytes: int
    is_expedited_scarce: bool

    def read(self, act: Callable[[Facts, int], T]) -> T:
        """Run `act` on one view of the ledger, with the time."""
        return self.ledger.read(lambda facts: act(facts, self._now(facts)))

    def write(self, act: Callable[[Changes, int], T]) -> T:
        """Run `act` in a transaction, with the time; answers when it is durable."""
        return self.ledger.write(lambda changes: act(changes, self._pass_time(changes)))

    def write_alone(self, act: Callable[[Changes, int], T]) -> T:
        """As `write`, with nobody else in the transaction."""
        return self.ledger.write_alone(lambda changes: act(changes, self._now(changes)))

    def now_ms(self) -> int:
        """The time, outside of any transaction."""
        return self.ledger.read(self._now)

    def arn(self, vault_name: str) -> str:
        """The vault's ARN (glacier-api 4)."""
        return f"arn:aws:glacier:{self.region}:{self.account_id}:vaults/{vault_name}"

    def vault(self, facts: Facts, name: str) -> VaultRow:
        """The vault of that name; `ResourceNotFound` without one."""
        found = facts.vault(name)
        if found is None:
            msg = f"Vault not found for ARN: {self.arn(name) if is_vault_name(name) else name}"
            raise ResourceNotFound(msg)
        return found

    def _now(self, facts: Facts) -> int:
        """The clock's time, but never behind what the ledger has seen: a clock set back stops the service's time."""
        return max(to_milliseconds(self.clock.now()), facts.floor_ms())

    def _pass_time(self, changes: Changes) -> int:
        """The time, remembered with whatever the transaction commits, as is how late it is for locks."""
        clock_ms = to_milliseconds(self.clock.now())
        now_ms, retention_ms = max(clock_ms, changes.floor_ms()), changes.retention_ms()
        changes.raise_floor(now_ms)
        moved_ms = retention_after(retention_ms, clock_ms)
        if moved_ms != retention_ms:
            changes.set_retention(moved_ms)
        return now_ms


def exactly(body: Body) -> Iterator[Buffer]:
    """The body's buffers, which must hold as many bytes as it says."""
    size = 0
    for buffer in body:
        size += len(buffer)
        if size > body.size:
            break
        yield buffer
    if size != body.size:
        msg = f"Invalid Content-Length: {body.size}, but the body holds {'more' if size > body.size else size} bytes"
        raise InvalidParameterValue(msg)


def hashes_of(body: Body) -> Callable[[], Hashes] | None:
    """What tells the hashes of a body that hashes itself, for `Blobs.put`."""
    return body.hashes if isinstance(body, SelfHashing) else None


def require_same_hash(sent: str | None) -> Callable[[int, str], None]:
    """A check for `Blobs.put`: the bytes must have the tree hash that was sent with them."""

    def check(_size: int, computed: str) -> None:
        if sent is not None and sent != computed:
            msg = f"Checksum mismatch: expected {sent}, computed {computed}"
            raise InvalidParameterValue(msg)

    return check


def publish_part(core: Core, changes: Changes, *, owner: bytes, start: int, blob: Blob) -> None:
    """Give a blob its place. It must still be there: a sweep in another process may have thought it left over."""
    if not core.blobs.exists(blob.key):
        msg = "The bytes were swept away before they were published. Send them again."
        raise ServiceUnavailable(msg)
    changes.put_part(PartRow(owner, start, blob.size, blob.tree_hash, blob.key))
