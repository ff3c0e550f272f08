"""What one raw call of the protocol costs, as far as its parameters, the catalog and the prices tell."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coldframe.composition.archives import find_archives
from coldframe.composition.fees import early_fee
from coldframe.composition.pricing import price_of
from coldframe.composition.transfer import used_transfer
from coldframe.errors import ColdframeError
from coldframe.model import Tier
from coldframe.prices.figures import GB
from coldframe.retriever.pricing import UNKNOWN, Price
from coldframe.retriever.ranges import SEGMENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coldframe.composition.library import Coldframe
    from coldframe.composition.pricing import StorePrices
    from coldframe.prices import Calculator, Charge

SPENDING = frozenset(
    {
        "CompleteMultipartUpload",
        "GetJobOutput",
        "InitiateJob",
        "InitiateMultipartUpload",
        "PurchaseProvisionedCapacity",
        "UploadArchive",
        "UploadMultipartPart",
    }
)
"""What Amazon charges more for than for a question."""
_DELETE = "DeleteArchive"


@dataclass(frozen=True, slots=True)
class CallPrice:
    """What a call costs once, what it adds to each month, and the bytes that it transfers to the internet."""

    once: Price
    per_month: Price
    transfer_size: int = 0


def call_price(coldframe: Coldframe, operation: str, parameters: Mapping[str, Any]) -> CallPrice:
    """The price of a call; unknown where something of it is, and nothing where nobody charges.

    A question may be asked of the store: what GetJobOutput costs depends on the job.
    """
    if not coldframe.terms.is_charging or operation not in {*SPENDING, _DELETE}:
        return CallPrice(Price(), Price())
    prices = coldframe.terms.prices
    if prices is None:
        return CallPrice(UNKNOWN, Price())
    if operation == _DELETE:
        return CallPrice(_deleting(coldframe, prices, parameters), Price())
    charges = _Charges(coldframe, prices.calculator, parameters)
    output_size = charges.output_size() if operation == "GetJobOutput" else None
    once = charges.output(output_size) if operation == "GetJobOutput" else charges.once(operation)
    size = charges.kept(operation)
    per_month = prices.calculator.storage(size, 1) if size else None
    kept = Price() if per_month is None else price_of(per_month)
    return CallPrice(UNKNOWN if once is None else price_of(once), kept, output_size or 0)


def _deleting(coldframe: Coldframe, prices: StorePrices, parameters: Mapping[str, Any]) -> Price:
    """The fee, if the catalog knows the archive."""
    try:
        archives = find_archives(coldframe, parameters["vaultName"], [parameters["archiveId"]])
    except ColdframeError:
        return UNKNOWN
    return early_fee(prices, archives, now=coldframe.clock.now()).agreed


@dataclass(frozen=True, slots=True)
class _Charges:
    """The charges of one call."""

    coldframe: Coldframe
    calculator: Calculator
    parameters: Mapping[str, Any]

    def once(self, operation: str) -> Charge | None:
        """What it costs itself; None if nobody knows."""
        if operation == "InitiateJob":
            return self._job()
        if operation == "PurchaseProvisionedCapacity":
            return self.calculator.capacity(1)
        if operation in {"UploadArchive", "CompleteMultipartUpload"}:
            return self.calculator.upload(1)
        return self.calculator.upload(0, in_parts=1)

    def kept(self, operation: str) -> int:
        """The bytes of the archive that it makes."""
        if operation == "CompleteMultipartUpload":
            text = str(self.parameters.get("archiveSize", ""))
            return int(text) if text.isdecimal() else 0
        body = self.parameters.get("body")
        if operation != "UploadArchive" or body is None:
            return 0
        size = int(body.seek(0, os.SEEK_END))
        body.seek(0)
        return size

    def _job(self) -> Charge | None:
        asked = {str(name).lower(): value for name, value in self.parameters.get("jobParameters", {}).items()}
        if str(asked.get("type", "")).lower() == "inventory-retrieval":
            return self.calculator.inventory_job()
        tiers = {tier.value.lower(): tier for tier in Tier}
        tier = tiers.get(str(asked.get("tier") or Tier.STANDARD).lower())
        size = _range_size(asked.get("retrievalbyterange")) or self._archive_size(str(asked.get("archiveid", "")))
        charges = self.calculator.retrieve(tier, size=size, jobs=1) if tier is not None and size is not None else None
        return None if charges is None else charges.requests + charges.retrieval

    def _archive_size(self, archive_id: str) -> int | None:
        try:
            (archive,) = find_archives(self.coldframe, self.parameters["vaultName"], [archive_id])
        except ColdframeError:
            return None
        return archive.size

    def output_size(self) -> int | None:
        """The bytes of a job's output; None if nobody knows."""
        size = _range_size(str(self.parameters.get("range") or "").removeprefix("bytes="))
        if size is not None:
            return size
        try:
            job = self.coldframe.store.describe_job(self.parameters["vaultName"], self.parameters["jobId"])
        except ColdframeError:
            return None  # the call itself is told why
        return job.range.size if job.range else job.archive_size or job.inventory_size or 0

    def output(self, size: int | None) -> Charge | None:
        """What reading an output of so many bytes costs; None if nobody knows how many."""
        if size is None:
            return None
        return output_charge(self.coldframe, self.calculator, size=size, requests=1 + size // SEGMENT)


def output_charge(coldframe: Coldframe, calculator: Calculator, *, size: int, requests: int) -> Charge:
    """The requests that read outputs, and their way to the internet after what the month has transferred."""
    return calculator.transfer_out(size, used_gb=used_transfer(coldframe) / GB) + calculator.read(requests)


def _range_size(text: object) -> int | None:
    """The bytes of `FIRST-LAST`, None if it is no such range."""
    first, _, last = str(text or "").partition("-")
    return int(last) - int(first) + 1 if first.isdecimal() and last.isdecimal() else None
