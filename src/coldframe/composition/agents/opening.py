"""Which agent this system has, and what it is to run."""

from __future__ import annotations

import hashlib
import os
import sys
from typing import TYPE_CHECKING

from coldframe.clock import SystemClock
from coldframe.composition.agents.files import AgentSpec
from coldframe.composition.stores import is_url
from coldframe.errors import AgentUnavailable
from coldframe.files import DiskFiles
from coldframe.settings import KEYS, PROFILE_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coldframe.clock import Clock
    from coldframe.composition.agents.agent import Agent
    from coldframe.files import Files
    from coldframe.settings import Home

_LINUX_NAME, _MAC_NAME = "coldframe-watch", "org.coldframe.watch"
_HOME = "COLDFRAME_HOME"
_PATHS = tuple(f"COLDFRAME_{name.upper()}" for name in ("inventory", "into", "prices", "seal_key", "log_file"))
_ELSEWHERE = (
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CA_BUNDLE",
    "PATH",  # the commands of hooks are looked for there
)
_SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_FILES = {"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", _HOME, *_PATHS}


def open_agent(
    environ: Mapping[str, str] | None = None,
    *,
    platform: str = sys.platform,
    files: Files | None = None,
    clock: Clock | None = None,
) -> Agent:
    """The agent of this system that watches for one coldframe home; nothing is asked of the system yet.

    Raises:
        AgentUnavailable: It is none of the three systems.
    """
    environ, files = os.environ if environ is None else environ, files or DiskFiles()
    if platform.startswith("linux"):
        from coldframe.composition.agents.systemd import SystemdAgent  # noqa: PLC0415 - one of three

        return SystemdAgent(_LINUX_NAME + _suffix(environ, "-"), files=files, environ=environ)
    if platform == "darwin":
        from coldframe.composition.agents.launchd import LaunchdAgent  # noqa: PLC0415 - as above

        uid = os.getuid() if hasattr(os, "getuid") else 0
        name = _MAC_NAME + _suffix(environ, ".")
        return LaunchdAgent(name, files=files, clock=clock or SystemClock(), uid=uid)
    if platform == "win32":
        from coldframe.composition.agents.scheduled import ScheduledAgent  # noqa: PLC0415 - as above

        return ScheduledAgent(_LINUX_NAME + _suffix(environ, "-"), files=files, environ=environ)
    raise AgentUnavailable(f"There is no agent for {platform}; let cron do it: */15 * * * * coldframe watch --once")


def watch_spec(
    home: Home,
    environ: Mapping[str, str] | None = None,
    *,
    options: Iterable[str] = (),
    has_log: bool = False,
    platform: str = sys.platform,
) -> AgentSpec:
    """What the agent runs: this coldframe, for this home, with the settings of this environment.

    Args:
        home: The home.
        environ: The environment.
        options: Further options of `watch`.
        has_log: Whether a log is configured. Where the system keeps no log of its agents there is one in any case.
        platform: The system.

    Raises:
        BadUsage: The system's service manager cannot hold one of the words.
    """
    environ = os.environ if environ is None else environ
    python = sys.executable
    if platform == "win32":  # the one that opens no window, if it is there
        windowless = os.path.join(os.path.dirname(python), "pythonw.exe")
        python = windowless if os.path.exists(windowless) else python
    words = [python, "-P", "-m", "coldframe", "watch", "--stay", *options]
    if not has_log and not platform.startswith("linux"):
        words += ["--log-file", os.path.join(home.data_folder, "watch.log")]
    prefix, suffix = (
        (_MAC_NAME, _suffix(environ, ".")) if platform == "darwin" else (_LINUX_NAME, _suffix(environ, "-"))
    )
    return AgentSpec(name=prefix + suffix, program=tuple(words), environment=_carried(environ))


def left_behind(environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The variables that hold secrets and therefore do not go into an agent's file."""
    environ = os.environ if environ is None else environ
    return tuple(name for name in _SECRETS if environ.get(name))


def _carried(environ: Mapping[str, str]) -> dict[str, str]:
    """What of the environment means the same to the agent, which runs in another folder."""
    names = (_HOME, PROFILE_VARIABLE, *(f"COLDFRAME_{name.upper()}" for name in KEYS), *_ELSEWHERE)
    return {name: _absolute(name, environ[name]) for name in names if environ.get(name)}


def _absolute(name: str, value: str) -> str:
    if name in _FILES or (name == "COLDFRAME_STORE" and not is_url(value)):
        return os.path.abspath(os.path.expanduser(value))
    return value


def _suffix(environ: Mapping[str, str], sign: str) -> str:
    """What tells the agents of several homes apart; the usual home has none."""
    home = environ.get(_HOME)
    if not home:
        return ""
    absolute = os.path.abspath(os.path.expanduser(home))
    return sign + hashlib.sha256(os.fsencode(absolute)).hexdigest()[:8]
