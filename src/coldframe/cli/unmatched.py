"""Patterns of `coldframe archive` that matched nothing, told so that a slip of the pen does not go unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coldframe.catalog import Kind
from coldframe.names import printable
from coldframe.patterns import Patterns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coldframe.archiver.request import FileResult


class Unmatched:
    """What no result of a run has matched yet: of `--zip` what was typed, since the configuration's is for all folders.

    Args:
        include: The patterns of which a file must match one.
    """

    def __init__(self, include: Sequence[str]) -> None:
        """Begin with all of them."""
        typed = click.get_current_context().params["zip"]
        self._zip = {pattern: Patterns([pattern]) for pattern in typed or ()}
        self._include = include

    def add(self, result: FileResult) -> None:
        """Take note of a result."""
        self._include = ()
        if result.kind is Kind.BUNDLE:
            folder = result.path.removesuffix(".zip")
            self._zip = {text: pattern for text, pattern in self._zip.items() if not pattern.match(folder)}

    def tell(self) -> list[str]:
        """A line for each."""
        if self._include:
            return [f"No file there matches --include {' or '.join(map(printable, self._include))}."]
        return [f"No folder with files in it matches --zip {printable(pattern)}." for pattern in self._zip]
