"""A scheduled task of Windows: it starts when the user logs on."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

from coldframe.composition.agents.agent import AgentStatus, Installed, State, require, run
from coldframe.composition.agents.files import render_task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coldframe.composition.agents.files import AgentSpec
    from coldframe.files import Files

_STATES = {"1": State.STOPPED, "2": State.RUNNING, "3": State.STOPPED, "4": State.RUNNING}
"""Of `MSFT_ScheduledTask`: disabled, queued, ready, running. Numbers, since the words are in the system's language."""
_RUNNING_RESULTS = {"0", "267009", "267011"}  # done; runs; has not run yet


class ScheduledAgent:
    """Implements `Agent`. Windows keeps the task; our file lives only while it is read.

    Args:
        name: The task's.
        files: Remove the file again.
        environ: Tells whose the task is.
    """

    def __init__(self, name: str, *, files: Files, environ: Mapping[str, str]) -> None:
        """Store the arguments."""
        self.name = name
        self._files = files
        domain, user = environ.get("USERDOMAIN", ""), environ.get("USERNAME", "")
        self._user = f"{domain}\\{user}" if domain else user

    def render(self, spec: AgentSpec) -> tuple[str, bytes]:
        """The name of the task, and its XML."""
        return self.name, render_task(spec, user=self._user)

    def install(self, spec: AgentSpec) -> Installed:
        """Hand the task to the scheduler, in place of a former one, and start it."""
        with tempfile.TemporaryDirectory(prefix="coldframe-") as folder:
            path = os.path.join(folder, "task.xml")
            with open(path, "wb") as file:
                file.write(self.render(spec)[1])
            run("schtasks", "/End", "/TN", self.name)
            require("schtasks", "/Create", "/TN", self.name, "/XML", path, "/F")
        require("schtasks", "/Run", "/TN", self.name)
        return Installed(path=None, is_new=True)

    def status(self) -> AgentStatus:
        """What the scheduler knows of the task."""
        script = (
            f"$t = Get-ScheduledTask -TaskName '{self.name}' -ErrorAction Stop; "
            "'{0:d} {1}' -f $t.State, ($t | Get-ScheduledTaskInfo).LastTaskResult"
        )
        done = run("powershell", "-NoProfile", "-NonInteractive", "-Command", script)
        if done.code:
            return AgentStatus(name=self.name, state=State.ABSENT)
        number, _, result = done.out.strip().partition(" ")
        state = _STATES.get(number, State.STOPPED)
        if state is State.STOPPED and result not in _RUNNING_RESULTS:
            state = State.FAILED
        return AgentStatus(name=self.name, state=state, detail=f"last result {result}")

    def remove(self) -> bool:
        """End the task and have the scheduler forget it."""
        if run("schtasks", "/Query", "/TN", self.name).code:
            return False
        run("schtasks", "/End", "/TN", self.name)
        require("schtasks", "/Delete", "/TN", self.name, "/F")
        return True
