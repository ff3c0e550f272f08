"""Every name that a file system can hold has one text, and comes back from it."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldframe.names import archive_path, join_path, printable, read_path, write_path

posix_only = pytest.mark.skipif(os.name == "nt", reason="names of bytes exist only on POSIX")

paths = st.binary(min_size=1, max_size=300).filter(lambda raw: b"\0" not in raw)


@posix_only
@given(paths)
def test_write_path_is_reversible(raw: bytes) -> None:
    """Whatever bytes a path holds, its text gives them back, and the text is valid Unicode."""
    text = write_path(os.fsdecode(raw))
    text.encode("utf-8")
    assert os.fsencode(read_path(text)) == raw


@posix_only
@given(paths, paths)
def test_write_path_keeps_different_paths_apart(one: bytes, other: bytes) -> None:
    """Two paths share a text only if they are the same path."""
    same = write_path(os.fsdecode(one)) == write_path(os.fsdecode(other))
    assert same == (one == other)


def test_write_path_leaves_ordinary_names_alone() -> None:
    """A name that is valid Unicode is its own text, composed or not."""
    for name in ("Subs/Light/M33 blue.fit", "Ångström", "A\u030angstro\u0308m", "星雲/🔭\n.fit", "אור.fit"):
        assert write_path(name) == name


def test_write_path_escapes_a_name_that_looks_escaped() -> None:
    """A real name that begins with the mark is not mistaken for an escaped one."""
    assert write_path("bytes:%41") == "bytes:bytes%3A%2541"
    assert read_path("bytes:bytes%3A%2541") == "bytes:%41"


@posix_only
def test_join_path_keeps_escaped_folders_escaped() -> None:
    """A file below a folder with undecodable bytes has the text of the whole path."""
    folder = write_path(os.fsdecode(b"M\xff33"))
    assert join_path(folder, "a.fit") == "bytes:M%FF33/a.fit"
    assert join_path("", "a.fit") == "a.fit"


@pytest.mark.skipif(os.name == "nt", reason="POSIX separators")
@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("./Subs", "Subs"),
        ("Subs/", "Subs"),
        ("M33/Subs", "M33/Subs"),
        ("/data/M33/Subs", "data/M33/Subs"),
        ("../other/./Subs", "other/Subs"),
        (".", ""),
        ("/", ""),
    ],
)
def test_archive_path_drops_root_and_dots(argument: str, expected: str) -> None:
    """An argument is archived under the path as typed, without root, `.` and `..`."""
    assert archive_path(argument) == expected


def test_printable_shows_control_and_direction_characters() -> None:
    """Nothing that a name holds can move the cursor, change colours or turn the writing round."""
    shown = printable("a\x1b[31m\r\nb\u202ec\x9b\ud800.fit")
    assert shown == "a\\x1b[31m\\r\\nb\\u202ec\\x9b\\ud800.fit"
    assert printable("星雲 🔭 é") == "星雲 🔭 é"
