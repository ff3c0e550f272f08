"""Three forms of the same rows, and names that cannot steer a terminal."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldframe.cli.output import Column, display_width, fold, moment_column, open_printer, size_column

COLUMNS = (size_column(), moment_column("modified_at", "MODIFIED"), Column("file_path", "PATH"), Column("archive_id"))
ROW = {"size": 2048, "modified_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "file_path": "a b", "archive_id": None}
NASTY = "\x1b[31mred\x07\r\n\u202egnp.exe\x9b2J"


class Terminal(io.StringIO):
    """A stream that claims to be one."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """It claims so."""
        return True


class Pipe(io.StringIO):
    """A stream that is none."""

    encoding = "utf-8"


def printed(form: str, *rows: dict[str, object], stream: io.StringIO | None = None, width: int | None = None) -> str:
    """What a printer makes of rows."""
    stream = stream or Pipe()
    printer = open_printer(form, COLUMNS, stream=stream, width=width)
    for row in rows:
        printer.row(row)
    printer.end()
    return stream.getvalue()


def test_json_is_one_object_per_line_with_moments_in_utc() -> None:
    """Keys are stable, nothing is left out, moments are the protocol's."""
    (line,) = printed("json", ROW).splitlines()
    assert json.loads(line) == {
        "size": 2048,
        "modified_at": "2026-01-02T03:04:05.000Z",
        "file_path": "a b",
        "archive_id": None,
    }


def test_csv_has_a_heading_and_round_trips_any_name() -> None:
    """What a spreadsheet or a script reads is exactly the name, on a pipe."""
    text = printed("csv", ROW | {"file_path": f'x,"{NASTY}'})
    heading, row = csv.reader(io.StringIO(text, newline=""))
    assert heading == ["size", "modified_at", "file_path", "archive_id"]
    assert row == ["2048", "2026-01-02T03:04:05.000Z", f'x,"{NASTY}', ""]


def test_table_aligns_sizes_to_the_right_and_names_to_the_left() -> None:
    """A table is for eyes."""
    lines = printed("table", ROW, ROW | {"size": 5}).splitlines()
    assert lines[0].split() == ["SIZE", "MODIFIED", "PATH"]
    assert lines[1].startswith("  2.0 KiB  ")
    assert lines[2].startswith("      5 B  ")
    assert lines[1].index("a b") == lines[0].index("PATH")


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_control_characters_never_reach_a_terminal(form: str) -> None:
    """Whatever a name holds, the terminal sees letters (reliability H9)."""
    text = printed(form, ROW | {"file_path": NASTY}, stream=Terminal(), width=200)
    assert not set(text) & set("\x1b\x07\r\u202e\x9b")


@pytest.mark.parametrize("form", ["table", "json"])
def test_control_characters_stay_escaped_on_a_pipe(form: str) -> None:
    """A table or JSON may end on a terminal after all, by way of a pager."""
    text = printed(form, ROW | {"file_path": NASTY})
    assert not set(text) & set("\x1b\x07\r\u202e\x9b")
    if form == "json":
        assert json.loads(text)["file_path"] == NASTY


def test_table_without_rows_prints_nothing() -> None:
    """No heading over nothing."""
    assert printed("table") == ""


def test_table_streams_after_its_sample() -> None:
    """Only the first rows are held back."""
    stream = Pipe()
    printer = open_printer("table", COLUMNS, stream=stream)
    for _ in range(100):
        printer.row(ROW)
    assert len(stream.getvalue().splitlines()) == 101


def test_live_table_shows_each_row_at_once() -> None:
    """A long job's first file does not wait for the sixty-fourth."""
    stream = Pipe()
    printer = open_printer("table", COLUMNS, stream=stream, is_live=True)
    printer.row(ROW)
    assert "a b" in stream.getvalue()


@given(st.text(max_size=300), st.integers(20, 120))
def test_fold_keeps_every_character_within_the_width(text: str, width: int) -> None:
    """On a narrow terminal nothing is lost and nothing sticks out."""
    front = "  1.0 KiB  2026-01-02 03:04  "
    lines = fold(front, text, width)
    assert "".join(line.strip() for line in lines).replace(" ", "").startswith(front[:width].replace(" ", ""))
    assert sum(line.count("x") for line in lines) == text.count("x")
    if len(lines) > 1:
        assert all(display_width(line) <= max(width, 4) for line in lines)


def test_fold_puts_a_long_name_below_where_there_is_no_room_beside() -> None:
    """A terminal of 40 cells still shows the whole name."""
    lines = fold("  1.0 KiB  2026-01-02 03:04  ", "Subs/Light/M33_Light_Blue_180sec__1x1_frame1.fit", 40)
    assert len(lines) == 3
    assert "".join(line.strip() for line in lines[1:]) == "Subs/Light/M33_Light_Blue_180sec__1x1_frame1.fit"


def test_display_width_counts_wide_and_combining_characters() -> None:
    """Columns stay aligned under any script."""
    assert [display_width(text) for text in ("abc", "星雲", "e\u0301")] == [3, 4, 1]


def test_json_is_ascii_where_the_stream_cannot_carry_more() -> None:
    """A Latin-1 pipe gets escapes instead of an error."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", newline="")
    printer = open_printer("json", COLUMNS, stream=stream)
    printer.row(ROW | {"file_path": "星雲"})
    stream.seek(0)
    assert json.loads(stream.read())["file_path"] == "星雲"
