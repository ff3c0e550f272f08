"""What the contract's tests share: a store to override, a vault in it, and ways to read listings whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from coldframe.model import InventoryFormat, InventoryRetrieval
from coldframe.testing.bodies import BytesBody, read_output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coldframe.model import Page, T
    from coldframe.ports import ColdStore

VAULT = "vault"
SMALL = b"a light of 180 seconds"


class StoreWorld:
    """The fixtures of every contract class."""

    @pytest.fixture
    def store(self) -> Iterator[ColdStore]:
        """The store under test: empty, without waits, its inventories always of the present."""
        pytest.fail("a contract is tried on a store: give its class a fixture `store`")

    @pytest.fixture
    def vault(self, store: ColdStore) -> str:
        """The name of a new vault."""
        store.create_vault(VAULT)
        return VAULT


def all_items(ask: Callable[..., Page[T]], **wanted: Any) -> list[T]:
    """Every item of a listing, page by page."""
    found: list[T] = []
    marker: str | None = None
    while True:
        page = ask(**wanted, marker=marker)
        found += page.items
        marker = page.marker
        if marker is None:
            return found


def keep(store: ColdStore, data: bytes = SMALL, *, description: str = "", vault: str = VAULT) -> str:
    """Upload an archive and answer its ID."""
    return store.upload_archive(vault, BytesBody(data), description=description).archive_id


def inventory(store: ColdStore, vault: str = VAULT, **wanted: Any) -> list[dict[str, Any]]:
    """The archives in a vault's inventory."""
    job_id = store.initiate_job(vault, InventoryRetrieval(InventoryFormat.JSON, **wanted))
    listed = json.loads(read_output(store, vault, job_id))["ArchiveList"]
    assert isinstance(listed, list)
    return listed
