"""A price file with which any store costs something."""

from __future__ import annotations

from importlib import resources


def write_own_prices(path: str) -> None:
    """Write a file with which any store costs a hundred times what a vault of Amazon's costs."""
    text = resources.files("coldframe.prices").joinpath("amazon.toml").read_text("utf-8")
    text = text.replace("[regions.us-east-1", "[regions.default").replace("0.0036", "0.36").replace("0.023", "2.3")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
