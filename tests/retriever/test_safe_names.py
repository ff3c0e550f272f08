"""Names: none leads out of the destination, each comes back as it was where the system allows."""

from __future__ import annotations

import os
import re
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coldframe.errors import UnsafeName
from coldframe.names import write_path
from coldframe.retriever.draft import describe
from coldframe.retriever.safe_names import escape_name, other_name, split_path

REFUSED_EVERYWHERE = [
    "/etc/passwd",
    "/",
    "//server/share/x",
    "//",
    "///x",
    "..",
    "../x",
    "a/../x",
    "a/..",
    "a/b/../../../x",
    "./../x",
    "a/./../x",
    "../../../../../../../../tmp/x",
    "a\0b",
    "\0",
    "a/\0",
    "",
    ".",
    "./",
    "a/",
    "a/.",
    "a/b//",
    "bytes:%2Fetc/passwd",
    "bytes:../%FF",
    "bytes:a/%2E%2E/%FF",
    "bytes:%00%FF",
    "bytes:%2e%2e/x",
]
REFUSED_ON_WINDOWS = [
    "C:/Windows/x",
    "c:\\Windows\\x",
    "C:",
    "z:/",
    "\\Windows\\x",
    "\\\\server\\share\\x",
    "\\\\?\\C:\\x",
    "\\\\.\\PhysicalDrive0",
    "..\\x",
    "a\\..\\x",
    "a\\..\\..\\x",
    ".. /x",
    "... /x",
    "a/.. ./x",
    "...",
    "a\\",
    "/??/C:/x",
    "//./pipe/x",
]
ESCAPED_ON_WINDOWS = {
    "CON": "%43ON",
    "con.txt": "%63on.txt",
    "nul": "%6Eul",
    "NUL.tar.gz": "%4EUL.tar.gz",
    "aux .fit": "%61ux .fit",
    "COM1": "%43OM1",
    "LPT9.x": "%4CPT9.x",
    "COM¹": "%43OM¹",
    "CONIN$": "%43ONIN$",
    "a:b": "a%3Ab",
    "x:": "x%3A",
    "file.fit:stream": "file.fit%3Astream",
    "a<b>c": "a%3Cb%3Ec",
    'say "hi"': "say %22hi%22",
    "a|b": "a%7Cb",
    "what?": "what%3F",
    "*": "%2A",
    "end.": "end%2E",
    "end ": "end%20",
    "a\\b": "a%5Cb",
    "tab\there": "tab%09here",
    "line\nbreak": "line%0Abreak",
    "100%41": "100%2541",
    "100%": "100%",
    "CONSOLE": "CONSOLE",
    "COM10": "COM10",
    ".hidden": ".hidden",
    "...a": "...a",
}


@pytest.mark.parametrize("path", REFUSED_EVERYWHERE)
@pytest.mark.parametrize("windows", [False, True])
def test_path_that_leads_out_is_refused(path: str, windows: bool) -> None:  # noqa: FBT001 - pytest passes it
    """Absolute and climbing paths, and such that name no file, are refused on every system."""
    with pytest.raises(UnsafeName):
        split_path(path, windows=windows)


@pytest.mark.parametrize("path", REFUSED_ON_WINDOWS)
def test_path_that_leads_out_on_windows_is_refused_there(path: str) -> None:
    """Drives, UNC, device paths and backslashes that climb are refused on Windows."""
    with pytest.raises(UnsafeName):
        split_path(path, windows=True)


def _unescaped(name: str) -> str:
    """As docs and people read an escape: `%` and two hex digits are a character."""
    return re.sub(r"%([0-9A-Fa-f]{2})", lambda match: chr(int(match[1], 16)), name)


@pytest.mark.parametrize(("name", "escaped"), ESCAPED_ON_WINDOWS.items())
def test_name_that_windows_forbids_is_escaped_there(name: str, escaped: str) -> None:
    """Reserved names and characters are written another way, and come back."""
    assert escape_name(name) == escaped
    assert _unescaped(escaped) == name


@pytest.mark.parametrize("name", ["CON", "a:b", "C:x", "a\\b", "..\\x", "end.", "a*", "\x01", "-rf", "~", "$HOME", " "])
def test_name_that_posix_allows_is_kept(name: str) -> None:
    """What is merely odd on POSIX is a name like any other there."""
    assert split_path(f"x/{name}", windows=False) == ("x", name)


@given(st.text(min_size=1))
@example("%%41")
@example("%4:")
@example("CON%41")
def test_escaping_is_reversible_and_allowed(name: str) -> None:
    """Whatever the name, its escaped form is one that Windows takes, and gives the name back."""
    escaped = escape_name(name)

    assert _unescaped(escaped) == name
    assert not set(escaped) & set('<>:"/\\|?*' + "".join(map(chr, range(32))))
    assert escaped[-1] not in ". "


@given(st.text(alphabet="./\\:aC \0%2eE\udcff", max_size=40), st.booleans())
def test_no_path_leaves_the_destination(path: str, windows: bool) -> None:  # noqa: FBT001 - hypothesis passes it
    """Whatever a path is made of, its parts name things inside the destination, or it is refused."""
    try:
        parts = split_path(write_path(path), windows=windows)
    except UnsafeName:
        return
    separators = "/\\" if windows else "/"
    assert parts
    for part in parts:
        assert part not in {"", ".", ".."}
        assert not any(separator in part for separator in separators)
        assert "\0" not in part
        assert not (windows and (":" in part or part.strip(". ") == ""))


@given(st.lists(st.text(string.printable.replace("/", ""), min_size=1), min_size=1))
def test_ordinary_path_is_split_at_its_slashes(names: list[str]) -> None:
    """A path without tricks is just its names."""
    names = [name for name in names if name not in {".", ".."}] or ["a"]
    path = "/".join(names)
    if not path.startswith("bytes:"):
        assert split_path(path, windows=False) == tuple(names)


@given(st.text(min_size=1, max_size=300).filter(lambda name: "\0" not in name and "/" not in name), st.integers(2, 999))
def test_other_name_is_another_and_not_too_long(name: str, number: int) -> None:
    """The name for a second file differs from the first's, keeps the extension, and fits."""
    name = name.encode("utf-8", "ignore").decode() or "x"
    extension = os.path.splitext(name)[1]
    other = other_name(name, number)

    assert other != name
    assert other.endswith(f" ({number}){extension}")
    assert len(os.fsencode(other)) <= max(255, len(os.fsencode(f" ({number}){extension}")))


@given(st.text())
def test_description_of_a_job_is_printable_ascii(path: str) -> None:
    """Whatever the file name, the job's description is one that the protocol takes."""
    description = describe(write_path(path))

    assert len(description) <= 1024
    assert all(" " <= character <= "~" for character in description)


def test_description_of_a_job_is_the_file_name() -> None:
    """As the founding workflow has it."""
    assert describe("Light/Blue/M33_Light_Blue_180sec__1x1_frame1.fit") == "M33_Light_Blue_180sec__1x1_frame1.fit"
