"""The JSON of an inventory job, read as a stream: memory does not grow with the vault (glacier-api 10.1).

    {"VaultARN": …, "InventoryDate": …, "ArchiveList": [{"ArchiveId": …, "ArchiveDescription": …, "CreationDate": …,
    "Size": …, "SHA256TreeHash": …}, …]}

The store may be anybody's, so nothing in it is believed before it is checked, and nothing is longer than it may be
(reliability X8).
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coldframe.errors import FormatError
from coldframe.inventory.moments import from_ns, parse_ns
from coldframe.model import MAX_ARCHIVE_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from coldframe.model import Buffer

_LONGEST = 64 * 1024
"""Characters in one item; an honest one has less than 8,000, every character of the description escaped."""

_LONGEST_DESCRIPTION = 4096
"""Four times what the protocol allows, for stores that are generous."""

_BLANK = " \t\r\n"
_ARCHIVE_ID = re.compile(r"[A-Za-z0-9_-]{1,1024}", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}")
_NUMBER_GOES_ON = re.compile(r"[-+.0-9eE]*")
"""What may stand between a number that could be read and the end of a piece, if the next piece goes on with it."""


@dataclass(frozen=True, slots=True)
class Item:
    """One archive of a vault's inventory."""

    archive_id: str
    description: str
    created_at: datetime
    size: int
    tree_hash: str


@dataclass(frozen=True, slots=True)
class BadItem:
    """One that cannot be used, and why."""

    number: int
    problem: str


class VaultInventory:
    """An inventory job's JSON output, read once.

    `inventory_at` is the moment of the snapshot, known as soon as the first archive is; None if the store did not say.
    """

    def __init__(self, buffers: Iterable[Buffer]) -> None:
        """Nothing is read before it is asked for."""
        self.inventory_at: datetime | None = None
        self._text = _Text(buffers)

    def __iter__(self) -> Iterator[Item | BadItem]:
        """The archives, counted from 1.

        Raises:
            FormatError: It is not the JSON of an inventory, or it is cut short.
        """
        self._text.expect("{")
        has_list = False
        for key in self._text.members():
            if key == "ArchiveList":
                has_list = True
                yield from (read_item(number, value) for number, value in enumerate(self._text.values(), 1))
            elif key == "InventoryDate":
                self.inventory_at = _moment(self._text.value())
            else:
                self._text.value()
        if not has_list:
            raise _broken("there is no ArchiveList")


def read_item(number: int, value: Any) -> Item | BadItem:
    """One archive out of its JSON object, if that is one that an inventory can hold."""
    try:
        created_at = _moment(value["CreationDate"])
        size, archive_id, tree_hash = value["Size"], value["ArchiveId"], value["SHA256TreeHash"].lower()
        description = (value.get("ArchiveDescription") or "").encode("utf-8", "replace").decode("utf-8")
        is_honest = (
            type(size) is int
            and 0 <= size <= MAX_ARCHIVE_SIZE
            and _ARCHIVE_ID.fullmatch(archive_id)
            and _HASH.fullmatch(tree_hash)
            and len(description) <= _LONGEST_DESCRIPTION
        )
    except (KeyError, TypeError, AttributeError) as error:
        return BadItem(number, f"a value is missing or of the wrong kind ({error!r})")
    if created_at is None or not is_honest:
        return BadItem(number, "a value is not what an inventory can hold")
    return Item(archive_id, description, created_at, size, tree_hash)


def _moment(value: Any) -> datetime | None:
    ns = parse_ns(value) if isinstance(value, str) else None
    return None if ns is None else from_ns(ns)


class _Text:
    """JSON text that arrives in pieces; only the value at hand is in memory."""

    def __init__(self, buffers: Iterable[Buffer]) -> None:
        self._buffers = iter(buffers)
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._decoder = json.JSONDecoder()
        self._text = ""
        self._at = 0
        self._is_complete = False

    def expect(self, character: str) -> None:
        if self.peek() != character:
            raise _broken(f"{character} expected")
        self._at += 1

    def peek(self) -> str:
        """The next character that is not blank; empty at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _BLANK:
                self._at += 1
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def members(self) -> Iterator[str]:
        """The keys of the object that has begun; the caller reads each one's value."""
        yield from self._elements("}", self._key)

    def values(self) -> Iterator[Any]:
        """The values of the array that comes next."""
        self.expect("[")
        yield from self._elements("]", self.value)

    def value(self) -> Any:
        """The next whole value."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:  # also a number of too many digits
                if len(self._text) - self._at > _LONGEST or not self._more():
                    raise _broken("a value is cut short or too long") from error
                continue
            if not _NUMBER_GOES_ON.fullmatch(self._text, end) or not self._more():
                self._at = end
                return value

    def _elements(self, end: str, read: Callable[[], Any]) -> Iterator[Any]:
        if self.peek() == end:
            self._at += 1
            return
        while True:
            yield read()
            following = self.peek()
            self._at += 1
            if following == end:
                return
            if following != ",":
                raise _broken("a comma expected")

    def _key(self) -> str:
        key = self.value()
        self.expect(":")
        return str(key)

    def _more(self) -> bool:
        """Get the next piece and drop what has been read; False at the end."""
        if self._is_complete:
            return False
        buffer = next(self._buffers, None)
        self._is_complete = buffer is None
        piece = self._utf8.decode(b"" if buffer is None else bytes(buffer), final=buffer is None)
        self._text, self._at = self._text[self._at :] + piece, 0
        return not self._is_complete or bool(piece)


def _broken(detail: str) -> FormatError:
    return FormatError(f"the vault's inventory is not the JSON that it should be ({detail})")
