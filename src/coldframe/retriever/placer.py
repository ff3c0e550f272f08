"""Putting the files of one archive in place, one by one, and keeping account of what became of each."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from coldframe.catalog.order_model import PlacementChange, PlacementState, WantedChange
from coldframe.errors import CatalogUnavailable, ColdframeError, DestinationUnavailable
from coldframe.progress import Advanced, Finished, Started
from coldframe.retriever.content import content_of
from coldframe.retriever.folders import CAN_HOLD, placing
from coldframe.retriever.results import result_of
from coldframe.retriever.unfinished import Unfinished, unfinished_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from coldframe.catalog.order_model import Placement, Wanted, WantedState
    from coldframe.model import Buffer
    from coldframe.retriever.content import Content
    from coldframe.retriever.results import RetrievedFile
    from coldframe.retriever.surroundings import Surroundings


class Placer:
    """The files that one archive, or range of one, fills.

    Args:
        around: The order's surroundings.
        wanted: What fills them; None for files that are empty.
        placements: The files.
    """

    def __init__(self, around: Surroundings, wanted: Wanted | None, placements: Iterable[Placement]) -> None:
        """Store the arguments."""
        self._around = around
        self._wanted = wanted
        self._placements = {placement.row: placement for placement in placements}
        self._changes: dict[int, PlacementChange] = {}
        self._errors: dict[int, ColdframeError] = {}

    @property
    def placements(self) -> list[Placement]:
        """All the files, as they are now."""
        return list(self._placements.values())

    @property
    def waiting(self) -> list[Placement]:
        """The files that still wait for their bytes."""
        return [p for p in self._placements.values() if p.state is PlacementState.WAITING]

    def settle(self, placement: Placement, act: Callable[[Placement], None]) -> None:
        """Do something for one file; what concerns it alone fails it alone."""
        try:
            act(placement)
        except (CatalogUnavailable, DestinationUnavailable):
            raise
        except ColdframeError as error:
            self.fail(placement, error)

    def find(self, placement: Placement) -> None:
        """Close a file that is there already, verified; raises if it can never be placed."""
        content = self._content(placement)
        with placing(placement.path):
            found = self._around.site.find_present(placement, content)
        if found is not None:
            self._set(placement, PlacementState.PRESENT, found)

    def write(self, placement: Placement, pieces: Iterable[Buffer]) -> None:
        """Write a file of its own and publish it; nothing is left of it if its bytes turn out wrong."""
        row = self._wanted.row if self._wanted else 0
        name = unfinished_name(self._around.order.token, row, placement.row)
        with placing(placement.path), self._around.site.folder_of(placement.path, make=True) as (folder, own_name):
            unfinished = Unfinished(folder, name, self._around.files)
            try:
                unfinished.begin(self._size_of(placement))
                self._pour(placement, pieces, unfinished)
                self.publish(placement, unfinished, own_name)
            except Exception:
                with suppress(OSError):
                    unfinished.drop()
                raise
            finally:
                unfinished.close()

    def publish(self, placement: Placement, unfinished: Unfinished, name: str) -> None:
        """Give a complete unfinished file its modification time and its name, durably."""
        with placing(placement.path):
            unfinished.finish(placement.modified_ns)
            if not CAN_HOLD:  # Windows renames no open file
                unfinished.close()
            placed_as = self._around.site.publish(unfinished, name, placement)
        self._set(placement, PlacementState.PLACED, placed_as)

    def fail(self, placement: Placement, error: ColdframeError) -> None:
        """The file cannot be had or placed."""
        self._errors[placement.row] = error
        self._set(placement, PlacementState.FAILED, None, str(error))

    def close(self, state: WantedState, detail: str = "") -> list[RetrievedFile]:
        """Record what became of all files and of what filled them, in one transaction."""
        wanted = self._wanted
        change = WantedChange(wanted.row, state, wanted.job_id, detail) if wanted else None
        self._around.orders.close_placements(list(self._changes.values()), wanted=change)
        return list(self._results())

    def _results(self) -> Iterator[RetrievedFile]:
        for row, change in self._changes.items():
            self._around.site.release(change.placed_as)
            result = result_of(self._placements[row], self._wanted, self._errors.get(row))
            self._around.observer(Finished(result.path, result.size, result.outcome, result.detail))
            yield result

    def _pour(self, placement: Placement, pieces: Iterable[Buffer], unfinished: Unfinished) -> None:
        self._around.observer(Started(placement.path, self._size_of(placement)))
        offset = 0
        for piece in pieces:
            self._around.check()
            unfinished.write(piece, offset)
            offset += len(piece)
            self._around.observer(Advanced(placement.path, len(piece)))

    def _set(self, placement: Placement, state: PlacementState, placed_as: str | None, detail: str = "") -> None:
        if placed_as not in {None, placement.path}:
            detail = f"placed as {placed_as}"
        size = self._size_of(placement)
        self._changes[placement.row] = PlacementChange(placement.row, state, placed_as, detail, size)
        closed = replace(placement, state=state, placed_as=placed_as, detail=detail, size=size)
        self._placements[placement.row] = closed

    def _size_of(self, placement: Placement) -> int:
        if placement.size is not None:
            return placement.size
        return (self._wanted.archive_size if self._wanted else None) or 0

    def _content(self, placement: Placement) -> Content:
        content = content_of(placement, self._wanted.tree_hash if self._wanted else None)
        return replace(content, size=self._size_of(placement))
