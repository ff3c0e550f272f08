"""What a scan finds: every kind of thing that can lie in a folder."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from archiver.people import nobody
from coldframe import names
from coldframe.archiver.opening import PATH_LIMIT, Source, opened
from coldframe.archiver.scan import FoundBundle, LeftOut, Rules, Unreadable, find_roots, scan
from coldframe.files import DiskFiles
from coldframe.patterns import Patterns

if TYPE_CHECKING:
    from pathlib import Path

    from coldframe.archiver.scan import Found

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX file systems only")


NAMES = st.lists(st.integers(1, 255).filter(lambda byte: byte != ord("/")), min_size=1, max_size=255)


def find(*arguments: str, **rules: object) -> list[Found]:
    """Scan with these rules."""
    made = Rules(**{k: Patterns(v) if isinstance(v, tuple) else v for k, v in rules.items()})  # type: ignore[arg-type]
    return list(scan(find_roots(arguments, made), made))


def plant(top: Path, *paths: str) -> str:
    """Write small files; answers the folder they are in."""
    for path in paths:
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(path.encode())
    return str(top)


def below(top: str, found: list[Found]) -> list[str]:
    """The logical paths below `top`."""
    prefix = names.archive_path(top) + "/"
    assert all(item.path.startswith(prefix) for item in found)
    return [item.path.removeprefix(prefix) for item in found]


def test_scan_goes_files_first_by_name_then_folders(tmp_path: Path) -> None:
    """In each folder first its files by name, then its folders by name, whatever order the disk has."""
    top = plant(tmp_path, "b/2", "b/1", "a/z/1", "a/b", "c", "B")
    assert below(top, find(top)) == ["B", "c", "a/b", "a/z/1", "b/1", "b/2"]


def test_scan_tells_where_a_file_lies_and_what_it_looks_like(tmp_path: Path) -> None:
    """A source has a logical path without root, its absolute location, and its size and time."""
    top = plant(tmp_path, "a")
    (source,) = find(top)
    assert isinstance(source, Source)
    status = os.stat(tmp_path / "a")
    assert source.path == str(tmp_path / "a").lstrip("/")
    assert source.location == str(tmp_path / "a")
    assert (source.stamp.size, source.stamp.modified_ns) == (1, status.st_mtime_ns)


def test_scan_names_paths_as_they_were_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative argument gives relative logical paths; `.` and `..` vanish; locations are always absolute."""
    plant(tmp_path, "Subs/Light/a")
    monkeypatch.chdir(tmp_path / "Subs")
    paths = {argument: [item.path for item in find(argument)] for argument in (".", "Light", "../Subs", "./Light/a")}
    assert paths == {".": ["Light/a"], "Light": ["Light/a"], "../Subs": ["Subs/Light/a"], "./Light/a": ["Light/a"]}
    assert {find(argument)[0].path != "" for argument in paths} == {True}


def test_exclude_prunes_folders_and_leaves_files(tmp_path: Path) -> None:
    """An excluded folder is not even opened; an excluded file is left without a word."""
    top = plant(tmp_path, "Light/a.fit", "Light/a.tmp", "trash/b.fit")
    os.chmod(tmp_path / "trash", 0)
    try:
        assert below(top, find(top, exclude=("trash", "*.tmp"))) == ["Light/a.fit"]
    finally:
        os.chmod(tmp_path / "trash", 0o700)


def test_include_takes_matches_and_all_in_matching_folders(tmp_path: Path) -> None:
    """With include patterns only what matches counts, and all that lies in a folder that matches."""
    top = plant(tmp_path, "Light/a.fit", "Light/deep/note", "Dark/b.fit", "Dark/c.txt")
    assert below(top, find(top, include=("Light", "*.fit"))) == ["Dark/b.fit", "Light/a.fit", "Light/deep/note"]


def test_a_folder_that_matches_is_a_bundle_and_the_outermost_wins(tmp_path: Path) -> None:
    """A matching folder is found as NAME.zip and not entered; a match inside it makes no second bundle."""
    top = plant(tmp_path, "Dark/Bias/a", "Dark/b", "Light/Bias/c")
    found = find(top, zipped=("Dark", "Bias"))
    assert below(top, found) == ["Dark.zip", "Light/Bias.zip"]
    assert all(isinstance(item, FoundBundle) for item in found)


def test_a_file_that_matches_a_zip_pattern_stays_a_file(tmp_path: Path) -> None:
    """Only folders become bundles."""
    top = plant(tmp_path, "Bias")
    assert [type(item) for item in find(top, zipped=("Bias",))] == [Source]


