"""A Sphinx extension: the pages of the library's modules, made when the site is built.

Which modules are the library is said here; the pages go to `docs/library/`, which git ignores, and hold what the
modules say of themselves.
"""

from __future__ import annotations

import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import coldframe
import coldframe.composition
from command_pages import keep_pages

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sphinx.application import Sphinx

FOLDER = "library"
_AT_THE_TOP = frozenset({"library", "stores", "clients"})
"""Modules of the composition whose names `coldframe` itself offers."""


class Page(NamedTuple):
    """A page: its title, what it is about, and the modules that it shows, in the package `coldframe`."""

    title: str
    about: str
    modules: tuple[str, ...]


PAGES = {
    "b-ports": Page(
        "Stores", "What every store can do, and what its caller may rely on.", ("ports.store", "ports.admin")
    ),
    "d-values": Page(
        "Values",
        "What travels between the parts.",
        ("model", "tree_hash", "progress", "quantities", "clock"),
    ),
    "e-errors": Page("Errors", "What can go wrong. The exit code of a command goes by these classes.", ("errors",)),
    "f-catalog": Page(
        "Catalog", "What went where.", ("catalog.model", "catalog.catalog", "catalog.order_model", "catalog.orders")
    ),
    "g-archiver": Page("Archiving", "The way in.", ("archiver.request",)),
    "h-retriever": Page(
        "Retrieving",
        "The way out.",
        ("retriever.plan", "retriever.pricing", "retriever.results", "retriever.retriever"),
    ),
    "i-inventory": Page(
        "Inventories",
        "The CSV that a user keeps, the descriptions of archives, and catalogs made from either.",
        (
            "inventory.csv_file",
            "inventory.csv_rows",
            "inventory.importing",
            "inventory.export",
            "inventory.description",
            "inventory.rebuild",
            "inventory.zip_members",
        ),
    ),
    "j-prices": Page(
        "Prices",
        "What things cost, without asking anybody.",
        ("prices.tariffs", "prices.loading", "prices.calculator", "prices.figures"),
    ),
    "k-settings": Page("Settings", "The configuration, as a value.", ("settings",)),
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Have Sphinx make the pages before it looks for its sources."""
    app.connect("builder-inited", lambda app: keep_pages(Path(app.srcdir) / FOLDER, pages()))
    app.connect("autodoc-process-docstring", _keep_colons, priority=400)  # before napoleon
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def pages() -> Mapping[str, str]:
    """All pages as Markdown, by name; their order is that of the names."""
    jobs = Page("Whole jobs", "What each command does, without printing. A module for each.", tuple(_jobs()))
    return {"a-coldframe": _top(), **{name: _page(page) for name, page in {**PAGES, "c-jobs": jobs}.items()}}


def _jobs() -> Iterable[str]:
    modules = (each.name for each in pkgutil.iter_modules(coldframe.composition.__path__))
    return (f"composition.{name}" for name in sorted(modules) if name not in _AT_THE_TOP)


def _top() -> str:
    """The page of what `import coldframe` offers."""
    functions = [name for name in coldframe.__all__ if name[0].islower()]
    lines = [f".. autofunction:: coldframe.{name}\n" for name in functions]
    lines += [".. autoclass:: coldframe.Coldframe\n   :members:\n"]
    return "\n".join(["# coldframe", "", "What most programs need.", "", "```{eval-rst}", *lines, "```", ""])


def _page(page: Page) -> str:
    lines = [f"# {page.title}", "", page.about, ""]
    for module in page.modules:
        lines += [f"## coldframe.{module}", "", "```{eval-rst}", f".. automodule:: coldframe.{module}", "```", ""]
    return "\n".join(lines)


def _keep_colons(_app: Sphinx, what: str, _name: str, _obj: object, _options: object, lines: Sequence[str]) -> None:
    """Keep napoleon from taking what stands before a colon for the type of an attribute."""
    if what in {"attribute", "data", "property"} and isinstance(lines, list) and lines:
        lines.insert(0, "")
