"""Select, price, request, wait, fetch, check, place."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coldframe.retriever.plan import Plan
    from coldframe.retriever.pricing import Offer, Price, Pricing, Work, free, unknown
    from coldframe.retriever.results import RetrievedFile
    from coldframe.retriever.retriever import Retriever

__all__ = ["Offer", "Plan", "Price", "Pricing", "RetrievedFile", "Retriever", "Work", "free", "unknown"]

_HOMES = {"Plan": "plan", "RetrievedFile": "results", "Retriever": "retriever"}


def __getattr__(name: str) -> Any:
    """What is asked for, loaded then: whoever only names a price need not wait for all the rest."""
    if name not in __all__:
        raise AttributeError(f"module 'coldframe.retriever' has no attribute {name!r}")
    return getattr(import_module(f"coldframe.retriever.{_HOMES.get(name, 'pricing')}"), name)
