"""Orders of a catalog that an earlier coldframe made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coldframe.catalog import database, open_catalog
from coldframe.catalog.database import SCHEMA
from coldframe.catalog.order_model import OrderState, Spent, WantedState
from coldframe.catalog.orders import Orders

if TYPE_CHECKING:
    import apsw
    import pytest

    from coldframe.testing.clock import FakeClock


def _fill(connection: apsw.Connection) -> None:
    connection.execute(
        "INSERT INTO orders (token, store, destination, mount_point, tier, max_cost, overwrite, is_told, state,"
        " placed_at) VALUES ('t', 's', '/back', '/', 'Standard', '2.5', 0, 1, 'open', 0)"
    )
    connection.execute(
        "INSERT INTO order_job (order_number, vault_name, archive_id, archive_size, tree_hash, description, state,"
        " job_id, asked, detail) VALUES (1, 'v', 'a', 100, 'h', 'a.fit', 'started', 'j', 1, '')"
    )


def test_order_of_an_earlier_version_is_carried_on(
    catalog_path: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked for stays asked for; one job for each archive is what was agreed to."""
    earlier = SCHEMA.scripts[: SCHEMA.scripts.index("0008_asking.sql")]
    monkeypatch.setattr(database, "SCHEMA", replace(SCHEMA, scripts=earlier))
    with open_catalog(catalog_path, clock=clock) as catalog:
        catalog.database.write(_fill)
    monkeypatch.undo()
    with open_catalog(catalog_path, clock=clock) as catalog:
        orders = Orders(catalog.database)
        (wanted,) = orders.wanted(1, WantedState.STARTED)
        assert (wanted.asked, wanted.agreed, wanted.job_id) == (1, 1, "j")
        assert orders.asking.committed(1) == orders.spent(1) == Spent(1, 100)
        assert orders.order(1).state is OrderState.OPEN
