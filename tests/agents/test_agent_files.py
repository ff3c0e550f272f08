"""What the three systems read says exactly what was meant, whatever the paths hold."""

from __future__ import annotations

import os
import plistlib
import re
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from coldframe.cli.main import program
from coldframe.composition.agents import AgentSpec, left_behind, render_plist, render_task, render_unit, watch_spec
from coldframe.errors import BadUsage
from coldframe.settings import Home, find_home

if TYPE_CHECKING:
    from pathlib import Path

_NASTY = "a b%n %% \"q\" 'p' $HOME $$ ${X} back\\slash <&> #; né☃"
_NAMESPACE = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
_needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def _spec(folder: str = "/opt", *, name: str = _NASTY) -> AgentSpec:
    words = (f"{folder}/{name}/python", "-m", "coldframe", f"--log-file={_NASTY}", "")
    return AgentSpec(name="coldframe-watch", program=words, environment={"COLDFRAME_HOME": _NASTY, "X": "1"})


def _unquoted(line: str) -> list[str]:
    """The words of a line of a unit, by the rules of systemd.syntax(7)."""
    words = re.findall(r'"((?:[^"\\]|\\.)*)"', line)
    return [re.sub(r"\\(.)", r"\1", word).replace("%%", "%") for word in words]


def test_unit_quotes_every_word() -> None:
    """Spaces, quotes, backslashes, specifiers and variables arrive as they are."""
    unit, spec = render_unit(_spec()).decode(), _spec()
    (command,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    first, *others = _unquoted(command)
    assert (first, *(word.replace("$$", "$") for word in others)) == ("/usr/bin/env", *spec.program)
    environment = [_unquoted(line) for line in re.findall(r"^Environment=(.*)$", unit, re.MULTILINE)]
    assert environment == [[f"{name}={value}"] for name, value in spec.environment.items()]


@_needs_systemd
@pytest.mark.parametrize("name", [_NASTY, _NASTY.translate(dict.fromkeys(map(ord, "'\"\\")))])
def test_unit_is_understood(tmp_path: Path, name: str) -> None:
    """Systemd finds nothing wrong with it, and finds the program in its odd folder."""
    spec = _spec(str(tmp_path), name=name)
    os.makedirs(os.path.dirname(spec.program[0]))
    shutil.copy("/bin/true", spec.program[0])
    unit = tmp_path / "coldframe-watch.service"
    unit.write_bytes(render_unit(spec))
    assert not _verify(unit)
    os.remove(spec.program[0])  # noqa: TID251 - a file of this test
    assert ("not executable" in _verify(unit)) is (name != _NASTY)  # so the look means something, unless env looks


def _verify(unit: Path) -> str:
    """What systemd finds wrong with a user's unit; it wants a folder for its sockets."""
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(unit.parent)}
    command = ["systemd-analyze", "verify", "--user", str(unit)]
    ran = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    assert "Failed to initialize" not in ran.stderr
    return "\n".join(line for line in ran.stderr.splitlines() if unit.name in line or "not executable" in line)


def test_property_list_reads_back() -> None:
    """Program and environment arrive as they are; it starts at login, and again after a failure."""
    spec = _spec()
    plist = plistlib.loads(render_plist(spec))
    assert tuple(plist["ProgramArguments"]) == spec.program
    assert plist["EnvironmentVariables"] == spec.environment
    assert (plist["Label"], plist["RunAtLoad"], plist["KeepAlive"]) == (spec.name, True, {"SuccessfulExit": False})


def test_task_reads_back() -> None:
    """The XML is what it says it is, and its arguments split by Windows' rules into the words that were meant."""
    spec = _spec()
    raw = render_task(spec, user="HOME\\Ann & Bob")
    assert raw[:2] in {b"\xff\xfe", b"\xfe\xff"}
    root = ET.fromstring(raw.decode("utf-16").replace("\r\n", "\n").split("\n", 1)[1])  # noqa: S314 - ours
    assert root.findtext(".//t:Exec/t:Command", namespaces=_NAMESPACE) == spec.program[0]
    assert {user.text for user in root.iterfind(".//t:UserId", _NAMESPACE)} == {"HOME\\Ann & Bob"}
    arguments = root.findtext(".//t:Exec/t:Arguments", namespaces=_NAMESPACE)
    assert arguments is not None
    environment = [word for name, value in spec.environment.items() for word in ("--env", f"{name}={value}")]
    assert _windows_words(arguments) == [*spec.program[1:], *environment]


