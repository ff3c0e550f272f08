"""On a terminal: bars, prompts, narrow windows, Ctrl-C; and without one: none of them."""

from __future__ import annotations

import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from fcntl import ioctl
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from coldframe.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli.conftest import Ran

SLOW = ("--limit-rate", "1MiB/s", "--part-size", "1MiB", "--jobs", "2")


def _take_terminal() -> None:
    """Make standard input the controlling terminal, so that Ctrl-C arrives as a signal.

    Whoever runs the tests in the background of a script has taught them to ignore it; a command on a terminal is not.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    ioctl(0, termios.TIOCSCTTY, 0)


class Session:
    """A command on a pseudo-terminal of so many columns."""

    def __init__(self, *arguments: str, columns: int = 80) -> None:
        """Start it."""
        self.seen = ""
        self._clock = SystemClock()
        self._master, slave = pty.openpty()
        ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environ = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "coldframe", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environ, "TERM": "xterm"},
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - the test runs no threads of its own
        )
        os.close(slave)

    def read_until(self, text: str, *, seconds: float = 30) -> str:
        """What is on the screen until `text` shows."""
        end = self._clock.monotonic() + seconds
        while text not in self.seen:
            if self._clock.monotonic() > end or not self._read():
                raise AssertionError(f"{text!r} never came; there was {self.seen!r}")
        return self.seen

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._master, keys.encode())

    def insist(self, keys: str, *, seconds: float = 60) -> int:
        """Type until the command ends; answers the exit code.

        A question is on the screen a moment before Python's `input` listens for signals, and a signal in between waits
        for the next key. A person takes longer to read the question than that; a test does not.
        """
        end = self._clock.monotonic() + seconds
        while self._process.poll() is None and self._clock.monotonic() < end:
            self.press(keys)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=3)
        return self.end()

    def end(self, *, seconds: float = 60) -> int:
        """Read to the end; answers the exit code."""
        end = self._clock.monotonic() + seconds
        while self._clock.monotonic() < end and self._read():
            pass
        return self._process.wait(timeout=10)

    def close(self) -> None:
        """End it for certain."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._master)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], 0.5)
        if not ready:
            return self._process.poll() is None
        with suppress(OSError):  # Linux answers EIO when the other side has closed
            if data := os.read(self._master, 65536):
                self.seen += data.decode("utf-8", "replace")
                return True
        return False


@pytest.fixture
def terminal(home: Path) -> Iterator[Callable[..., Session]]:
    """Start commands on terminals."""
    sessions: list[Session] = []

    def start(*arguments: str, columns: int = 80) -> Session:
        sessions.append(Session(*arguments, columns=columns))
        return sessions[-1]

    yield start
    for session in sessions:
        session.close()


@pytest.fixture
def big(cli: Callable[..., Ran]) -> Path:
    """A file that takes a while at SLOW, and a vault for it."""
    assert cli("vault", "create", "astro").code == 0
    path = Path("big.fit")
    path.write_bytes(os.urandom(6 * 1024 * 1024 + 17))
    return path


def test_terminal_shows_bars_and_takes_them_away(terminal: Callable[..., Session], big: Path) -> None:
    """Progress is drawn while the job runs; at the end the last line stands alone, with the cursor back."""
    session = terminal("archive", "big.fit", "-v", "astro", "--limit-rate", "6MiB/s", "--part-size", "1MiB")
    session.read_until("big.fit")
    assert session.end() == 0
    assert "1 file archived in astro" in session.seen
    assert "of 6.0 MiB" in session.seen
    assert session.seen.count("\x1b[?25h") >= session.seen.count("\x1b[?25l")


def test_terminal_asks_before_it_retrieves(terminal: Callable[..., Session], archived: Path) -> None:
    """The plan is shown, then the question; no is respected, yes is done."""
    session = terminal("retrieve", "Blue", "--into", "back")
    assert "3 retrieval jobs" in session.read_until("[y/N]")
    session.press("n\n")
    assert session.end() == 1
    assert not Path("back").exists()
    session = terminal("retrieve", "Blue", "--into", "back")
    session.read_until("[y/N]")
    session.press("y\n")
    assert session.end() == 0
    assert "3 files retrieved" in session.seen
    assert len(list(Path("back").rglob("*.fit"))) == 3


def test_terminal_asks_before_a_raw_operation_that_cannot_be_undone(
    terminal: Callable[..., Session], cli: Callable[..., Ran]
) -> None:
    """Whoever sits there is asked; a program that names the operation means it (ADR 29)."""
    deletion = ("api", "DeleteVault", "--vault-name", "v")
    assert cli("vault", "create", "v").code == 0
    session = terminal(*deletion)
    assert "cannot be undone" in session.read_until("[y/N]")
    session.press("n\n")
    assert session.end() == 1
    assert cli("vault", "show", "v").code == 0
    assert terminal(*deletion, "--yes").end() == 0
    assert cli("vault", "create", "v").code == 0
    assert cli(*deletion).code == 0
    assert cli("vault", "list").code == 4


