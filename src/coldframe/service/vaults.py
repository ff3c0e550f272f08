"""Vaults and their inventories (glacier-api 8.1 and 10.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coldframe.clock import from_milliseconds
from coldframe.errors import InvalidParameterValue, LimitExceeded
from coldframe.model import ARCHIVE_OVERHEAD, MAX_VAULTS, Page, VaultDescription
from coldframe.service.notices import settle_all
from coldframe.service.protection import require_permitted
from coldframe.service.rules import bad_marker, is_vault_name, page_limit, require_vault_name

if TYPE_CHECKING:
    from coldframe.ports import Changes, Facts, VaultRow
    from coldframe.service.core import Core

MAX_VAULTS_PAGE = 10


class ServiceVaults:
    """Implements `ports.Vaults`."""

    _core: Core

    def create_vault(self, vault_name: str) -> None:
        """Make a vault; one that is there already stays as it is."""
        require_vault_name(vault_name)

        def act(changes: Changes, now_ms: int) -> None:
            if changes.vault(vault_name) is not None:
                return
            if changes.count_vaults() >= MAX_VAULTS:
                msg = f"The account has {MAX_VAULTS} vaults already; delete one to make another."
                raise LimitExceeded(msg)
            changes.add_vault(vault_name, now_ms)

        self._core.write(act)

    def describe_vault(self, vault_name: str) -> VaultDescription:
        """The vault, with the numbers of its last inventory."""

        def act(facts: Facts, now_ms: int) -> VaultDescription:
            return self._describe_vault(self._core.vault(facts, vault_name), now_ms)

        return self._core.read(act)

    def list_vaults(self, *, limit: int | None = None, marker: str | None = None) -> Page[VaultDescription]:
        """Vaults in ASCII order; the marker is the ARN of the next one, as in the original's examples."""
        count = page_limit(limit, MAX_VAULTS_PAGE)
        first = self._decode_marker(marker) if marker else ""

        def act(facts: Facts, now_ms: int) -> Page[VaultDescription]:
            found = facts.vaults(first=first, limit=count + 1)
            following = self._core.arn(found[count].name) if len(found) > count else None
            return Page([self._describe_vault(vault, now_ms) for vault in found[:count]], following)

        return self._core.read(act)

    def delete_vault(self, vault_name: str) -> None:
        """Delete a vault whose last inventory knows all changes and no archive; drops its open uploads.

        A lock that does not forbid it does not keep an empty vault (glacier-api 12.3).
        """

        def act(changes: Changes, now_ms: int) -> None:
            vault = changes.vault(vault_name)
            if vault is None:
                return
            require_permitted(self._core, changes, vault, "DeleteVault", now_ms=now_ms)
            vault = with_inventory(vault, now_ms, self._core.inventory_ms)
            if vault.inventory_archives or vault.stale_since_ms is not None:
                msg = f"Vault not empty or recently written to: {self._core.arn(vault_name)}"
                raise InvalidParameterValue(msg)
            settle_all(changes, now_ms)
            changes.delete_vault(vault.row, now_ms)
            changes.drop_governing(vault.row)

        self._core.write(act)

    def _decode_marker(self, marker: str) -> str:
        name = marker.removeprefix(self._core.arn(""))
        if name == marker or not is_vault_name(name):
            raise bad_marker(marker)
        return name

    def _describe_vault(self, vault: VaultRow, now_ms: int) -> VaultDescription:
        vault = with_inventory(vault, now_ms, self._core.inventory_ms)
        return VaultDescription(
            vault_name=vault.name,
            vault_arn=self._core.arn(vault.name),
            created_at=from_milliseconds(vault.created_ms),
            last_inventory_at=None if vault.inventory_ms is None else from_milliseconds(vault.inventory_ms),
            number_of_archives=vault.inventory_archives,
            size=vault.inventory_size + vault.inventory_archives * ARCHIVE_OVERHEAD,
        )


def with_inventory(vault: VaultRow, now_ms: int, cadence_ms: int) -> VaultRow:
    """The vault with the inventory that is valid now.

    One is due when a change has waited for the cadence. It shows the vault as it was at that moment, which is as it is
    now: a change that comes later takes the inventory before it (see `with_change`). So nothing needs to run in the
    background, and with a cadence of 0 the inventory always shows the present.
    """
    due_ms = None if vault.stale_since_ms is None else vault.stale_since_ms + cadence_ms
    return vault if due_ms is None or now_ms < due_ms else renewed(vault, due_ms)


def renewed(vault: VaultRow, inventory_ms: int) -> VaultRow:
    """The vault with an inventory of its present content."""
    return replace(
        vault,
        stale_since_ms=None,
        inventory_ms=inventory_ms,
        inventory_change=vault.change,
        inventory_archives=vault.archives,
        inventory_size=vault.size,
    )


def with_change(vault: VaultRow, now_ms: int, cadence_ms: int, *, archives: int, size: int) -> VaultRow:
    """The vault after an archive was made or deleted; a due inventory is taken before that."""
    vault = with_inventory(vault, now_ms, cadence_ms)
    return replace(
        vault,
        change=vault.change + 1,
        archives=vault.archives + archives,
        size=vault.size + size,
        stale_since_ms=now_ms if vault.stale_since_ms is None else vault.stale_since_ms,
    )
