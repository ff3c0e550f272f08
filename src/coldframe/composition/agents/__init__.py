"""The watch as something that the system starts: a systemd unit, a launchd agent or a scheduled task (ADR 40)."""

from coldframe.composition.agents.agent import Agent, AgentStatus, Installed, State
from coldframe.composition.agents.files import AgentSpec, render_plist, render_task, render_unit
from coldframe.composition.agents.opening import left_behind, open_agent, watch_spec

__all__ = [
    "Agent",
    "AgentSpec",
    "AgentStatus",
    "Installed",
    "State",
    "left_behind",
    "open_agent",
    "render_plist",
    "render_task",
    "render_unit",
    "watch_spec",
]
