"""Who hears that an order is done or needs attention: commands, and whatever apprise can reach."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

from coldframe.names import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

APPRISE_ADVICE = "apprise is not installed; add it with: pip install 'coldframe[apprise]'"
_MOST_WORDS = 200
_MOST_BYTES = 4096
_KILL_SECONDS = 5.0


class NotTold(Exception):
    """Somebody could not be told; the text says why, and holds no secret."""


class Hearer(Protocol):
    """Somebody who can be told."""

    key: str
    """Tells hearers of one piece of news apart, durably, and says nothing about them."""

    def tell(self, facts: Mapping[str, Any]) -> None:
        """Tell it.

        Raises:
            NotTold: It was not heard, or nobody knows.
        """
        ...


class CommandHearer:
    """Implements `Hearer` by a program: facts as JSON on its standard input and in its environment.

    There is no shell. What it prints is thrown away, but for the last line of a failure. It belongs to a group of
    processes of its own, which ends with its time, so that Ctrl-C at ours leaves it alone.

    Args:
        command: The program and its arguments.
        timeout_seconds: So long it may take.
    """

    key = "command"

    def __init__(self, command: tuple[str, ...], *, timeout_seconds: float) -> None:
        """Store the arguments."""
        self._command = command
        self._timeout_seconds = timeout_seconds

    def tell(self, facts: Mapping[str, Any]) -> None:
        """Run the program."""
        name = printable(self._command[0])
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
            given.write(json.dumps(facts).encode("ascii") + b"\n")
            given.seek(0)
            try:
                process = subprocess.Popen(  # noqa: S603 - what the user's own configuration names, without a shell
                    self._command,
                    stdin=given,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **_variables(facts)},
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                raise NotTold(f"the hook {name} cannot be run: {getattr(error, 'strerror', None) or error}") from error
            try:
                code = process.wait(self._timeout_seconds)
            except subprocess.TimeoutExpired:
                raise NotTold(f"the hook {name} was not done after {self._timeout_seconds:g} seconds") from None
            finally:
                _end(process)
            if code:
                raise NotTold(f"the hook {name} failed with {code}{_last_line(said)}")


class AppriseHearer:
    """Implements `Hearer` by one apprise URL, of which nothing is ever shown but its number.

    Args:
        url: The URL.
        number: Which of the configured ones it is.
    """

    def __init__(self, url: str, number: int) -> None:
        """Store the arguments."""
        self.key = f"url {hashlib.sha256(url.encode()).hexdigest()[:16]}"
        self._url = url
        self._what = f"the notification by URL number {number}"

    def tell(self, facts: Mapping[str, Any]) -> None:
        """Have apprise send it."""
        with _quiet():
            self._send(facts)

    def _send(self, facts: Mapping[str, Any]) -> None:
        try:
            import apprise  # noqa: PLC0415 - an extra, and heavy
        except ImportError as error:
            raise NotTold(APPRISE_ADVICE) from error
        sender = apprise.Apprise()
        if not sender.add(self._url):
            raise NotTold(f"{self._what}: apprise does not understand it")
        kind = apprise.NotifyType.SUCCESS if facts["event"] == "done" else apprise.NotifyType.WARNING
        try:
            is_sent = sender.notify(title=facts["title"], body=facts["text"], notify_type=kind)
        except Exception as error:  # noqa: BLE001 - whatever its plugins raise; its text may hold the URL
            raise NotTold(f"{self._what} failed: {type(error).__name__}") from None
        if not is_sent:
            raise NotTold(f"{self._what} failed")


def has_apprise() -> bool:
    """Whether the extra is installed; it is not loaded."""
    from importlib.util import find_spec  # noqa: PLC0415 - only where somebody asks

    return find_spec("apprise") is not None


def _variables(facts: Mapping[str, Any]) -> dict[str, str]:
    """`COLDFRAME_ORDER_…`: no name of a setting begins so, and a coldframe that the hook runs is not misled."""
    told = {name.removeprefix("order_").upper(): value for name, value in facts.items() if not isinstance(value, list)}
    return {f"COLDFRAME_ORDER_{name}": _text(value) for name, value in told.items()}


def _text(value: object) -> str:
    return "" if value is None else str(value).replace("\x00", "").encode("utf-8", "replace").decode()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the program, those that it started included where the system can."""
    with suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        elif process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_KILL_SECONDS)


def _last_line(said: Any) -> str:
    said.seek(0, os.SEEK_END)
    said.seek(max(0, said.tell() - _MOST_BYTES))
    lines = said.read().decode("utf-8", "replace").strip().splitlines()
    return f": {printable(lines[-1][:_MOST_WORDS])}" if lines else ""


@contextmanager
def _quiet() -> Iterator[None]:
    """Apprise logs what it does, with pieces of URLs, and Python prints such lines; and it loads what is deprecated."""
    import logging  # noqa: PLC0415 - only here
    import warnings  # noqa: PLC0415 - as above

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
