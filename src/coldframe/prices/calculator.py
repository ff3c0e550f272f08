"""What things cost: pure sums over one region's figures, exact to the last digit.

GB are 2^30 bytes, a month has 30 days (prices.md). Amazon bills by the hour, so a month of 31 days costs a little more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from coldframe.model import Tier
from coldframe.prices.figures import GB, Charge
from coldframe.prices.tariffs import StorageClass

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from coldframe.prices.tariffs import Region, Tariff

DAYS_IN_MONTH = 30
_THOUSAND = Decimal(1000)
_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalCharges:
    """What a retrieval costs, by what is charged.

    Args:
        requests: For the jobs.
        retrieval: For the bytes that they bring.
        outputs: For the requests that read them.
        transfer_out: For the way to the internet.
    """

    requests: Charge
    retrieval: Charge
    outputs: Charge
    transfer_out: Charge

    @property
    def total(self) -> Charge:
        """All together."""
        return self.requests + self.retrieval + self.outputs + self.transfer_out


@dataclass(frozen=True, slots=True)
class Calculator:
    """Sums for one storage class in one region, which must have prices for it."""

    region: Region
    storage_class: StorageClass = StorageClass.VAULT

    @property
    def tariff(self) -> Tariff:
        """The class's own figures."""
        return self.region.tariffs[self.storage_class]

    # --- keeping ------------------------------------------------------------------------------------------------------

    def storage(self, size: int, archives: int = 0) -> Charge:
        """A month of so many bytes in so many archives, what is added to each archive included."""
        return self._kept(size + archives * self.tariff.overhead_size) + self._kept_standard(archives)

    def overhead(self, archives: int) -> Charge:
        """The part of it that is for what is added to each archive; in the first band."""
        own = self.tariff.storage.first.of(_gb(archives * self.tariff.overhead_size))
        return own + self._kept_standard(archives)

    def billed_size(self, size: int) -> int:
        """The bytes of one archive that are paid for, overhead not included."""
        return max(size, self.tariff.minimum_size)

    def unfinished(self, size: int, *, days: Decimal = Decimal(DAYS_IN_MONTH)) -> Charge:
        """Parts of uploads that nobody completes or aborts, for so many days."""
        return self.region.unfinished.of(_gb(size) * days / DAYS_IN_MONTH)

    def early_deletion(self, size: int, *, age: timedelta, archives: int = 0) -> Charge:
        """The fee for deleting what is younger than the least time: the storage of the days that it lacks.

        What is added to each archive is taken as charged too, which nobody has verified; it can only make it less.
        """
        return self.early_deletions([(size + (archives - 1) * self.tariff.overhead_size, age)])

    def early_deletions(self, archives: Iterable[tuple[int, timedelta]]) -> Charge:
        """The same fee for many archives, each of which has a size and an age; the sum is made of whole numbers."""
        least, overhead, second = (
            timedelta(days=self.tariff.minimum_days),
            self.tariff.overhead_size,
            timedelta(seconds=1),
        )
        lacking = sum(
            (size + overhead) * ((least - max(age, timedelta(0))) // second) for size, age in archives if age < least
        )
        return self.tariff.storage.first.of(_gb(lacking) / (DAYS_IN_MONTH * 86400))

    def free_to_delete_at(self, created_at: datetime) -> datetime:
        """From when on deleting costs nothing."""
        return created_at + timedelta(days=self.tariff.minimum_days)

    def capacity(self, units: int, *, months: int = 1) -> Charge:
        """Units of provisioned capacity."""
        return self.region.capacity_unit.of(units * months)

    # --- sending ------------------------------------------------------------------------------------------------------

    def upload(self, archives: int, *, in_parts: int = 0, parts: int = 0) -> Charge:
        """Uploading so many archives, of which `in_parts` in `parts` parts together."""
        begun_and_sent = self.tariff.part.of((in_parts + parts) / _THOUSAND)
        return self.tariff.put.of(archives / _THOUSAND) + begun_and_sent

    # --- getting back -------------------------------------------------------------------------------------------------

    def retrieve(
        self, tier: Tier, *, size: int, jobs: int, outputs: int = 0, used_transfer: int = 0
    ) -> RetrievalCharges | None:
        """So many jobs that bring so many bytes, read with so many requests, to a place outside Amazon's network.

        After `used_transfer` bytes of the same month; otherwise the month is taken to be idle. None if the class has no
        such tier.
        """
        rates = self.tariff.retrieval.get(tier)
        if rates is None:
            return None
        free = self.tariff.free_retrieval_gb if tier is Tier.STANDARD else Decimal(0)
        return RetrievalCharges(
            requests=rates.per_1000.of(jobs / _THOUSAND),
            retrieval=rates.gb.of(max(Decimal(0), _gb(size) - free)),
            outputs=self.read(outputs),
            transfer_out=self.transfer_out(size, used_gb=_gb(used_transfer)),
        )

    def inventory_job(self) -> Charge:
        """The job for a vault's inventory, which is no more than a request (prices.md, 2)."""
        rates = self.tariff.retrieval.get(Tier.STANDARD)
        return rates.per_1000.of(1 / _THOUSAND) if rates is not None else self.read(1)

    def read(self, requests: int) -> Charge:
        """Requests that read."""
        return self.tariff.get.of(requests / _THOUSAND)

    def restored_copy(self, size: int, *, days: int) -> Charge:
        """The copy in STANDARD that a restore makes for so many days. Vaults make none."""
        standard = self.region.tariffs[StorageClass.STANDARD]
        return standard.storage.first.of(_gb(size) * days / DAYS_IN_MONTH)

    def transfer_out(self, size: int, *, used_gb: Decimal = Decimal(0)) -> Charge:
        """Bytes to the internet, after `used_gb` of the same month."""
        return self.region.transfer_out.of(_gb(size), used_gb=used_gb)

    @property
    def free_transfer_gb(self) -> Decimal:
        """So many GB leave for the internet for nothing in a month; none where all of it is free."""
        first = self.region.transfer_out.bands[0]
        return first.gb if first.gb is not None and not first.figure.most else Decimal(0)

    # --- looking after ------------------------------------------------------------------------------------------------

    def listing(self, objects: int) -> Charge:
        """One look at all names in a bucket, 1,000 in a request."""
        return self.region.tariffs[StorageClass.STANDARD].put.of(-(-objects // 1000) / _THOUSAND)

    def bucket_inventory(self, objects: int) -> Charge:
        """One inventory of a bucket."""
        return self.region.inventory_per_million.of(objects / _MILLION)

    def batch_job(self, objects: int) -> Charge:
        """One job of batch operations, without the calls that it makes."""
        return self.region.batch_job.of(1) + self.region.batch_per_million.of(objects / _MILLION)

    def break_even_size(self) -> Decimal:
        """The bytes from which on an object is cheaper in this class than in STANDARD, as far as storage goes."""
        own = self.tariff.storage.first.price
        standard = self.region.tariffs[StorageClass.STANDARD].storage.first.price
        added = self.tariff.overhead_size * own + self.tariff.overhead_standard_size * standard
        return added / (standard - own)

    def _kept(self, size: int) -> Charge:
        return self.tariff.storage.of(_gb(size))

    def _kept_standard(self, archives: int) -> Charge:
        size = archives * self.tariff.overhead_standard_size
        return self.region.tariffs[StorageClass.STANDARD].storage.first.of(_gb(size)) if size else Charge()


def _gb(size: int) -> Decimal:
    return size / GB