@posix
def test_special_files_are_left_out_with_a_reason(tmp_path: Path) -> None:
    """Links, FIFOs and sockets are told and left; nothing waits for a FIFO's other end."""
    top = plant(tmp_path, "file")
    os.mkfifo(tmp_path / "fifo")
    os.symlink("file", tmp_path / "link")
    server = socket.socket(socket.AF_UNIX)
    where = os.getcwd()
    os.chdir(tmp_path)  # a socket's path is short
    server.bind("socket")
    os.chdir(where)
    server.close()
    found = {names.read_path(item.path).rpartition("/")[2]: item for item in find(top)}
    reasons = {name: item.reason for name, item in found.items() if isinstance(item, LeftOut)}
    assert reasons == {"fifo": "a FIFO", "link": "a symbolic link", "socket": "a socket"}
    assert isinstance(found["file"], Source)


@posix
def test_devices_are_left_out() -> None:
    """A device is never opened."""
    (item,) = find(os.devnull)
    assert isinstance(item, LeftOut)
    assert item.reason == "a character device"


@posix
def test_followed_links_are_archived_as_what_they_point_to(tmp_path: Path) -> None:
    """With follow_symlinks a link is the file or folder it points to; a dead one is left out."""
    top = plant(tmp_path / "top", "here")
    plant(tmp_path / "elsewhere", "far/a")
    os.symlink(tmp_path / "elsewhere" / "far", tmp_path / "top" / "folder")
    os.symlink("here", tmp_path / "top" / "same")
    os.symlink("nowhere", tmp_path / "top" / "dead")
    os.symlink("round", tmp_path / "top" / "round")
    found = dict(zip(below(top, items := find(top, follow_symlinks=True)), items, strict=True))
    assert sorted(found) == ["dead", "folder/a", "here", "round", "same"]
    assert isinstance(found["dead"], LeftOut)
    assert isinstance(found["round"], LeftOut)
    for path in ("folder/a", "same"):
        source = found[path]
        assert isinstance(source, Source)
        with opened(source) as descriptor:
            assert os.read(descriptor, 9) == {"folder/a": b"far/a", "same": b"here"}[path]


@posix
def test_followed_links_that_go_round_are_seen(tmp_path: Path) -> None:
    """A link to a folder that holds it is left out, so the walk ends."""
    top = plant(tmp_path / "top", "a/b/file")
    os.symlink(tmp_path / "top", tmp_path / "top" / "a" / "b" / "up")
    os.symlink(".", tmp_path / "top" / "a" / "self")
    found = find(top, follow_symlinks=True)
    assert sorted(below(top, found)) == ["a/b/file", "a/b/up", "a/self"]
    assert {item.reason for item in found if isinstance(item, LeftOut)} == {
        "a symbolic link back to a folder that holds it"
    }


@posix
def test_a_link_named_on_the_command_line_is_left_out_unless_it_ends_in_a_slash(tmp_path: Path) -> None:
    """A link is not followed because it was named; a separator at its end asks for the folder behind it."""
    plant(tmp_path / "real", "a")
    os.symlink(tmp_path / "real", tmp_path / "link")
    assert [type(item) for item in find(str(tmp_path / "link"))] == [LeftOut]
    assert [type(item) for item in find(str(tmp_path / "link") + "/")] == [Source]


def test_a_missing_argument_is_unreadable_and_the_others_go_on(tmp_path: Path) -> None:
    """What is not there is told, and the next argument is scanned."""
    top = plant(tmp_path, "a")
    missing, found = find(str(tmp_path / "missing"), os.path.join(top, "a"))
    assert isinstance(missing, Unreadable)
    assert "No such file" in missing.reason
    assert isinstance(found, Source)


