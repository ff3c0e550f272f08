"""Between an order's rows and its values."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from coldframe.catalog.order_model import (
    Order,
    OrderState,
    Placement,
    PlacementState,
    Wanted,
    WantedState,
    place_key,
)
from coldframe.catalog.rows import cut_values, read_cut
from coldframe.clock import from_milliseconds, to_milliseconds
from coldframe.model import ByteRange, Tier

if TYPE_CHECKING:
    from collections.abc import Sequence

ORDER_COLUMNS = (
    "number, token, store, destination, mount_point, tier, max_cost, overwrite, is_told, state, placed_at, closed_at"
)
WANTED_COLUMNS = (
    "id, order_number, vault_name, archive_id, archive_size, tree_hash, range_start, range_end, description, state,"
    " job_id, asked, agreed, detail"
)
PLACEMENT_COLUMNS = (
    "id, path, size, modified_ns, header_offset, data_offset, compressed_size, method, sha256, crc32, state, placed_as,"
    " detail"
)


def order_values(order: Order) -> tuple[Any, ...]:
    """An order's values up to placed_at, as they are inserted."""
    return (
        order.token,
        order.store,
        order.destination,
        order.mount_point,
        order.tier,
        str(order.max_cost),
        int(order.overwrite),
        int(order.is_told),
        order.state,
        to_milliseconds(order.placed_at),
    )


def wanted_values(wanted: Wanted) -> tuple[Any, ...]:
    """The values after the order's number, as they are inserted."""
    byte_range = wanted.range
    return (
        wanted.vault_name,
        wanted.archive_id,
        wanted.archive_size,
        wanted.tree_hash,
        byte_range.start if byte_range else None,
        byte_range.end if byte_range else None,
        wanted.description,
        wanted.state,
        wanted.job_id,
        wanted.asked,
        wanted.agreed,
        wanted.detail,
    )


def placement_values(placement: Placement) -> tuple[Any, ...]:
    """The values up to place_key, as they are inserted."""
    key = None if placement.placed_as is None else place_key(placement.placed_as)
    own = (placement.path, placement.size, placement.modified_ns)
    return (*own, *cut_values(placement.cut), placement.state, placement.placed_as, placement.detail, key)


def read_order(row: Sequence[Any]) -> Order:
    """An order from ORDER_COLUMNS."""
    return Order(
        number=row[0],
        token=row[1],
        store=row[2],
        destination=row[3],
        mount_point=row[4],
        tier=Tier(row[5]),
        max_cost=Decimal(row[6]),
        overwrite=bool(row[7]),
        is_told=bool(row[8]),
        state=OrderState(row[9]),
        placed_at=from_milliseconds(row[10]),
        closed_at=None if row[11] is None else from_milliseconds(row[11]),
    )


def read_wanted(row: Sequence[Any]) -> Wanted:
    """A wanted archive or range from WANTED_COLUMNS."""
    return Wanted(
        row=row[0],
        order_number=row[1],
        vault_name=row[2],
        archive_id=row[3],
        archive_size=row[4],
        tree_hash=row[5],
        range=None if row[6] is None else ByteRange(row[6], row[7]),
        description=row[8],
        state=WantedState(row[9]),
        job_id=row[10],
        asked=row[11],
        agreed=row[12],
        detail=row[13],
    )


def read_placement(row: Sequence[Any]) -> Placement:
    """A file from PLACEMENT_COLUMNS."""
    return Placement(
        row=row[0],
        path=row[1],
        size=row[2],
        modified_ns=row[3],
        cut=read_cut(row[4:10]),
        state=PlacementState(row[10]),
        placed_as=row[11],
        detail=row[12],
    )
