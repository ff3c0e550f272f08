"""Archive IDs on standard input, in every form they come in."""

from __future__ import annotations

import pytest

from coldframe.cli.ids import read_ids
from coldframe.errors import BadUsage, NothingMatched


@pytest.mark.parametrize(
    "text",
    [
        '{"archive_id": "a"}\n{"archive_id": "b", "size": 5}\n{"archive_id": "a"}\n',
        '\ufeff{"ArchiveId": "a"}\n\n{"ArchiveId": "b"}',
        "archive_id,size\na,1\nb,2\n",
        '"FilePath","ArchiveId","Checksum"\r\n"x,\ny","a","0"\r\n"z","b","0"\r\n',
        "a\nb\n\na\n",
    ],
)
def test_ids_are_read_from_json_csv_and_plain_lines(text: str) -> None:
    """Each ID once, in order."""
    assert read_ids(text.splitlines(keepends=True)) == ("a", "b")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"archive_id": "a"}\n{"size": 1}\n', "Line 2"),
        ('{"archive_id": "a"}\nnonsense\n', "Line 2 of standard input is no JSON"),
        ("archive_id,size\n,1\n", "Line 2"),
    ],
)
def test_ids_that_are_missing_are_told_by_line(text: str, told: str) -> None:
    """A wrong line stops the command before it orders half."""
    with pytest.raises(BadUsage, match=told):
        read_ids(text.splitlines(keepends=True))


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_stream_is_no_mistake(text: str) -> None:
    """What was listed before it was nothing, so there is nothing to do."""
    with pytest.raises(NothingMatched, match="no archive ID"):
        read_ids(text.splitlines(keepends=True))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[{"archive_id": "a"}, {"size": 1}]', "Object 2 of standard input has no archive_id"),
        ("[{", "begins like a JSON array"),
        ("one,two\na,1\n", "Line 1 of standard input has no archive_id"),
    ],
)
def test_arrays_and_foreign_tables_are_told(text: str, told: str) -> None:
    """A table without the column is not taken for IDs."""
    with pytest.raises(BadUsage, match=told):
        read_ids(text.splitlines(keepends=True))


def test_an_array_is_read() -> None:
    """As `ConvertTo-Json` makes it of several objects."""
    assert read_ids('[\n {"ArchiveId": "a"},\n "b"\n]'.splitlines(keepends=True)) == ("a", "b")
