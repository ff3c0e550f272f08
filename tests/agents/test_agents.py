"""Install, status and remove, against small stand-ins for the systems' own programs, found on the PATH."""

from __future__ import annotations

import os
import plistlib
import sys
from typing import TYPE_CHECKING

import pytest

from cli.conftest import cli, home  # noqa: F401 - fixtures
from coldframe.composition.agents import AgentSpec, State, open_agent
from coldframe.errors import AgentUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ran
    from coldframe.testing.clock import FakeClock

pytestmark = pytest.mark.skipif(os.name == "nt", reason="only on Windows: no sh")

_SPEC = AgentSpec(name="coldframe-watch", program=(sys.executable, "-m", "coldframe", "watch", "--stay"))

_SYSTEMCTL = """
case "$2" in
  show-environment) test ! -e $W/no-bus || { echo 'Failed to connect to bus: No medium found' >&2; exit 1; } ;;
  enable) touch $W/enabled ;;
  start|restart) test ! -e $W/broken || { echo 'Job failed. See journalctl.' >&2; exit 1; }; touch $W/running ;;
  disable) rm -f $W/enabled $W/running ;;
  show) if test -e $W/running
        then printf 'LoadState=loaded\\nActiveState=active\\nSubState=running\\nMainPID=42\\nResult=success\\n'
        else printf 'LoadState=loaded\\nActiveState=failed\\nSubState=failed\\nMainPID=0\\nResult=exit-code\\n'
        fi ;;
esac
"""
_LOGINCTL = "test ! -e $W/lingers && echo no || echo yes\n"
_LAUNCHCTL = """
case "$1" in
  print) test -e $W/loaded || exit 113
         printf '\\tstate = running\\n\\tpid = 42\\n\\tlast exit code = (never exited)\\n' ;;
  bootstrap) test ! -e $W/no-screen || { echo 'Bootstrap failed: 125: Domain does not support action' >&2; exit 125; }
             if test -e $W/busy; then rm $W/busy; exit 37; fi; touch $W/loaded ;;
  bootout) test -e $W/loaded || exit 3; rm $W/loaded ;;
esac
"""
_SCHTASKS = """
case "$1" in
  /Create) cp "$5" $W/task.xml ;;
  /Run) touch $W/running ;;
  /End) rm -f $W/running ;;
  /Query) test -e $W/task.xml ;;
  /Delete) rm $W/task.xml ;;
esac
"""
_POWERSHELL = "test -e $W/task.xml || exit 1\ntest -e $W/running && echo 4 267009 || echo 3 1\n"


class _System:
    """The programs of a system, what they were asked, and switches for their moods."""

    def __init__(self, folder: Path) -> None:
        self.world = folder / "world"
        self.programs = folder / "programs"
        self.world.mkdir()
        self.programs.mkdir()

    def program(self, name: str, body: str) -> None:
        """Add one that notes how it is called."""
        path = self.programs / name
        path.write_text(f'#!/bin/sh\nW="{self.world}"\necho "{name} $@" >> "$W/calls"\n{body}', encoding="utf-8")
        path.chmod(0o755)

    def switch(self, mood: str) -> None:
        """Turn a mood on."""
        (self.world / mood).touch()

    @property
    def moods(self) -> set[str]:
        """What is on."""
        return {path.name for path in self.world.iterdir()} - {"calls"}

    def calls(self, word: str) -> list[str]:
        """The calls that hold a word."""
        return [call for call in (self.world / "calls").read_text(encoding="utf-8").splitlines() if word in call]


