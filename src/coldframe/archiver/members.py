"""Bundle: what a folder holds that becomes one zip, and a signature by which an unchanged folder is known."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from coldframe import names
from coldframe.archiver.bodies import read_range
from coldframe.archiver.opening import Source, is_readable, opened
from coldframe.archiver.scan import Unreadable, scan_members
from coldframe.archiver.zip_records import MAX_NAME
from coldframe.archiver.zip_stream import largest_zip
from coldframe.model import ByteRange

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from coldframe.archiver.scan import FoundBundle, LeftOut, Rules
    from coldframe.model import Buffer


@dataclass(frozen=True, slots=True)
class BundleMember:
    """A file on its way into a zip, under the name `name`."""

    name: str
    source: Source

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        return self.source.stamp.size

    @property
    def modified_ns(self) -> int:
        """When it was last modified."""
        return self.source.stamp.modified_ns

    def read(self) -> Iterator[Buffer]:
        """Its bytes, in one pass.

        Raises:
            SourceChanged: It is not what it was when the folder was listed, or cannot be read.
        """
        with opened(self.source) as descriptor:
            yield from read_range(self.source, descriptor, ByteRange(0, self.size))


@dataclass(frozen=True, slots=True)
class Bundle:
    """A folder's files in the order of their names, and what had to be left out of it."""

    path: str
    location: str
    members: tuple[BundleMember, ...]
    others: tuple[LeftOut | Unreadable, ...] = field(default=())

    @property
    def text(self) -> str:
        """The location as the catalog writes it."""
        return names.write_path(self.location)

    @property
    def size(self) -> int:
        """The bytes of all members."""
        return sum(member.size for member in self.members)

    @property
    def modified_ns(self) -> int:
        """When the member that was modified last was modified."""
        return max((member.modified_ns for member in self.members), default=0)

    @property
    def largest_zip(self) -> int:
        """More bytes than the zip can have."""
        name_sizes = sum(len(member.name.encode()) for member in self.members)
        return largest_zip((member.size for member in self.members), name_sizes)

    @property
    def signature(self) -> str:
        """A digest over the members' names, sizes and modification times."""
        digest = sha256()
        for member in self.members:
            name = member.name.encode()
            digest.update(b"%d %d %d " % (len(name), member.size, member.modified_ns))
            digest.update(name)
        return digest.hexdigest()


def list_bundle(found: FoundBundle, rules: Rules, *, unreadable: Container[str] = ()) -> Bundle:
    """List a folder that becomes a bundle.

    Args:
        found: The folder.
        rules: What counts inside it.
        unreadable: Locations that turned out to be unreadable and are left out without a word.
    """
    members: list[BundleMember] = []
    others: list[LeftOut | Unreadable] = []
    for item in scan_members(found.folder, rules):
        if item.location in unreadable:
            continue
        trouble = _trouble(item, found) if isinstance(item, Source) else item
        if trouble is not None:
            others.append(trouble)
        elif isinstance(item, Source):
            members.append(BundleMember(_name_inside(found, item), item))
    members.sort(key=lambda member: member.name)
    return Bundle(found.path, found.folder.location, tuple(members), tuple(others))


def _trouble(source: Source, found: FoundBundle) -> Unreadable | None:
    if not is_readable(source):
        return Unreadable(source.path, source.location, "it cannot be read, so it is not in the zip")
    if len(_name_inside(found, source).encode()) > MAX_NAME:
        return Unreadable(source.path, source.location, "its path is too long for a zip")
    return None


def _name_inside(found: FoundBundle, source: Source) -> str:
    """The name in the zip: the folder's own name and the way from there, so that it unpacks into one folder."""
    top = os.path.basename(names.read_path(found.folder.path))
    return names.write_path(top + source.location[len(found.folder.location) :])
