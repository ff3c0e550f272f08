"""Access policies: texts that the service keeps and the face asks (glacier-api 8.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.errors import ResourceNotFound
from coldframe.service.protection import require_policy

if TYPE_CHECKING:
    from coldframe.ports import Changes, Facts
    from coldframe.service.core import Core


class ServicePolicies:
    """Implements `ports.admin.VaultPolicies`."""

    _core: Core

    def set_vault_access_policy(self, vault_name: str, policy: str) -> None:
        """Replace the access policy."""
        core = self._core

        def act(changes: Changes, _now_ms: int) -> None:
            vault = core.vault(changes, vault_name)
            require_policy(core, policy, vault_name)
            changes.set_access_policy(vault.row, policy)

        core.write(act)

    def get_vault_access_policy(self, vault_name: str) -> str:
        """The text that was set."""
        core = self._core

        def act(facts: Facts, _now_ms: int) -> str:
            found = facts.access_policy(core.vault(facts, vault_name).row)
            if found is None:
                raise ResourceNotFound(f"No vault access policy is set for: {core.arn(vault_name)}")
            return found

        return core.read(act)

    def delete_vault_access_policy(self, vault_name: str) -> None:
        """Remove the access policy."""
        core = self._core
        core.write(lambda changes, _: changes.set_access_policy(core.vault(changes, vault_name).row, None))
