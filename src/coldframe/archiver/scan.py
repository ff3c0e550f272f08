"""Scan: walk what the user named and tell what lies there, a folder at a time.

The order is the same on every run: in each folder first its files by name, then its folders by name. At any moment no
more is held than one folder's names and one open folder, so a tree of any size takes the same memory and any depth can
be walked. Nothing is opened but folders, and the frames that a rule set would leave out (`frames_kept`).
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from coldframe import names
from coldframe.archiver.frames_kept import why_kept
from coldframe.archiver.opening import Source, Stamp, explain, look, open_folder
from coldframe.patterns import Patterns
from coldframe.rule_sets import Action, ChosenRules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coldframe.rule_sets import Rule

_HOLDS_FOLDERS = os.scandir in os.supports_fd and os.stat in os.supports_dir_fd
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
}


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder on the way down: logical path, location, what it is on its device, and the folder above it.

    `left_out` is the rule that leaves out what is in it.
    """

    path: str
    location: str
    identity: tuple[int, int]
    above: Folder | None = None
    is_included: bool = False
    left_out: Rule | None = None

    def is_below(self, identity: tuple[int, int]) -> bool:
        """Whether this folder is, or lies in, the one with that identity."""
        folder: Folder | None = self
        while folder is not None:
            if folder.identity == identity:
                return True
            folder = folder.above
        return False


@dataclass(frozen=True, slots=True)
class FoundBundle:
    """A folder that becomes one zip archive, under the logical path `path`; `rule` is that of a set, if one says so."""

    path: str
    folder: Folder
    rule: Rule | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that an archive cannot hold, or that a `rule` of a set leaves out; then `size` is its bytes."""

    path: str
    location: str
    reason: str
    size: int = 0
    rule: Rule | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something that should be archived and cannot even be looked at."""

    path: str
    location: str
    reason: str


