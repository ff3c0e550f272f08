"""Tags (glacier-api 8.1, operations 5 to 7; rules of section 4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from coldframe.errors import InvalidParameterValue, LimitExceeded, MissingParameterValue
from coldframe.ports.admin import MAX_TAGS, MAX_TAGS_PER_CALL
from coldframe.service.protection import require_permitted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Sized

    from coldframe.ports import Changes
    from coldframe.service.core import Core

_KEY = re.compile(r"[\w ./=+@-]{1,128}")  # \w: letters and digits of any script, and _
_VALUE = re.compile(r"[\w ./=+@-]{0,255}")


class ServiceTags:
    """Implements `ports.admin.VaultTags`. A lock may forbid changes: its conditions may ask for tags."""

    _core: Core

    def add_tags_to_vault(self, vault_name: str, tags: Mapping[str, str]) -> None:
        """Set 1 to 10 tags, all or none."""
        core = self._core

        def act(changes: Changes, now_ms: int) -> None:
            vault = core.vault(changes, vault_name)
            sent: dict[str, str | None] = {**tags}
            require_permitted(core, changes, vault, "AddTagsToVault", now_ms=now_ms, sent_tags=sent)
            _require_some(tags, "Tags")
            for key, value in tags.items():
                _require(_KEY, key, "tag key")
                _require(_VALUE, value, "tag value")
            if len(changes.tags(vault.row) | dict(tags)) > MAX_TAGS:
                raise LimitExceeded(f"A vault can have {MAX_TAGS} tags; remove some to add others.")
            for key, value in tags.items():
                changes.put_tag(vault.row, key, value)

        core.write(act)

    def remove_tags_from_vault(self, vault_name: str, tag_keys: Sequence[str]) -> None:
        """Remove 1 to 10 tags."""
        core = self._core

        def act(changes: Changes, now_ms: int) -> None:
            vault = core.vault(changes, vault_name)
            sent = dict.fromkeys(tag_keys)
            require_permitted(core, changes, vault, "RemoveTagsFromVault", now_ms=now_ms, sent_tags=sent)
            _require_some(tag_keys, "TagKeys")
            for key in tag_keys:
                _require(_KEY, key, "tag key")
                changes.drop_tag(vault.row, key)

        core.write(act)

    def list_tags_for_vault(self, vault_name: str) -> Mapping[str, str]:
        """All tags of the vault, by key."""
        core = self._core
        return core.read(lambda facts, _: facts.tags(core.vault(facts, vault_name).row))


def _require_some(given: Sized, what: str) -> None:
    if not given:
        raise MissingParameterValue(f"Required parameter missing: {what}")
    if len(given) > MAX_TAGS_PER_CALL:
        raise InvalidParameterValue(f"Invalid {what}: {len(given)} in one request, of at most {MAX_TAGS_PER_CALL}.")


def _require(pattern: re.Pattern[str], text: str, what: str) -> None:
    if pattern.fullmatch(text) is None:
        raise InvalidParameterValue(f"Invalid {what}: {text!r}")
