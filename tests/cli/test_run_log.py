"""`--log-file`: what a run did, for whoever was not there; it rotates, is shared, and never stops a run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from coldframe.composition.run_log import LogPlace, RunLog
from coldframe.errors import BadUsage
from coldframe.progress import Finished, Noted, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ran
    from coldframe.progress import Event
    from coldframe.testing.clock import FakeClock

_WRITE = """
import sys
from coldframe.composition.run_log import LogPlace, RunLog
log = RunLog(LogPlace(path=sys.argv[1], size=2000, keep=1000, form="json"), command=sys.argv[2])
for number in range(100):
    log.say(str(number))
"""


def _rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


def test_archive_logs_files_talk_and_end(cli: Callable[..., Ran], subs: Path, home: Path) -> None:
    """Each file that was archived, what was said, the exit code; unchanged files are only counted."""
    assert cli("vault", "create", "astro").code == 0
    for _ in range(2):
        assert cli("archive", "Subs", "-v", "astro", "--log-file", "run.log", "--log-form", "json").code == 0
    rows = _rows(subs.parent / "run.log")
    files = [row for row in rows if row["event"] == "file"]
    assert sorted(str(row["file_path"]) for row in files) == sorted(
        row["file_path"] for row in cli("ls", "-o", "json").rows
    )
    assert {(row["outcome"], row["command"]) for row in files} == {("archived", "archive")}
    assert any("10 unchanged" in str(row.get("text")) for row in rows)
    assert [row["exit_code"] for row in rows if row["event"] == "ended"] == [0, 0]


def test_error_that_ends_a_run_is_logged(cli: Callable[..., Ran], home: Path) -> None:
    """Cron throws the talk away; the log says why, with a time."""
    assert cli("archive", "nowhere", "-v", "astro", "--log-file", str(home / "run.log")).code == 2
    last = (home / "run.log").read_text(encoding="utf-8").splitlines()[-1]
    assert re.fullmatch(r"20\S+Z \d+ archive: ended with exit code 2: There is no nowhere .*", last)


def test_watch_logs_where_the_configuration_says(cli: Callable[..., Ran], archived: Path, home: Path) -> None:
    """`log_file` and its neighbours are keys like all others."""
    config = f'log_file = "{(home / "watch.log").as_posix()}"\nlog_form = "json"\ntiers = "amazon"\n'
    (home / "config.toml").write_text(config, encoding="utf-8")
    assert cli("retrieve", "Blue", "--into", "back", "--yes").code == 0
    assert cli("watch", "--once").code == 9
    assert [row["exit_code"] for row in _rows(home / "watch.log") if row["event"] == "ended"] == [9]


def test_text_log_has_one_line_for_each_event(tmp_path: Path, clock: FakeClock) -> None:
    """What names hold can neither break a line nor steer a terminal."""
    log = RunLog(LogPlace(path=str(tmp_path / "log")), command="archive", clock=clock)
    log.observe(Finished("a\n\u202eb.fit", 1, Outcome.FAILED, "it\nchanged"))
    log.observe(Finished("c.fit", 1, Outcome.UNCHANGED))
    log.observe(Noted("waiting"))
    lines = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("2040-01-01T00:00:00.000Z ")
    assert "failed: a" in lines[0]
    assert "\u202e" not in lines[0]


def test_log_rotates_by_size_and_keeps_so_many(tmp_path: Path, clock: FakeClock) -> None:
    """The newest lines are in the file itself, older ones in .1, .2; the oldest go."""
    path = tmp_path / "log"
    log = RunLog(LogPlace(path=str(path), size=200, keep=2), command="watch", clock=clock)
    for number in range(50):
        log.say(f"line {number}")
    files = sorted(each.name for each in tmp_path.iterdir() if each.name.startswith("log"))
    assert files == ["log", "log.1", "log.2"]
    assert all(each.stat().st_size <= 200 for each in (path, tmp_path / "log.1", tmp_path / "log.2"))
    numbers = [int(line.split()[-1]) for name in reversed(files) for line in (tmp_path / name).read_text().splitlines()]
    assert numbers == list(range(50 - len(numbers), 50))


def test_log_that_keeps_nothing_begins_anew(tmp_path: Path, clock: FakeClock) -> None:
    """`log_keep = 0` is one file, never beyond its size."""
    log = RunLog(LogPlace(path=str(tmp_path / "log"), size=200, keep=0), command="watch", clock=clock)
    for number in range(50):
        log.say(f"line {number}")
    assert [each.name for each in tmp_path.iterdir() if not each.name.startswith(".")] == ["log"]
    assert (tmp_path / "log").read_text(encoding="utf-8").endswith("line 49\n")


def test_processes_share_a_log_that_rotates(tmp_path: Path) -> None:
    """No line of four processes is lost or torn, and each process's lines are in order."""
    path = tmp_path / "log"
    command = [sys.executable, "-c", _WRITE, str(path)]
    writers = [subprocess.Popen([*command, name]) for name in "abcd"]
    assert [writer.wait() for writer in writers] == [0, 0, 0, 0]
    parts = sorted(tmp_path.glob("log*"), key=lambda each: -int(each.suffix[1:] or 0))
    rows = [row for part in parts for row in _rows(part)]
    assert len(parts) > 10
    for name in "abcd":
        assert [row["text"] for row in rows if row["command"] == name] == [str(n) for n in range(100)]


def test_log_that_cannot_begin_is_wrong_usage(tmp_path: Path) -> None:
    """A folder that is not there is told before anything is done."""
    with pytest.raises(BadUsage, match="no folder"):
        RunLog(LogPlace(path=str(tmp_path / "nowhere" / "log")), command="archive").begin()
    with pytest.raises(BadUsage, match="cannot be written"):
        RunLog(LogPlace(path=str(tmp_path)), command="archive").begin()


def test_log_that_breaks_later_stops_nothing(tmp_path: Path, clock: FakeClock) -> None:
    """It is told once; when it can be written again, it goes on."""
    told: list[Event] = []
    log = RunLog(LogPlace(path=str(tmp_path / "log")), command="archive", clock=clock, observer=told.append)
    log.begin()
    os.replace(tmp_path / "log", tmp_path / "away")
    (tmp_path / "log").mkdir()
    log.say("one")
    log.say("two")
    assert [isinstance(event, Noted) and "The run goes on" in event.text for event in told] == [True]
    (tmp_path / "log").rmdir()
    log.say("three")
    assert (tmp_path / "log").read_text(encoding="utf-8").endswith("archive: three\n")
