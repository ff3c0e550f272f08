"""What a price file says, as values: regions, storage classes, and the figures of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from decimal import Decimal

    from coldframe.model import Tier
    from coldframe.prices.figures import Bands, Figure

DEFAULT_REGION = "default"
"""The region of a price file that stands for all that it does not name."""


class StorageClass(StrEnum):
    """Where bytes lie: in a vault, or in a bucket under one of the storage classes."""

    VAULT = "vault"
    STANDARD = "STANDARD"
    GLACIER_IR = "GLACIER_IR"
    GLACIER = "GLACIER"
    DEEP_ARCHIVE = "DEEP_ARCHIVE"


@dataclass(frozen=True, slots=True)
class RetrievalRates:
    """What a tier costs, for each GB and for each 1,000 requests."""

    gb: Figure
    per_1000: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What one storage class costs in one region.

    Args:
        storage: For each GB and month.
        put: For 1,000 uploads in one request, and for 1,000 completions of uploads in parts.
        part: For 1,000 requests that begin an upload in parts or send a part.
        get: For 1,000 requests that read.
        retrieval: For each tier that there is.
        minimum_days: What is deleted sooner is paid for as long.
        minimum_size: What is smaller is paid as if it had so many bytes.
        overhead_size: Bytes that are added to each archive, at this class's price.
        overhead_standard_size: Bytes that are added to it at the price of STANDARD.
        free_retrieval_gb: So many GB are retrieved at Standard for nothing in a month.
    """

    storage: Bands
    put: Figure
    part: Figure
    get: Figure
    retrieval: Mapping[Tier, RetrievalRates]
    minimum_days: int = 0
    minimum_size: int = 0
    overhead_size: int = 0
    overhead_standard_size: int = 0
    free_retrieval_gb: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """What one region costs.

    Args:
        name: The region.
        as_of: When its figures were those of the seller's list.
        tariffs: By storage class.
        transfer_out: For each GB that leaves for the internet, by what leaves in a month.
        unfinished: For each GB and month of parts of uploads that are not complete.
        capacity_unit: For each unit of provisioned capacity and month.
        inventory_per_million: For each million objects that an inventory of a bucket lists.
        batch_job: For each job of batch operations, and
        batch_per_million: for each million objects in it.
    """

    name: str
    as_of: date
    tariffs: Mapping[StorageClass, Tariff]
    transfer_out: Bands
    unfinished: Figure
    capacity_unit: Figure
    inventory_per_million: Figure
    batch_job: Figure
    batch_per_million: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBook:
    """A price file. `origin` is its path, or what the user knows it as; `source` is where its figures come from."""

    origin: str
    source: str
    regions: Mapping[str, Region]

    def region(self, name: str | None) -> Region | None:
        """The prices of a region, or those that stand for all that are not named; None if there are none."""
        return self.regions.get(name or DEFAULT_REGION) or self.regions.get(DEFAULT_REGION)
