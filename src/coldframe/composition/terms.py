"""What a store charges, and how long its jobs take, as far as its URL tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from coldframe.composition.stores import is_remote
from coldframe.model import AMAZON_WAITS
from coldframe.retriever.pricing import free, unknown

if TYPE_CHECKING:
    from coldframe.model import TierWaits
    from coldframe.retriever.pricing import Pricing

_AMAZON_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of a store.

    Args:
        is_charging: Whether what is done there costs money.
        pricing: What a retrieval costs.
        waits: How long its tiers take; None if only the store knows.
    """

    is_charging: bool
    pricing: Pricing
    waits: TierWaits | None


def terms_of(store_url: str, rehearsed: TierWaits) -> Terms:
    """The terms of the store that a URL names.

    Amazon charges, and its usual waits are known. One's own server takes nothing and tells nobody how long its jobs
    take. The embedded store's jobs take as long as its user has decided: `rehearsed`.
    """
    if not is_remote(store_url):
        return Terms(is_charging=False, pricing=free, waits=rehearsed)
    if is_amazon(store_url):
        return Terms(is_charging=True, pricing=unknown, waits=AMAZON_WAITS)
    return Terms(is_charging=False, pricing=free, waits=None)


def is_amazon(store_url: str) -> bool:
    """Whether a remote store's URL leads to Amazon: any `glacier:`, and their own hosts by name."""
    parts = urlsplit(store_url)
    host = (parts.hostname or "").rstrip(".").lower()
    return parts.scheme.lower() == "glacier" or f".{host}".endswith(_AMAZON_HOSTS)
