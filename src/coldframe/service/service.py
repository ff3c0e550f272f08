"""The vault service: a cold store over a ledger of facts and a place for blobs."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from coldframe.model import TierWaits
from coldframe.service.access import ServicePolicies
from coldframe.service.archives import ServiceArchives
from coldframe.service.core import Core
from coldframe.service.jobs import ServiceJobs
from coldframe.service.limits import ServiceLimits
from coldframe.service.locks import ServiceLocks
from coldframe.service.multipart import ServiceMultipart
from coldframe.service.notices import ServiceNotices
from coldframe.service.outbox import ServiceOutbox
from coldframe.service.policy_rules import ReadPolicies
from coldframe.service.rehearsing import Rehearsal
from coldframe.service.retention import ServiceRetention
from coldframe.service.scrubbing import Scrub, progress_of
from coldframe.service.standing import ServiceStanding
from coldframe.service.sweeping import Sweep
from coldframe.service.tags import ServiceTags
from coldframe.service.vaults import ServiceVaults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.clock import Clock
    from coldframe.ports import Blobs, Ledger
    from coldframe.rates import Limit
    from coldframe.service.outbox import OutboxPorts
    from coldframe.service.protection import PolicyRules
    from coldframe.service.scrubbing import Finding, ScrubProgress
    from coldframe.service.sweeping import SweepReport

_NO_WAITS = TierWaits()
_POLICIES = ReadPolicies()
FREE_DAILY_BYTES = 10 * 10**9 // 30
"""What the strategy FreeTier allows for a day: the original's 10 GB a month, in days."""


class VaultService(
    ServiceVaults,
    ServiceArchives,
    ServiceMultipart,
    ServiceJobs,
    ServiceTags,
    ServiceNotices,
    ServicePolicies,
    ServiceLocks,
    ServiceLimits,
    ServiceStanding,
    ServiceRetention,
):
    """Implements `ports.admin.GovernedStore`.

    Args:
        ledger: The facts; closed with the service.
        blobs: The bytes.
        clock: Tells the time; the ledger sees to it that it never runs backwards.
        account_id: The 12 digits in ARNs.
        region: The region in ARNs.
        waits: How long jobs take.
        inventory_cadence_seconds: How long a change may wait until a vault's inventory shows it; 0 shows the present.
        url: The store URL that opens this store.
        policies: Reads access and lock policies.
        free_daily_bytes: What the data retrieval strategy FreeTier allows to be retrieved in a UTC day.
        is_expedited_scarce: Whether Expedited retrievals are refused without provisioned capacity.
    """

    def __init__(  # noqa: PLR0913 - two ports, and settings that all have defaults
        self,
        ledger: Ledger,
        blobs: Blobs,
        *,
        clock: Clock,
        account_id: str = "000000000000",
        region: str = "local",
        waits: TierWaits = _NO_WAITS,
        inventory_cadence_seconds: float = 0,
        url: str = "",
        policies: PolicyRules = _POLICIES,
        free_daily_bytes: int = FREE_DAILY_BYTES,
        is_expedited_scarce: bool = False,
    ) -> None:
        """Keep the arguments."""
        self._core = Core(
            ledger=ledger,
            blobs=blobs,
            clock=clock,
            account_id=account_id,
            region=region,
            waits=waits,
            inventory_ms=round(inventory_cadence_seconds * 1000),
            materialising=Lock(),
            policies=policies,
            free_daily_bytes=free_daily_bytes,
            is_expedited_scarce=is_expedited_scarce,
        )
        self._url = url

    @property
    def identity(self) -> str:
        """What tells this store from every other."""
        return self._core.ledger.identity

    @property
    def ledger(self) -> Ledger:
        """The store's facts, for what else is kept among them: access keys, and messages to be sent."""
        return self._core.ledger

    @property
    def url(self) -> str:
        """The store URL that opens it."""
        return self._url

    def sweep(self) -> SweepReport:
        """Forget what has ended and remove bytes that nothing refers to; may run beside anything, any number of times.

        Raises:
            ServiceUnavailable: Not everything could be swept; what is left, the next sweep takes.
        """
        return Sweep(self._core).run()

    def rehearse_sweep(self) -> SweepReport:
        """What a sweep would free at this moment; nothing is changed.

        Raises:
            ServiceUnavailable: Not everything could be looked at.
        """
        return Rehearsal(self._core).run()

    def scrub(self, *, rate: Limit | None = None, restart: bool = False) -> Iterator[Finding]:
        """Hash every stored byte again and yield what is wrong, as it is found; nothing is changed.

        It goes on where an earlier scrub was cut off, repeating what that one had found, unless `restart`. Whoever
        stops iterating cuts it off. Blobs that were made after its beginning are left to the next one.

        Args:
            rate: At most so many bytes a second.
            restart: Begin anew.

        Raises:
            ServiceUnavailable: A blob could not be looked at for a reason that says nothing about it.
        """
        return Scrub(self._core, rate=rate, restart=restart).findings()

    def outbox(self, ports: OutboxPorts) -> ServiceOutbox:
        """The notices that wait to be delivered; several, also in other processes, share the work."""
        return ServiceOutbox(self._core, ports)

    def scrub_progress(self) -> ScrubProgress | None:
        """How far the last scrub is, or None."""
        return progress_of(self._core)

    def has_findings(self) -> bool:
        """Whether the last scrub, as far as it is, has found bytes damaged or missing."""
        return bool(self._core.read(lambda facts, _: facts.findings(after=b"", limit=1)))

    def close(self) -> None:
        """Let go of the ledger."""
        self._core.ledger.close()
