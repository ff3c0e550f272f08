"""A launchd agent of macOS: it runs while the user is logged in."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from coldframe.composition.agents.agent import AgentFile, AgentStatus, Installed, State, require, run
from coldframe.composition.agents.files import render_plist
from coldframe.errors import AgentUnavailable

if TYPE_CHECKING:
    from coldframe.clock import Clock
    from coldframe.composition.agents.files import AgentSpec
    from coldframe.files import Files

_TRIES = 10
_FOUND = re.compile(r"^\s*(state|pid|last exit code) = (.+)$", re.MULTILINE)


class LaunchdAgent:
    """Implements `Agent`.

    Args:
        name: The agent's, which is its label.
        files: Write and remove the property list.
        clock: Passes the seconds that launchd takes to let go of a former agent.
        uid: Whose it is.
    """

    def __init__(self, name: str, *, files: Files, clock: Clock, uid: int) -> None:
        """Store the arguments."""
        self.name = name
        self._clock = clock
        self._domain = f"gui/{uid}"
        folder = os.path.join(os.path.expanduser("~"), "Library", "LaunchAgents")
        self._file = AgentFile(files, os.path.join(folder, f"{name}.plist"))

    def render(self, spec: AgentSpec) -> tuple[str, bytes]:
        """The path of the property list, and the list."""
        return self._file.path, render_plist(spec)

    def install(self, spec: AgentSpec) -> Installed:
        """Write the property list and load it, which starts it."""
        before, (path, plist) = self._file.read(), self.render(spec)
        loaded = run("launchctl", "print", self._target).code == 0
        if plist == before and loaded:
            require("launchctl", "kickstart", self._target)
            return Installed(path=path, is_new=False)
        if loaded:
            run("launchctl", "bootout", self._target)
        self._file.write(plist)
        try:
            require("launchctl", "enable", self._target)
            self._load(path)
        except AgentUnavailable:
            self._file.write(before)
            raise
        return Installed(path=path, is_new=True)

    def status(self) -> AgentStatus:
        """What launchd knows of the agent."""
        if self._file.read() is None:
            return AgentStatus(name=self.name, state=State.ABSENT)
        done = run("launchctl", "print", self._target)
        found = dict(_FOUND.findall(done.out)) if done.code == 0 else {"state": "not loaded"}
        pid = found.get("pid", "")
        is_well = found.get("last exit code", "0").startswith(("0", "(never exited)"))
        state = State.RUNNING if pid.isdecimal() else State.STOPPED if is_well else State.FAILED
        detail = ", ".join(f"{name} {value}" for name, value in found.items() if name != "pid")
        return AgentStatus(
            name=self.name, state=state, path=self._file.path, pid=int(pid) if pid.isdecimal() else None, detail=detail
        )

    def remove(self) -> bool:
        """Unload it, which stops it, and remove its file."""
        was_there = self._file.read() is not None
        run("launchctl", "bootout", self._target)
        self._file.write(None)
        return was_there

    @property
    def _target(self) -> str:
        return f"{self._domain}/{self.name}"

    def _load(self, path: str) -> None:
        """Load it; for a moment after an unloading launchd refuses."""
        for attempt in range(_TRIES):
            done = run("launchctl", "bootstrap", self._domain, path)
            if done.code == 0:
                return
            if attempt < _TRIES - 1:
                self._clock.sleep(1)
        raise AgentUnavailable(
            f"launchctl bootstrap {self._domain}: {done.why} An agent belongs to a user who is logged in at the "
            "screen; over ssh alone there is none. Without it, let cron do it: */15 * * * * coldframe watch --once"
        )