@pytest.fixture
def system(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> _System:  # noqa: F811 - the fixture
    """All programs of all three systems, and a user's folder of its own."""
    made = _System(tmp_path)
    for name, body in (
        ("systemctl", _SYSTEMCTL),
        ("loginctl", _LOGINCTL),
        ("launchctl", _LAUNCHCTL),
        ("schtasks", _SCHTASKS),
        ("powershell", _POWERSHELL),
    ):
        made.program(name, body)
    monkeypatch.setenv("PATH", f"{made.programs}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return made


def _left(tmp_path: Path) -> list[str]:
    return [str(path) for path in (tmp_path / "user").rglob("*") if not path.is_dir()]


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_agent_is_installed_shown_and_removed(system: _System, tmp_path: Path, clock: FakeClock, platform: str) -> None:
    """Twice installed is once; removed, it leaves nothing."""
    agent = open_agent({"USERNAME": "ann", "USERDOMAIN": "HOME"}, platform=platform, clock=clock)
    assert agent.status().state is State.ABSENT
    for _ in range(2):
        installed = agent.install(_SPEC)
        assert agent.status().state is State.RUNNING
    if installed.path is not None:
        assert not installed.is_new
        with open(installed.path, "rb") as file:
            assert file.read() == agent.render(_SPEC)[1]
        assert agent.status().pid == 42
    else:
        assert (system.world / "task.xml").read_bytes() == agent.render(_SPEC)[1]
    assert agent.remove()
    assert not agent.remove()
    assert agent.status().state is State.ABSENT
    assert _left(tmp_path) == []
    assert system.moods == set()


def test_unit_that_changed_is_started_anew(system: _System) -> None:
    """The same one is only started if it does not run."""
    agent = open_agent({}, platform="linux")
    agent.install(_SPEC)
    agent.install(_SPEC)
    agent.install(AgentSpec(name="coldframe-watch", program=("/bin/true",)))
    assert [call.split()[2] for call in system.calls("start")] == ["restart", "start", "restart"]


def test_user_without_a_manager_gets_no_file(system: _System, tmp_path: Path) -> None:
    """No bus of the user, or no systemd at all: nothing is written, and the message says what else there is."""
    system.switch("no-bus")
    with pytest.raises(AgentUnavailable, match=r"No medium found\. .*enable-linger.*cron"):
        open_agent({}, platform="linux").install(_SPEC)
    (system.programs / "systemctl").rename(system.programs / "gone")
    os.environ["PATH"] = str(system.programs)
    with pytest.raises(AgentUnavailable, match=r"no systemctl here\. .*cron"):
        open_agent({}, platform="linux").install(_SPEC)
    assert _left(tmp_path) == []


def test_unit_that_does_not_start_is_taken_back(system: _System, tmp_path: Path) -> None:
    """The first leaves nothing, and one that was there before stays as it was."""
    agent = open_agent({}, platform="linux")
    system.switch("broken")
    with pytest.raises(AgentUnavailable, match="Job failed"):
        agent.install(_SPEC)
    assert _left(tmp_path) == []
    (system.world / "broken").unlink()
    path = agent.install(_SPEC).path
    assert path is not None
    system.switch("broken")
    with pytest.raises(AgentUnavailable):
        agent.install(AgentSpec(name="coldframe-watch", program=("/bin/false",)))
    with open(path, "rb") as file:
        assert file.read() == agent.render(_SPEC)[1]


def test_unit_is_removed_where_systemd_does_not_answer(system: _System, tmp_path: Path) -> None:
    """Its file and the link that starts it are all that there is."""
    agent = open_agent({}, platform="linux")
    path = agent.install(_SPEC).path
    assert path is not None
    wants = os.path.join(os.path.dirname(path), "default.target.wants")
    os.mkdir(wants)
    os.symlink(path, os.path.join(wants, "coldframe-watch.service"))
    (system.programs / "systemctl").rename(system.programs / "gone")
    os.environ["PATH"] = str(system.programs)
    assert agent.remove()
    assert _left(tmp_path) == []


def test_failed_unit_is_told(system: _System) -> None:
    """Installed and not running is no success."""
    agent = open_agent({}, platform="linux")
    agent.install(_SPEC)
    (system.world / "running").unlink()
    status = agent.status()
    assert (status.state, status.pid, "exit-code" in status.detail) == (State.FAILED, None, True)


def test_lingering_is_hinted_at_where_it_matters(system: _System) -> None:
    """A user who lingers needs no hint."""
    agent = open_agent({}, platform="linux")
    assert "enable-linger" in agent.install(_SPEC).hints[0]
    system.switch("lingers")
    assert agent.install(_SPEC).hints == ()


def test_launchd_is_given_time_to_let_go(system: _System, clock: FakeClock) -> None:
    """Right after an unloading it refuses; a second later it does not."""
    agent = open_agent({}, platform="darwin", clock=clock)
    system.switch("busy")
    agent.install(_SPEC)
    assert clock.monotonic() == 1
    assert agent.status().state is State.RUNNING


def test_launchd_without_a_screen_is_told(system: _System, tmp_path: Path, clock: FakeClock) -> None:
    """Over ssh alone there is no domain to load it into; nothing stays behind."""
    system.switch("no-screen")
    with pytest.raises(AgentUnavailable, match="logged in at the screen"):
        open_agent({}, platform="darwin", clock=clock).install(_SPEC)
    assert _left(tmp_path) == []


def test_other_systems_are_told_of_cron() -> None:
    """There is no agent for them."""
    with pytest.raises(AgentUnavailable, match="cron"):
        open_agent({}, platform="freebsd14")


@pytest.mark.skipif(sys.platform not in {"linux", "darwin"}, reason="only on Windows: no sh")
def test_commands_install_show_and_remove(
    cli: Callable[..., Ran],  # noqa: F811 - the fixture
    system: _System,
    tmp_path: Path,
) -> None:
    """The exit codes tell whether it is there; a rehearsal writes nothing."""
    assert cli("watch", "status").code == 4
    rehearsal = cli("watch", "install", "--dry-run", "--log-file", "w.log")
    assert rehearsal.code == 0
    assert "COLDFRAME_HOME" in rehearsal.out
    assert str(tmp_path / "here" / "w.log") in rehearsal.out
    assert _left(tmp_path) == []
    assert cli("watch", "install").code == 0
    (row,) = cli("watch", "status", "-o", "json").rows
    assert (row["state"], row["pid"]) == ("running", 42)
    assert cli("watch", "remove", "--dry-run").code == 0
    assert cli("watch", "status").code == 0
    assert cli("watch", "remove").code == 0
    assert cli("watch", "remove").code == 4
    assert _left(tmp_path) == []


def test_options_of_the_watch_do_not_stand_before_install(cli: Callable[..., Ran]) -> None:  # noqa: F811 - the fixture
    """They would be lost."""
    assert cli("watch", "--once", "install").code == 2
    assert cli("watch", "--once", "--stay").code == 2
    assert cli("watch", "--once", "--queue", "http://127.0.0.1:1/1/q").code == 2
    assert cli("watch", "install", "--queue", "no-queue", "--dry-run").code == 2
    assert cli("watch", "--limit-rate", "2M", "install").code == 2
    assert cli("watch", "install", "--limit-rate", "fast", "--dry-run").code == 2


def test_installed_watch_keeps_to_a_schedule(cli: Callable[..., Ran]) -> None:  # noqa: F811 - the fixture
    """As it was written, so that whoever reads the unit understands it."""
    ran = cli("watch", "install", "--limit-rate", "08:00-23:00=2M,*=full", "--dry-run")
    assert ran.code == 0, ran.err
    assert "--limit-rate" in ran.out
    assert "08:00-23:00=2M,*=full" in ran.out


def test_scheduler_s_environment_comes_by_arguments(
    cli: Callable[..., Ran],  # noqa: F811 - the fixture
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A task of Windows has none; the watch takes it before it reads its settings."""
    monkeypatch.setenv("COLDFRAME_LOG_FILE", "")  # so that it is put back afterwards
    assert cli("watch", "--env", f"COLDFRAME_LOG_FILE={tmp_path / 'w.log'}").code == 0
    assert "No order is open" in (tmp_path / "w.log").read_text(encoding="utf-8")


def test_property_list_of_a_home_is_labelled(system: _System, clock: FakeClock) -> None:
    """Label and file name are one."""
    agent = open_agent({"COLDFRAME_HOME": "/x"}, platform="darwin", clock=clock)
    path, content = agent.render(AgentSpec(name=agent.name, program=("x",)))
    assert os.path.basename(path) == f"{plistlib.loads(content)['Label']}.plist"
