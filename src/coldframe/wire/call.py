"""One authenticated, authorised call, on its way from the decoder to the port."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coldframe.wire.decode import required

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.model import Buffer
    from coldframe.ports.admin import GovernedStore
    from coldframe.wire.body import HashedBody


@dataclass(frozen=True, slots=True)
class Call:
    """What an operation was asked.

    Args:
        store: The store of the account that owns what is asked for.
        account_id: That account, 12 digits.
        parameters: What path, query and headers say, by the model's names; empty values are left out.
        content: What the JSON body says.
        body: The bytes of an upload.
        hashes_inventories: Whether the tree hash of an inventory is sent with it.
    """

    store: GovernedStore
    account_id: str
    parameters: Mapping[str, str]
    content: Mapping[str, Any]
    body: HashedBody
    hashes_inventories: bool = True

    @property
    def vault_name(self) -> str:
        """The vault in the path."""
        return self.parameters["vaultName"]

    def need(self, name: str, wire_name: str) -> str:
        """A parameter that must be there, called `wire_name` by the caller."""
        return required(self.parameters, name, wire_name)

    def location(self, *segments: str) -> str:
        """The path of something in the vault, with the real account (glacier-api 1.1)."""
        return "/".join((f"/{self.account_id}/vaults/{self.vault_name}", *segments))


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer that is bytes: members for the head, then buffers, then `close`."""

    members: Mapping[str, Any]
    status: int
    size: int
    buffers: Iterator[Buffer]
    close: Callable[[], None]


Answer = Mapping[str, Any] | Stream
"""The members of an operation's output, by the model's names; JSON, or a stream."""

Verb = Callable[[Call], Answer]
NOTHING: Mapping[str, Any] = {}
