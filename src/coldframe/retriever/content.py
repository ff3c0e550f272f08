"""What a file must hold, and whether a file that is there already does."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from coldframe.retriever.unfinished import read_pieces
from coldframe.tree_hash import TreeHasher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from coldframe.catalog.order_model import Placement
    from coldframe.model import Buffer


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes that a placement promises: their number, and the tree hash of a whole file or a member's SHA-256.

    Without any hash nothing that lies at the destination is taken for it.
    """

    size: int | None
    tree_hash: str | None = None
    sha256: str | None = None

    def is_in(self, descriptor: int, check: Callable[[], None]) -> bool:
        """Whether an open file holds exactly these bytes; `check` is called between chunks and may raise."""
        if self.size == 0:
            return os.fstat(descriptor).st_size == 0
        if self.size is None or not (self.tree_hash or self.sha256) or os.fstat(descriptor).st_size != self.size:
            return False
        pieces = read_pieces(descriptor, 0, self.size)
        return self.is_hash_of(_checked(pieces, check))

    def is_hash_of(self, pieces: Iterable[Buffer]) -> bool:
        """Whether these pieces have the promised hash."""
        if self.sha256 is not None:
            digest = sha256()
            for piece in pieces:
                digest.update(piece)
            return digest.hexdigest() == self.sha256
        hasher = TreeHasher()
        for piece in pieces:
            hasher.update(piece)
        return hasher.hexdigest() == self.tree_hash


def content_of(placement: Placement, tree_hash: str | None) -> Content:
    """What a placement promises, given its archive's tree hash."""
    if placement.cut is not None:
        return Content(placement.size, sha256=placement.cut.sha256)
    return Content(placement.size, tree_hash=tree_hash)


def _checked(pieces: Iterable[bytes], check: Callable[[], None]) -> Iterable[bytes]:
    for piece in pieces:
        check()
        yield piece