def test_overlapping_arguments_give_each_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, the same folder by another name, a folder in it and a file in it: each file comes once."""
    top = plant(tmp_path, "a/b/1", "a/2", "3")
    monkeypatch.chdir(top)
    found = find(".", top, "a", "a/b/1", "a/b/../b", "3")
    assert sorted(item.location for item in found if isinstance(item, Source)) == [
        os.path.join(top, path) for path in ("3", "a/2", "a/b/1")
    ]
    assert len(found) == 3


def test_a_named_file_inside_a_bundle_is_part_of_the_bundle(tmp_path: Path) -> None:
    """Naming a file inside a folder that becomes a bundle does not archive it twice; beside an excluded one it does."""
    top = plant(tmp_path, "Dark/a", "Dark/b")
    inside = os.path.join(top, "Dark", "a")
    assert below(top, find(top, inside, zipped=("Dark",))) == ["Dark.zip"]
    assert below(top, find(top, inside, zipped=("Dark",), exclude=("Dark",))) == ["Dark/a"]


def test_own_folders_are_left_out(tmp_path: Path) -> None:
    """A store that lies in the tree is not archived into itself."""
    top = plant(tmp_path, "a", "store/blobs/x")
    status = os.stat(tmp_path / "store")
    found = find(top, own=frozenset({(status.st_dev, status.st_ino)}))
    assert below(top, found) == ["a", "store"]
    assert isinstance(found[1], LeftOut)


@posix
@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems take only UTF-8 and normalise it")
def test_names_of_every_kind_are_found_and_opened(tmp_path: Path) -> None:
    """Newlines, emoji, right-to-left, twins in NFC and NFD, 255 bytes, bytes that are not UTF-8: all distinct."""
    every = [b"a\nb", b" lead and trail ", "🌌".encode(), "שלום\u202e".encode(), b"\xff\xfe.fit", b"bytes:%41"]
    every += [
        "é".encode(),
        "e\u0301".encode(),
        b"n" * 255,
        "ü".encode() * 127,
        b"a\\b",
        b"%41",
        b"CON",
        b"x" * 200 + b"\x80",
    ]
    for name in every:
        (tmp_path / os.fsdecode(name)).write_bytes(name)
    found = find(str(tmp_path))
    assert len({item.path for item in found}) == len(every)
    for source in found:
        assert isinstance(source, Source)
        source.path.encode("utf-8")
        with opened(source) as descriptor:
            data = os.read(descriptor, 300)
        assert os.fsencode(names.read_path(source.path)).endswith(b"/" + data)


@posix
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(characters=NAMES)
@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems take only UTF-8")
def test_any_name_comes_back_byte_for_byte(tmp_path: Path, characters: list[int]) -> None:
    """The logical path of any name that the disk takes leads back to exactly its bytes."""
    name = bytes(characters)
    assume(name not in {b".", b".."})
    location = os.path.join(os.fsencode(tmp_path), name)
    with open(location, "wb"):
        pass
    try:
        (found,) = find(str(tmp_path))
    finally:
        DiskFiles().unlink(os.fsdecode(location))
    assert os.path.basename(os.fsencode(names.read_path(found.path))) == name


@posix
@pytest.mark.parametrize("depth", [8, 24], ids=["beyond 1,024 characters", "beyond PATH_MAX"])
def test_paths_longer_than_one_call_takes_are_walked_and_opened(tmp_path: Path, depth: int) -> None:
    """A file whose path is longer than PATH_MAX is found, looked at and read."""
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d" * 200, dir_fd=folder)
        inner = os.open("d" * 200, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    with open(os.open("deep", os.O_WRONLY | os.O_CREAT, dir_fd=folder), "wb") as file:
        file.write(b"deep data")
    os.close(folder)
    try:
        (source,) = find(str(tmp_path))
        assert isinstance(source, Source)
        assert (len(source.location) > PATH_LIMIT) == (depth > 20)
        with opened(source) as descriptor:
            assert os.read(descriptor, 99) == b"deep data"
    finally:
        subprocess.run(["rm", "-rf", str(tmp_path / ("d" * 200))], check=True)


@posix
def test_a_very_deep_tree_is_walked(tmp_path: Path) -> None:
    """A thousand folders in one another are no matter of recursion or of open files."""
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=folder)
        inner = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=folder))
    os.close(folder)
    try:
        assert len(find(str(tmp_path))) == 1
    finally:
        subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)


@posix
def test_an_unreadable_folder_is_told_and_the_others_go_on(public_folder: Path) -> None:
    """A folder that cannot be listed is unreadable; its neighbours are scanned."""
    top = plant(public_folder, "a/1", "secret/2", "z/3")
    os.chmod(public_folder / "secret", 0)
    with nobody():
        found = find(top)
    assert [type(item) for item in found] == [Source, Unreadable, Source]
    assert below(top, found) == ["a/1", "secret", "z/3"]


@posix
def test_a_folder_that_may_be_listed_but_not_entered_tells_each_name(public_folder: Path) -> None:
    """Where names can be read and nothing more, each is told as unreadable."""
    top = plant(public_folder, "half/1", "half/2")
    os.chmod(public_folder / "half", 0o444)
    with nobody():
        found = find(top)
    assert below(top, found) == ["half/1", "half/2"]
    assert all(isinstance(item, Unreadable) for item in found)
