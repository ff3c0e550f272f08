"""What an agent can be asked for, whatever the system; and how its programs are run."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from coldframe.errors import AgentUnavailable
from coldframe.files import durable_write, ensure_folder

if TYPE_CHECKING:
    from coldframe.composition.agents.files import AgentSpec
    from coldframe.files import Files

_SECONDS = 60.0


class State(StrEnum):
    """How an agent is."""

    RUNNING = "running"  # its process is there
    STOPPED = "stopped"  # installed, and not running now: it has ended well, or waits to be started
    FAILED = "failed"  # installed, and its process ended with an error
    ABSENT = "not installed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStatus:
    """How an agent is, and where its file lies.

    Args:
        name: The agent's, as the system's own tools know it.
        state: How it is.
        path: Its file; None where the system keeps it itself.
        pid: Its process, while it runs.
        detail: What the system says about it.
    """

    name: str
    state: State
    path: str | None = None
    pid: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What an installation has done.

    Args:
        path: The file; None where the system keeps it itself.
        is_new: Whether anything was changed.
        hints: What the user may want to know or do.
    """

    path: str | None
    is_new: bool
    hints: tuple[str, ...] = ()


class Agent(Protocol):
    """An agent of one system's service manager. All methods raise `AgentUnavailable` where it is not to be had."""

    name: str

    def render(self, spec: AgentSpec) -> tuple[str, bytes]:
        """Where its file would lie, or what takes it, and what would be in it."""
        ...

    def install(self, spec: AgentSpec) -> Installed:
        """Write and start it; one that is there is replaced, one that is the same is only started.

        If it cannot be started, it is as if it had not been tried.
        """
        ...

    def status(self) -> AgentStatus:
        """How it is."""
        ...

    def remove(self) -> bool:
        """Stop it and leave nothing of it; answers whether anything was there."""
        ...


@dataclass(frozen=True, slots=True)
class Done:
    """What a program has answered."""

    code: int
    out: str
    err: str

    @property
    def why(self) -> str:
        """What it says of a failure, in one line."""
        lines = (self.err.strip() or self.out.strip()).splitlines()
        return lines[0].strip().rstrip(".") + "." if lines else f"it ended with {self.code}."


def run(*command: str) -> Done:
    """Run a program of the system.

    Raises:
        AgentUnavailable: It is not there, or does not answer.
    """
    try:
        done = subprocess.run(  # noqa: S603 - programs of the system, with words of ours
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise AgentUnavailable(f"There is no {command[0]} here.") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AgentUnavailable(f"{command[0]} does not answer: {error}.") from error
    return Done(done.returncode, done.stdout, done.stderr)


def require(*command: str) -> Done:
    """Run a program of the system that must succeed.

    Raises:
        AgentUnavailable: It does not.
    """
    done = run(*command)
    if done.code:
        raise AgentUnavailable(f"{' '.join(command)}: {done.why}")
    return done


class AgentFile:
    """The file of an agent: written whole, and put back if the system does not take it.

    Args:
        files: Change it.
        path: Where it lies.
    """

    def __init__(self, files: Files, path: str) -> None:
        """Store the arguments."""
        self.path = path
        self._files = files

    def read(self) -> bytes | None:
        """What is in it; None if it is not there."""
        try:
            with open(self.path, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def write(self, content: bytes | None) -> None:
        """Put this in it; None removes it."""
        folder, name = os.path.split(self.path)
        if content is None:
            with suppress(FileNotFoundError):
                self._files.unlink(self.path)
            return
        ensure_folder(self._files, folder)
        durable_write(self._files, folder, name, [content])