Found = Source | FoundBundle | LeftOut | Unreadable
FoundFile = Source | LeftOut | Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a scan takes and leaves. `zipping` and `leaving` are the rule sets asked for each of the two.

    `own` are folders, by device and inode, in which coldframe itself keeps things: to archive the store into itself
    would never end.
    """

    include: Patterns = field(default_factory=lambda: Patterns(()))
    exclude: Patterns = field(default_factory=lambda: Patterns(()))
    zipped: Patterns = field(default_factory=lambda: Patterns(()))
    zipping: ChosenRules = field(default_factory=ChosenRules)
    leaving: ChosenRules = field(default_factory=ChosenRules)
    follow_symlinks: bool = False
    own: frozenset[tuple[int, int]] = frozenset()

    def is_zipped(self, path: str) -> bool:
        """Whether the folder at `path` becomes one zip."""
        return self.zipped.match(path) or self.zipping.zip_rule(path) is not None


@dataclass(frozen=True, slots=True)
class Root:
    """One path argument: its logical path, and where it lies without `.`, `..` or links on the way."""

    path: str
    location: str


def find_roots(arguments: Iterable[str], rules: Rules) -> list[Root]:
    """The arguments as roots, each location once; one inside a folder that becomes a bundle is part of that bundle."""
    roots: dict[str, Root] = {}
    for argument in arguments:
        location = _locate(argument)
        roots.setdefault(location, Root(names.archive_path(argument), location))
    return [root for root in roots.values() if not _is_bundled(root, roots, rules)]


def scan(roots: Iterable[Root], rules: Rules) -> Iterator[Found]:
    """Everything to archive or to report below `roots`, each file once."""
    listed = list(roots)
    taken = frozenset(root.location for root in listed)
    for root in listed:
        yield from _Walk(rules, taken).walk_root(root)


def scan_members(folder: Folder, rules: Rules) -> Iterator[FoundFile]:
    """Everything to zip or to report in a folder that becomes a bundle."""
    unzipped = replace(rules, zipped=Patterns(()), zipping=ChosenRules())
    for found in _Walk(unzipped, frozenset()).walk(folder):
        if not isinstance(found, FoundBundle):
            yield found


@dataclass(frozen=True, slots=True)
class _Seen:
    """A name, and what a look at it told."""

    path: str
    location: str
    status: os.stat_result


class _Walk:
    """A walk down from one root. `inner` collects the folders met, to be walked after the files beside them."""

    def __init__(self, rules: Rules, taken: frozenset[str]) -> None:
        self._rules = rules
        self._taken = taken

    def walk_root(self, root: Root) -> Iterator[Found]:
        """What the root itself is, and all below it."""
        if self._rules.exclude.match(root.path):
            return
        try:
            status = look(root.location)
        except OSError as error:
            yield Unreadable(root.path, root.location, explain(error))
            return
        inner: list[Folder] = []
        yield from self._judge(_Seen(root.path, root.location, status), None, inner)
        for folder in inner:
            yield from self.walk(folder)

    def walk(self, top: Folder) -> Iterator[Found]:
        """All below `top`."""
        waiting = [top]
        while waiting:
            inner: list[Folder] = []
            yield from self._list(waiting.pop(), inner)
            waiting.extend(reversed(inner))

    def _list(self, folder: Folder, inner: list[Folder]) -> Iterator[Found]:
        try:
            with _listing(folder.location) as (handle, listed):
                for name in listed:
                    yield from self._look_at(name, folder, handle, inner)
        except OSError as error:
            yield Unreadable(folder.path, folder.location, explain(error))

    def _look_at(self, name: str, folder: Folder, handle: int | None, inner: list[Folder]) -> Iterator[Found]:
        path = names.join_path(folder.path, name)
        location = os.path.join(folder.location, name)
        if location in self._taken or self._rules.exclude.match(path):
            return
        try:
            status = os.stat(location if handle is None else name, dir_fd=handle, follow_symlinks=False)
        except OSError as error:
            yield Unreadable(path, location, explain(error))
            return
        yield from self._judge(_Seen(path, location, status), folder, inner)

    def _judge(self, seen: _Seen, above: Folder | None, inner: list[Folder]) -> Iterator[Found]:
        """Decide what becomes of a name, following it first if it is a link and links are followed."""
        is_link = stat.S_ISLNK(seen.status.st_mode)
        if is_link and self._rules.follow_symlinks:
            try:
                seen = _Seen(seen.path, seen.location, look(seen.location, follow=True))
            except OSError:
                yield LeftOut(seen.path, seen.location, "a symbolic link that leads nowhere")
                return
        mode = seen.status.st_mode
        if stat.S_ISDIR(mode):
            yield from self._judge_folder(seen, above, inner)
        elif not stat.S_ISREG(mode):
            yield LeftOut(seen.path, seen.location, _KINDS.get(stat.S_IFMT(mode), "not an ordinary file"))
        elif self._is_included(seen.path, above):
            yield self._take(Source(seen.path, seen.location, Stamp.of(seen.status), is_link), above)

    def _take(self, source: Source, above: Folder | None) -> Source | LeftOut:
        """The file, unless a rule leaves it out; a path that was named is taken, whatever the rules say."""
        rule = self._leaving(source.path, above)
        if rule is None:
            return source
        if reason := why_kept(source):
            return replace(source, note=f"{rule} matches, but this is {reason}")
        return LeftOut(source.path, source.location, told(rule), source.stamp.size, rule)

    def _leaving(self, path: str, above: Folder | None) -> Rule | None:
        """The rule that leaves out what is at `path`."""
        if above is None or above.left_out is not None:
            return None if above is None else above.left_out
        matching = self._rules.leaving.matching(Action.LEAVE_OUT, path)
        return next((rule for rule in matching if not rule.beside or _has_beside(above, rule)), None)

    def _judge_folder(self, seen: _Seen, above: Folder | None, inner: list[Folder]) -> Iterator[Found]:
        identity = (seen.status.st_dev, seen.status.st_ino)
        is_included, left_out = self._is_included(seen.path, above), self._leaving(seen.path, above)
        folder = Folder(seen.path, seen.location, identity, above, is_included, left_out)
        if identity in self._rules.own:
            yield LeftOut(seen.path, seen.location, "coldframe keeps its own files here")
        elif above is not None and above.is_below(identity):
            yield LeftOut(seen.path, seen.location, "a symbolic link back to a folder that holds it")
        elif self._rules.is_zipped(seen.path):
            rule = None if self._rules.zipped.match(seen.path) else self._rules.zipping.zip_rule(seen.path)
            yield FoundBundle(zip_path(seen.path), folder, rule)
        else:
            inner.append(folder)

    def _is_included(self, path: str, above: Folder | None) -> bool:
        """Whether a file counts: any does if nothing is asked for, else what matches or lies in a match."""
        if not self._rules.include or (above is not None and above.is_included):
            return True
        return self._rules.include.match(path)


def told(rule: Rule) -> str:
    """A rule, and why there is such a rule."""
    return f"{rule}: {rule.because}" if rule.because else str(rule)


def _has_beside(above: Folder, rule: Rule) -> bool:
    """Whether the folder with which the pattern begins has the other one beside it, and that holds something."""
    first, folder = rule.pattern.partition("/")[0].lower(), above
    while os.path.basename(folder.location).lower() != first:
        if folder.above is None:
            return False
        folder = folder.above
    outer = os.path.dirname(folder.location)
    try:
        with os.scandir(outer) as listed:
            found = [each.path for each in listed if each.name.lower() == rule.beside.lower() and each.is_dir()]
        return any(os.listdir(path) for path in found)
    except OSError:
        return False


def zip_path(path: str) -> str:
    """The logical path of the bundle that the folder at `path` becomes."""
    return names.write_path(names.read_path(path) + ".zip")


@contextmanager
def _listing(location: str) -> Iterator[tuple[int | None, list[str]]]:
    """A folder's names in order, with the open folder in which they can be looked at, where the system has such."""
    if not _HOLDS_FOLDERS:
        with os.scandir(location) as listed:
            yield None, sorted(entry.name for entry in listed)
        return
    handle = open_folder(location)
    try:
        with os.scandir(handle) as listed:
            found = sorted(entry.name for entry in listed)
        yield handle, found
    finally:
        os.close(handle)


def _locate(argument: str) -> str:
    """The absolute path of an argument with real folders on the way; a link it names itself stays a link.

    A separator at the end, `.` and `..` stand for the folder that is there, so they are resolved too.
    """
    folder, name = os.path.split(argument)
    if name in {"", os.curdir, os.pardir}:
        return os.path.realpath(argument)
    return os.path.join(os.path.realpath(folder), name)


def _is_bundled(root: Root, roots: dict[str, Root], rules: Rules) -> bool:
    """Whether another root holds this one inside a folder that becomes a bundle."""
    inner, inside = root.location, []
    while (above := os.path.dirname(inner)) != inner:
        inside.append(os.path.basename(inner))
        inner = above
        if inner in roots and _meets_bundle(roots[inner], inside[:0:-1], rules):
            return True
    return False


def _meets_bundle(outer: Root, folders: list[str], rules: Rules) -> bool:
    """Whether the walk from `outer` down through `folders` comes to one that is zipped before one left out."""
    path = outer.path
    for name in [None, *folders]:
        path = path if name is None else names.join_path(path, name)
        if rules.exclude.match(path):
            return False
        if rules.is_zipped(path):
            return True
    return False
