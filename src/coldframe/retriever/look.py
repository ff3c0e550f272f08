"""A look at the destination before anything is ordered: what is there already, and what can never be placed there."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from coldframe.catalog.order_model import PlacementState
from coldframe.errors import ColdframeError
from coldframe.retriever.content import content_of
from coldframe.retriever.folders import placing
from coldframe.retriever.pace import Stopped
from coldframe.retriever.safe_names import split_path
from coldframe.retriever.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.catalog.order_model import Placement
    from coldframe.retriever.draft import Draft
    from coldframe.retriever.folders import Destination


class Look:
    """Settles the files of a draft for which nothing needs to be retrieved.

    Args:
        destination: Where to look.
        draft: What was picked.
        check: Called between chunks; raises to end the work.
    """

    def __init__(self, destination: Destination, draft: Draft, *, check: Callable[[], None]) -> None:
        """Store the arguments."""
        self._destination = destination
        self._draft = draft
        self._check = check
        self._is_halted = False
        self._site: Site | None = None

    def run(self, *, overwrite: bool, threads: int) -> None:
        """Verify what is there, byte by byte, some files side by side."""
        if os.path.isdir(self._destination.path):
            places_like = self._draft.places_like
            self._site = Site(self._destination, places_like, overwrite=overwrite, check=self._go_on)
        with ThreadPoolExecutor(threads, thread_name_prefix="look") as pool:
            try:
                for page in self._draft.pages():
                    settled = pool.map(self._look, page) if self._site else map(self._look, page)
                    self._draft.set(placement for placement in settled if placement is not None)
            finally:
                self._is_halted = True  # whatever has interrupted this: the threads read no further

    def _go_on(self) -> None:
        if self._is_halted:
            raise Stopped
        self._check()

    def _look(self, picked: tuple[Placement, str]) -> Placement | None:
        """The file as it stands if nothing needs to be retrieved for it."""
        placement, tree_hash = picked
        try:
            split_path(placement.path)
            found = self._find(placement, tree_hash)
        except ColdframeError as error:
            return replace(placement, state=PlacementState.FAILED, detail=str(error))
        return replace(placement, state=PlacementState.PRESENT, placed_as=found) if found else None

    def _find(self, placement: Placement, tree_hash: str) -> str | None:
        if self._site is None:
            return None
        with placing(placement.path):
            return self._site.find_present(placement, content_of(placement, tree_hash))