def _windows_words(line: str) -> list[str]:
    """The words of a command line by the rules of Microsoft's C runtime, written from its documentation."""
    words, word, is_quoted, is_open, position = [], "", False, False, 0
    while position < len(line):
        slashes = len(line[position:]) - len(line[position:].lstrip("\\"))
        after = position + slashes
        if slashes and line[after : after + 1] == '"':
            word, is_open = word + "\\" * (slashes // 2), True
            position = after
            if slashes % 2:
                word, position = word + '"', position + 1
            continue
        letter = line[position]
        position += 1
        if letter == '"':
            is_quoted, is_open = not is_quoted, True
        elif letter in " \t" and not is_quoted:
            words += [word] if is_open else []
            word, is_open = "", False
        else:
            word, is_open = word + letter, True
    return words + ([word] if is_open else [])


@pytest.mark.parametrize("word", ["a\nb", "a\x00b", "a\x7fb", "a\udc80b"])
def test_words_that_no_system_can_hold_are_refused(word: str) -> None:
    """Rather than an agent that watches for another home."""
    with pytest.raises(BadUsage, match="cannot hold"):
        AgentSpec(name="x", program=("python",), environment={"COLDFRAME_HOME": word})


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_agent_has_the_settings_of_the_environment(
    tmp_path: Path, platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Absolutely, since it runs in another folder; secrets are left behind and named."""
    monkeypatch.chdir(tmp_path)
    environ = {
        "COLDFRAME_HOME": "my home",
        "COLDFRAME_STORE": "store",
        "COLDFRAME_LIMIT_RATE": "1MiB/s",
        "COLDFRAME_PROFILE": "m33",
        "AWS_PROFILE": "astro",
        "AWS_SECRET_ACCESS_KEY": "hush",
        "SOMETHING": "else",
    }
    spec = watch_spec(find_home(environ), environ, platform=platform)
    assert spec.environment == {
        "COLDFRAME_HOME": os.path.join(str(tmp_path), "my home"),
        "COLDFRAME_STORE": os.path.join(str(tmp_path), "store"),
        "COLDFRAME_LIMIT_RATE": "1MiB/s",
        "COLDFRAME_PROFILE": "m33",
        "AWS_PROFILE": "astro",
    }
    assert left_behind(environ) == ("AWS_SECRET_ACCESS_KEY",)
    assert ("--log-file" in spec.program) is (platform != "linux")
    environ["COLDFRAME_STORE"] = "glacier://us-west-2"
    assert watch_spec(find_home(environ), environ).environment["COLDFRAME_STORE"] == "glacier://us-west-2"


def test_agents_of_two_homes_have_two_names(tmp_path: Path) -> None:
    """And the usual home has the plain one."""
    home = Home("x", "x")
    names = {watch_spec(home, {"COLDFRAME_HOME": name} if name else {}).name for name in ("", "a", "b")}
    assert len(names) == 3
    assert watch_spec(home, {}, platform="linux").name == "coldframe-watch"
    assert watch_spec(home, {}, platform="darwin").name == "org.coldframe.watch"


def test_agent_runs_a_command_that_there_is(tmp_path: Path) -> None:
    """Whoever renames an option of `watch` hears of it here."""
    words = watch_spec(Home(str(tmp_path), str(tmp_path)), {}, platform="darwin").program
    assert words[:4] == (sys.executable, "-P", "-m", "coldframe")
    context = program.make_context("coldframe", [*words[4:]])
    with context:
        command = program.get_command(context, words[4])
        assert command is not None
        assert command.make_context("watch", list(words[5:]), parent=context).params["stay"] is True
    assert shlex.join(words)
