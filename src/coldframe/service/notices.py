"""Who hears that a vault's jobs have ended (glacier-api 8.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coldframe.errors import MissingParameterValue, ResourceNotFound
from coldframe.service.rules import sns_topic

if TYPE_CHECKING:
    from coldframe.ports import Changes, Facts
    from coldframe.ports.admin import VaultNotifications
    from coldframe.service.core import Core


class ServiceNotices:
    """Implements `ports.admin.VaultNotices`."""

    _core: Core

    def set_vault_notifications(self, vault_name: str, notifications: VaultNotifications) -> None:
        """Replace the configuration; an event that is named twice counts once."""
        core = self._core

        def act(changes: Changes, _now_ms: int) -> None:
            vault = core.vault(changes, vault_name)
            if not notifications.events:
                raise MissingParameterValue("Required parameter missing: Events")
            if sns_topic(notifications.sns_topic, core.region) is None:
                raise MissingParameterValue("Required parameter missing: SNSTopic")
            once = replace(notifications, events=tuple(dict.fromkeys(notifications.events)))
            changes.set_notifications(vault.row, once)

        core.write(act)

    def get_vault_notifications(self, vault_name: str) -> VaultNotifications:
        """The configuration."""
        core = self._core

        def act(facts: Facts, _now_ms: int) -> VaultNotifications:
            found = facts.notifications(core.vault(facts, vault_name).row)
            if found is None:
                raise ResourceNotFound(f"No notification configuration is set for vault: {vault_name}")
            return found

        return core.read(act)

    def delete_vault_notifications(self, vault_name: str) -> None:
        """Tell nobody."""
        core = self._core
        core.write(lambda changes, _: changes.set_notifications(core.vault(changes, vault_name).row, None))
