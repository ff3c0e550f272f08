"""The vault service: a cold store over a ledger of facts and a place for blobs."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from coldframe.model import TierWaits
from coldframe.service.archives import ServiceArchives
from coldframe.service.core import Core
from coldframe.service.jobs import ServiceJobs
from coldframe.service.multipart import ServiceMultipart
from coldframe.service.vaults import ServiceVaults

if TYPE_CHECKING:
    from coldframe.clock import Clock
    from coldframe.ports import Blobs, Ledger

_NO_WAITS = TierWaits()


class VaultService(ServiceVaults, ServiceArchives, ServiceMultipart, ServiceJobs):
    """Implements `ports.ColdStore`.

    Args:
        ledger: The facts; closed with the service.
        blobs: The bytes.
        clock: Tells the time; the ledger sees to it that it never runs backwards.
        account_id: The 12 digits in ARNs.
        region: The region in ARNs.
        waits: How long jobs take.
        inventory_cadence_seconds: How long a change may wait until a vault's inventory shows it; 0 shows the present.
        url: The store URL that opens this store.
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
        )
        self._url = url

    @property
    def identity(self) -> str:
        """What tells this store from every other."""
        return self._core.ledger.identity

    @property
    def url(self) -> str:
        """The store URL that opens it."""
        return self._url

    def close(self) -> None:
        """Let go of the ledger."""
        self._core.ledger.close()
