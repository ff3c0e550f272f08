"""The destination while files are put there: which name each gets, what is there already, and names made durable."""

from __future__ import annotations

import itertools
import os
import stat
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from coldframe.catalog.order_model import place_key
from coldframe.combine import Combiner
from coldframe.errors import UnsafeName
from coldframe.names import printable, read_path, write_path
from coldframe.retriever.folders import with_escape
from coldframe.retriever.safe_names import other_name, split_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from coldframe.catalog.order_model import Placement
    from coldframe.combine import Ticket
    from coldframe.retriever.content import Content
    from coldframe.retriever.folders import Destination, Folder
    from coldframe.retriever.unfinished import Unfinished

    PlacesLike = Callable[[str, int], Sequence[str]]
    """The places of all placements but that row's that a case-insensitive file system may take for this one."""

_MOST_NAMES = 1000


class Site:
    """A destination that many threads put files into.

    Args:
        destination: The folder.
        places_like: Knows the places that other placements have, durably.
        overwrite: Whether a different file that has the name is replaced; otherwise the retrieved one takes another.
        check: Called between chunks; raises to end the work.
    """

    def __init__(
        self, destination: Destination, places_like: PlacesLike, *, overwrite: bool, check: Callable[[], None]
    ) -> None:
        """Store the arguments."""
        self.destination = destination
        self._places_like = places_like
        self._overwrite = overwrite
        self._check = check
        self._naming = Lock()
        self._claims: dict[str, dict[str, int]] = {}
        self._sync = Combiner(_sync_folders)

    @contextmanager
    def folder_of(self, path: str, *, make: bool) -> Iterator[tuple[Folder, str]]:
        """The folder in which an archived path belongs, held open, and the name it should get there.

        Raises:
            UnsafeName: The path cannot be placed safely.
            FileNotFoundError: The folder is not there and not to be made.
        """
        parts = split_path(path)
        with self.destination.folder(parts[:-1], make=make) as folder:
            yield folder, parts[-1]

    @contextmanager
    def folder_at(self, place: str) -> Iterator[tuple[Folder, str]]:
        """The folder of a place that was answered before, held open, and the name there."""
        *folders, name = read_path(place).split("/")
        with self.destination.folder(folders, make=False) as folder:
            yield folder, name

    def find_present(self, placement: Placement, content: Content) -> str | None:
        """Where the file is already, verified byte by byte, durably; the place is claimed for it then."""
        try:
            with self.folder_of(placement.path, make=False) as (folder, name):
                found = with_escape(name, lambda name: self._find_among(folder, name, placement, content))
                if found is not None:
                    self.destination.secure_names(folder, split_path(placement.path)[:-1])
                return found
        except FileNotFoundError:
            return None

    def publish(self, unfinished: Unfinished, name: str, placement: Placement) -> str:
        """Give a complete, synced file its name, durably; answer where it is.

        The name is free, or belongs to what may be replaced, at the moment before: this is looked at in the folder that
        is held, and our own threads name one file at a time.
        """
        place = with_escape(name, lambda name: self._rename(unfinished, name, placement))
        self._sync(unfinished.folder)
        return place

    def release(self, placed_as: str | None) -> None:
        """A claim is durable elsewhere now."""
        if placed_as is not None:
            with self._naming:
                self._claims.get(place_key(placed_as), {}).pop(placed_as, None)

    def _find_among(self, folder: Folder, name: str, placement: Placement, content: Content) -> str | None:
        for candidate in _names(name):
            status = folder.find(candidate)
            if status is None:
                return None
            if self._holds(folder, candidate, status, content):
                place = self._place(folder, candidate)
                with self._naming:
                    if not self._is_taken(place, placement.row, status):
                        self._claim(place, placement.row)
                        return place
            elif self._overwrite:
                return None
        return None

    def _holds(self, folder: Folder, name: str, status: os.stat_result, content: Content) -> bool:
        if not stat.S_ISREG(status.st_mode) or status.st_size != content.size:
            return False
        try:
            descriptor = folder.open_to_read(name)
        except OSError:  # unreadable, or swapped a moment ago: not a copy that can be trusted
            return False
        try:
            return content.is_in(descriptor, self._check)
        finally:
            os.close(descriptor)

    def _rename(self, unfinished: Unfinished, name: str, placement: Placement) -> str:
        folder = unfinished.folder
        for candidate in _names(name):
            place = self._place(folder, candidate)
            with self._naming:
                status = folder.find(candidate)
                if status is None or self._may_replace(place, placement.row, status):
                    folder.rename(unfinished.name, candidate)
                    self._claim(place, placement.row)
                    return place
        raise UnsafeName(f"{printable(placement.path)} and {_MOST_NAMES} names like it are taken at the destination")

    def _may_replace(self, place: str, row: int, status: os.stat_result) -> bool:
        return self._overwrite and not stat.S_ISDIR(status.st_mode) and not self._is_taken(place, row, status)

    def _claim(self, place: str, row: int) -> None:
        self._claims.setdefault(place_key(place), {})[place] = row

    def _is_taken(self, place: str, row: int, status: os.stat_result) -> bool:
        """Whether what is at `place` was put there, or found there, for another placement of the order.

        On a case-insensitive file system that one may have it under another spelling.
        """
        claimed = self._claims.get(place_key(place), {})
        others = [other for other, owner in claimed.items() if owner != row]
        return any(
            other == place or self._is_file(other, status) for other in (*others, *self._places_like(place, row))
        )

    def _is_file(self, place: str, status: os.stat_result) -> bool:
        try:
            with self.folder_at(place) as (folder, name):
                found = folder.find(name)
        except (OSError, UnsafeName):
            return False
        return found is not None and os.path.samestat(found, status)

    def _place(self, folder: Folder, name: str) -> str:
        return write_path(os.path.relpath(os.path.join(folder.path, name), self.destination.path))


def _names(name: str) -> Iterator[str]:
    """The name, then `name (2)`, `name (3)`..."""
    return itertools.chain([name], (other_name(name, number) for number in range(2, _MOST_NAMES + 1)))


def _sync_folders(tickets: Sequence[Ticket[Folder, None]]) -> None:
    """Sync each folder of a batch once."""
    folders = {ticket.wish.key: ticket.wish for ticket in tickets}
    for folder in folders.values():
        folder.sync()
    for ticket in tickets:
        ticket.answer(None)
