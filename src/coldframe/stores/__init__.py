"""The cold stores that are somewhere else: Amazon's vaults, and any server that speaks their protocol."""

from __future__ import annotations

from coldframe.stores.glacier import GlacierStore
from coldframe.stores.opening import Place, client_config, open_client, open_glacier, read_url
from coldframe.stores.translation import translated

__all__ = ["GlacierStore", "Place", "client_config", "open_client", "open_glacier", "read_url", "translated"]
