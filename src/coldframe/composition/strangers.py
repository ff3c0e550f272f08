"""A vault that holds archives of which this catalog knows none: a lost catalog, or somebody else's vault.

Archiving into it would send, and pay for, everything again. One DescribeVault tells, which costs nothing anywhere; the
catalog is asked first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.catalog import recording
from coldframe.composition.vaults import find_vault
from coldframe.quantities import count, format_size

if TYPE_CHECKING:
    from coldframe.composition.library import Coldframe
    from coldframe.model import VaultDescription

_KNOWS = (
    "SELECT EXISTS (SELECT 1 FROM archive WHERE vault = :vault) OR EXISTS (SELECT 1 FROM attempt WHERE vault = :vault)"
    " OR EXISTS (SELECT 1 FROM deletion WHERE vault = :vault)"
)


def find_strangers(coldframe: Coldframe, vault_name: str) -> VaultDescription | None:
    """The vault, if it holds archives and the catalog has never known one of it, nor begun one.

    The vault's own numbers are those of its last inventory: what was sent to Amazon within the last day may be missing
    in them.

    Raises:
        ResourceNotFound: There is no such vault.
    """
    vault = find_vault(coldframe.store, vault_name)
    if not vault.number_of_archives or _knows(coldframe, vault_name):
        return None
    return vault


def tell_strangers(vault: VaultDescription) -> str:
    """What is wrong, and what to do instead."""
    return (
        f"The vault {vault.vault_name} holds {count(vault.number_of_archives, 'archive')}, {format_size(vault.size)},"
        " and this catalog knows none of them: what is there already would be sent again."
        f" `coldframe inventory rebuild --vault {vault.vault_name}` brings them into the catalog first."
    )


def _knows(coldframe: Coldframe, vault_name: str) -> bool:
    with coldframe.catalog.database.read() as connection:
        vault = recording.find_vault(connection, coldframe.store.identity, vault_name)
        row = connection.execute(_KNOWS, {"vault": vault}).fetchone()
    return row is not None and bool(row[0])
