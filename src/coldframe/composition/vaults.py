"""Vaults as users mean them: all of them, or the one they meant to type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.errors import ResourceNotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.catalog import Catalog
    from coldframe.model import VaultDescription
    from coldframe.ports import ColdStore


def all_vaults(store: ColdStore) -> Iterator[VaultDescription]:
    """Every vault of the store, page by page."""
    marker: str | None = None
    while True:
        page = store.list_vaults(marker=marker)
        yield from page.items
        marker = page.marker
        if marker is None:
            return


def find_vault(store: ColdStore, vault_name: str) -> VaultDescription:
    """The vault of that name.

    Raises:
        ResourceNotFound: There is none; the message names the nearest, and how to make one.
    """
    try:
        return store.describe_vault(vault_name)
    except ResourceNotFound as error:
        names = [vault.vault_name for vault in all_vaults(store)]
        near = _nearest(vault_name, names)
        hint = f" Did you mean {near}?" if near else ""
        raise ResourceNotFound(
            f"There is no vault {vault_name} in {store.url}.{hint} `coldframe vault create {vault_name}` makes it."
        ) from error


def unknown_vault(catalog: Catalog, vault_name: str | None, *, store: str | None = None) -> str | None:
    """Why nothing is found, if it is that the catalog has no archive of a vault of that name; else None."""
    names = catalog.vault_names(store)
    if vault_name is None or vault_name in names or not names:
        return None
    near = _nearest(vault_name, names)
    hint = (
        f"Did you mean {near}?"
        if near
        else f"If the vault holds some, `coldframe inventory rebuild --vault {vault_name}` makes them known."
    )
    return f"The catalog knows no archive of a vault {vault_name}. {hint}"


def _nearest(vault_name: str, names: list[str]) -> str | None:
    from difflib import get_close_matches  # noqa: PLC0415 - start-up time

    near = get_close_matches(vault_name, names, n=1)
    return near[0] if near else None
