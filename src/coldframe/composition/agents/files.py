"""What the three systems want to read, from one description. Pure: they render anywhere, and are tested everywhere."""

from __future__ import annotations

import plistlib
import subprocess
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from coldframe.errors import BadUsage
from coldframe.names import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

RESTART_SECONDS = 60
_STOP_SECONDS = 90
_ODD = frozenset("'\"\\")
_SPECIAL = {"\\": "\\\\", '"': '\\"', "%": "%%"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSpec:
    """What is to run.

    Args:
        name: The agent's, of letters, digits and `-`.
        program: The program and its arguments.
        environment: What it finds in its environment, on top of what the system gives.
        description: What people are shown.
    """

    name: str
    program: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    description: str = "Coldframe: carry on open orders"

    def __post_init__(self) -> None:
        """Refuse what not all three systems can hold.

        Raises:
            BadUsage: A word holds control characters, or is no Unicode.
        """
        for word in (*self.program, *self.environment.values()):
            if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in word):
                raise BadUsage(f"{printable(word)} holds characters that the system's service manager cannot hold.")


def render_unit(spec: AgentSpec) -> bytes:
    """A systemd user unit; quoting as systemd.syntax(7), systemd.unit(5) and systemd.service(5) demand.

    Specifiers (`%`) are everywhere, variables (`$`) only in arguments: neither in the program's own path nor in the
    environment. A path with quotes or backslashes may not be the program's own; then env(1) starts it.
    """
    first, *others = ("/usr/bin/env", *spec.program) if _ODD & set(spec.program[0]) else spec.program
    command = " ".join([_quoted(first), *(_quoted(word).replace("$", "$$") for word in others)])
    environment = "".join(f"Environment={_quoted(f'{name}={value}')}\n" for name, value in spec.environment.items())
    return (
        "# Made by `coldframe watch install`; `coldframe watch remove` takes it away.\n\n"
        "[Unit]\n"
        f"Description={spec.description.replace('%', '%%')}\n\n"
        "[Service]\n"
        "Type=exec\n"
        f"ExecStart={command}\n"
        f"{environment}"
        "Restart=on-failure\n"
        f"RestartSec={RESTART_SECONDS}\n"
        "# 2: the configuration is wrong, and no repetition mends that; 143: stopped by SIGTERM, as it should be\n"
        "RestartPreventExitStatus=2\n"
        "SuccessExitStatus=143\n"
        "KillMode=mixed\n"
        f"TimeoutStopSec={_STOP_SECONDS}\n"
        "Nice=10\n\n"
        "[Install]\n"
        "WantedBy=default.target\n"
    ).encode()


def render_plist(spec: AgentSpec) -> bytes:
    """A launchd agent, launchd.plist(5). It starts at login, and again when it fails."""
    return plistlib.dumps(
        {
            "Label": spec.name,
            "ProgramArguments": list(spec.program),
            "EnvironmentVariables": dict(spec.environment),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": RESTART_SECONDS,
            "ExitTimeOut": _STOP_SECONDS,
            "ProcessType": "Background",
        },
        sort_keys=False,
    )


def render_task(spec: AgentSpec, *, user: str) -> bytes:
    """A scheduled task of Windows, as `schtasks /XML` reads it: UTF-16 with a mark.

    A task has no environment of its own, so the program takes it as arguments. No limit of time, no stop on batteries.

    Args:
        spec: What is to run.
        user: Whose it is, with its domain.
    """
    program, *words = spec.program
    words += [word for name, value in spec.environment.items() for word in ("--env", f"{name}={value}")]
    text = _TASK.format(
        description=escape(spec.description),
        user=escape(user),
        program=escape(program),
        arguments=escape(subprocess.list2cmdline(words)),
        minutes=RESTART_SECONDS // 60,
    )
    return text.replace("\n", "\r\n").encode("utf-16")


def _quoted(word: str) -> str:
    return '"' + "".join(_SPECIAL.get(letter, letter) for letter in word) + '"'


_TASK = """\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>{description}</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
      <UserId>{user}</UserId>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{user}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>8</Priority>
    <RestartOnFailure>
      <Interval>PT{minutes}M</Interval>
      <Count>255</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{program}</Command>
      <Arguments>{arguments}</Arguments>
    </Exec>
  </Actions>
</Task>
"""