def test_terminal_that_is_narrow_still_shows_whole_names(terminal: Callable[..., Session], archived: Path) -> None:
    """Forty columns fold a long name; no line is longer than the window."""
    session = terminal("ls", "Blue", "frame1", columns=40)
    assert session.end() == 0
    lines = session.seen.replace("\r", "").splitlines()
    assert all(len(line) <= 40 for line in lines)
    assert "M33_Light_Blue_180sec__1x1_frame1.fit" in "".join(line.strip() for line in lines)


def test_ctrl_c_at_a_question_changes_nothing(terminal: Callable[..., Session], archived: Path) -> None:
    """Exit 130, no traceback, nothing ordered."""
    session = terminal("retrieve", "Blue", "--into", "back")
    session.read_until("[y/N]")
    assert session.insist("\x03") == 130
    assert "Traceback" not in session.seen
    assert not Path("back").exists()


def test_ctrl_c_once_finishes_the_parts_and_the_next_run_carries_on(
    terminal: Callable[..., Session], cli: Callable[..., Ran], big: Path
) -> None:
    """Exit 130; confirmed parts are not sent again."""
    session = terminal("archive", "big.fit", "-v", "astro", *SLOW)
    session.read_until("of 6.0 MiB")
    session.read_until("left")
    session.press("\x03")
    session.read_until("press Ctrl-C again to stop now")
    assert session.end() == 130
    assert "The same command carries on" in session.seen
    assert "Traceback" not in session.seen
    (leftover,) = cli("cleanup", "--dry-run", "-o", "json").rows
    assert leftover["resumable"] is True
    assert leftover["size"] > 0
    ran = cli("archive", "big.fit", "-v", "astro")
    assert ran.code == 0, ran.err
    assert cli("cleanup", "--dry-run", "-o", "json").rows == []
    assert cli("verify", "big.fit", "-v", "astro").code == 0


def test_ctrl_c_twice_stops_at_once(terminal: Callable[..., Session], cli: Callable[..., Ran], big: Path) -> None:
    """The second one waits for nothing; what was confirmed is kept all the same."""
    session = terminal("archive", "big.fit", "-v", "astro", "--limit-rate", "64KiB/s", "--part-size", "1MiB")
    session.read_until("of 6.0 MiB")
    session.press("\x03")
    session.read_until("press Ctrl-C again")
    session.press("\x03")
    assert session.end(seconds=5) == 130
    assert "Traceback" not in session.seen
    assert cli("archive", "big.fit", "-v", "astro").code == 0


def test_sigterm_without_a_terminal_ends_gently(cli: Callable[..., Ran], big: Path) -> None:
    """Exit 143, with words on standard error, and the same command carries on."""
    process = subprocess.Popen(
        [sys.executable, "-m", "coldframe", "archive", "big.fit", "-v", "astro", *SLOW, "--debug"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for _ in range(200):
        if cli("cleanup", "--dry-run", "-o", "json").rows:
            break
        SystemClock().sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "Traceback" not in err
    assert cli("archive", "big.fit", "-v", "astro").code == 0


def test_pipes_get_no_escapes_and_no_bars(program: Callable[..., Ran], archived: Path) -> None:
    """Without a terminal nothing is drawn, whatever TERM says."""
    for arguments in (["archive", "Subs", "-v", "astro"], ["ls"], ["retrieve", "Blue", "--into", "b", "--yes"]):
        ran = program(*arguments, env={"TERM": "xterm-256color", "FORCE_COLOR": "1"})
        assert ran.code == 0
        assert "\x1b" not in ran.out + ran.err


def test_reader_that_leaves_early_is_no_error(cli: Callable[..., Ran], archived: Path) -> None:
    """`ls | head -1` is silent and succeeds."""
    command = f"'{sys.executable}' -m coldframe ls -o json | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "POSIX"])
def test_any_locale_prints_any_name(program: Callable[..., Ran], archived: Path, locale: str) -> None:
    """Names beyond ASCII do not break a listing where the locale knows no more."""
    ran = program("ls", "notes", env={"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})
    assert ran.code == 0, ran.err
    assert "notes/empty.txt" in ran.out


def test_unexpected_errors_are_told_in_a_line_and_with_debug_in_full(program: Callable[..., Ran], home: Path) -> None:
    """No traceback unless it is wanted."""
    (home / "catalog.sqlite").mkdir()
    assert "Traceback" not in program("ls").err
    ran = program("ls", "--debug")
    assert ran.code != 0
    assert "Traceback" in ran.err
