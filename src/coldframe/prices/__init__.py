"""Prices: figures from a dated file, and pure sums over them. Nothing here asks a store anything."""

from coldframe.prices.calculator import Calculator, RetrievalCharges
from coldframe.prices.figures import GB, Charge, Figure
from coldframe.prices.loading import load_amazon, load_prices
from coldframe.prices.tariffs import PriceBook, Region, StorageClass, Tariff

__all__ = [
    "GB",
    "Calculator",
    "Charge",
    "Figure",
    "PriceBook",
    "Region",
    "RetrievalCharges",
    "StorageClass",
    "Tariff",
    "load_amazon",
    "load_prices",
]
