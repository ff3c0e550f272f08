"""A systemd user unit: it runs while the user is logged in, or always, if the user lingers."""

from __future__ import annotations

import getpass
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from coldframe.composition.agents.agent import AgentFile, AgentStatus, Installed, State, require, run
from coldframe.composition.agents.files import render_unit
from coldframe.errors import AgentUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coldframe.composition.agents.files import AgentSpec
    from coldframe.files import Files

_CRON = "Without it, let cron do it: */15 * * * * coldframe watch --once"
_SHOWN = ("LoadState", "ActiveState", "SubState", "MainPID", "Result")


class SystemdAgent:
    """Implements `Agent`.

    Args:
        name: The agent's.
        files: Write and remove the unit.
        environ: Tells where the user's units lie.
    """

    def __init__(self, name: str, *, files: Files, environ: Mapping[str, str]) -> None:
        """Store the arguments."""
        self.name = f"{name}.service"
        base = environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
        self._folder = os.path.join(base, "systemd", "user")
        self._files = files
        self._file = AgentFile(files, os.path.join(self._folder, self.name))

    def render(self, spec: AgentSpec) -> tuple[str, bytes]:
        """The path of the unit, and the unit."""
        return self._file.path, render_unit(spec)

    def install(self, spec: AgentSpec) -> Installed:
        """Write the unit, have it started at login, and start it now."""
        self._require_manager()
        before, (path, unit) = self._file.read(), self.render(spec)
        is_new = unit != before
        if is_new:
            self._file.write(unit)
        try:
            require("systemctl", "--user", "daemon-reload")
            require("systemctl", "--user", "enable", self.name)
            require("systemctl", "--user", "restart" if is_new else "start", self.name)
        except AgentUnavailable:
            self._undo(before)
            raise
        return Installed(path=path, is_new=is_new, hints=_linger_hint())

    def status(self) -> AgentStatus:
        """What systemd knows of the unit."""
        if self._file.read() is None:
            return AgentStatus(name=self.name, state=State.ABSENT)
        self._require_manager()
        shown = require("systemctl", "--user", "show", self.name, f"--property={','.join(_SHOWN)}").out
        found = dict(line.partition("=")[::2] for line in shown.splitlines())
        pid = int(found.get("MainPID") or 0) or None
        return AgentStatus(
            name=self.name,
            state=_state(found.get("ActiveState", ""), has_process=pid is not None),
            path=self._file.path,
            pid=pid,
            detail=f"{found.get('ActiveState')} ({found.get('SubState')}), {found.get('Result')}",
        )

    def remove(self) -> bool:
        """Stop and disable the unit; where no systemd answers, its files are all that there is."""
        was_there = self._file.read() is not None
        with suppress(AgentUnavailable):
            run("systemctl", "--user", "disable", "--now", self.name)
        self._file.write(None)
        with suppress(FileNotFoundError):
            self._files.unlink(os.path.join(self._folder, "default.target.wants", self.name))
        with suppress(AgentUnavailable):
            run("systemctl", "--user", "daemon-reload")
            run("systemctl", "--user", "reset-failed", self.name)
        return was_there

    def _require_manager(self) -> None:
        """Make sure that the user's own systemd answers, before anything is written."""
        try:
            done = run("systemctl", "--user", "show-environment")
        except AgentUnavailable as error:
            raise AgentUnavailable(f"{error} This system is not run by systemd. {_CRON}") from error
        if done.code:
            raise AgentUnavailable(
                f"The systemd of your own user does not answer: {done.why} Log in as yourself rather than with su or "
                f"sudo, or run `loginctl enable-linger` first. {_CRON}"
            )

    def _undo(self, before: bytes | None) -> None:
        if before is None:
            self.remove()
        else:
            self._file.write(before)
            with suppress(AgentUnavailable):
                run("systemctl", "--user", "daemon-reload")


def _state(active: str, *, has_process: bool) -> State:
    if active in {"active", "reloading", "deactivating"} or has_process:
        return State.RUNNING
    return State.STOPPED if active == "inactive" else State.FAILED  # "activating" is the pause before the next try


def _linger_hint() -> tuple[str, ...]:
    """How to have it run while nobody is logged in, if it would not."""
    try:
        done = run("loginctl", "show-user", getpass.getuser(), "--property=Linger", "--value")
    except AgentUnavailable:
        return ()
    if done.code or done.out.strip() != "no":
        return ()
    return ("It runs while you are logged in. To have it run always, also after a restart: loginctl enable-linger",)
