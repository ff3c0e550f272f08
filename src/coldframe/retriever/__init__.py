"""Select, price, request, wait, fetch, check, place."""

from __future__ import annotations

from coldframe.retriever.plan import Plan
from coldframe.retriever.pricing import Offer, Price, Pricing, Work, free, unknown
from coldframe.retriever.results import RetrievedFile
from coldframe.retriever.retriever import Retriever

__all__ = ["Offer", "Plan", "Price", "Pricing", "RetrievedFile", "Retriever", "Work", "free", "unknown"]
