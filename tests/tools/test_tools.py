"""The small scripts behind make and CI."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"([a-z0-9._-]+)==(\S+)((?: --hash=sha256:[0-9a-f]{64})+)")


def run(*command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a script in the project's folder."""
    return subprocess.run(command, cwd=ROOT, env=environ or None, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def pins() -> dict[str, str]:
    """The versions that tools/locked.py prints, by name."""
    shim = (
        "import runpy, sys, packaging.markers as m\n"
        "for name in ('pip', 'pip._vendor', 'pip._vendor.packaging'): sys.modules.setdefault(name, m)\n"
        "sys.modules['pip._vendor.packaging.markers'] = m\n"  # what uv makes has no pip, but pytest brings packaging
        "sys.argv[1:] = ['dev']; runpy.run_path('tools/locked.py', run_name='__main__')"
    )
    printed = run(sys.executable, "-c", shim)
    assert printed.returncode == 0, printed.stderr
    matches = [PIN.fullmatch(line) for line in printed.stdout.splitlines()]
    assert all(matches), printed.stdout
    return {match[1]: match[2] for match in matches if match}


def test_locked_prints_what_is_installed_here(pins: dict[str, str]) -> None:
    """Every pin, with its hashes, is what this environment holds: uv and pip install the same."""
    assert {name: version(name) for name in pins} == pins


def test_locked_leaves_no_direct_dependency_out(pins: dict[str, str]) -> None:
    """What pyproject.toml asks for, for use and for development, is in the list, groups within groups too."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = pyproject["dependency-groups"]
    asked = [*pyproject["project"]["dependencies"], *groups["dev"]]
    included = [one for each in asked if isinstance(each, dict) for one in groups[each["include-group"]]]
    wanted = [one for one in (*asked, *included) if isinstance(one, str)]
    assert len(wanted) == len(asked) + len(included) - sum(isinstance(one, dict) for one in asked)
    names = {re.split(r"[\[<>=!~ ;]", requirement)[0] for requirement in wanted}
    assert names <= set(pins)


def test_lock_names_only_public_places() -> None:
    """No address of a mirror of somebody's own stands in the lock."""
    text = (ROOT / "uv.lock").read_text(encoding="utf-8")
    assert set(re.findall(r'"https?://([^/"]+)', text)) == {"pypi.org", "files.pythonhosted.org"}


def test_find_python_says_what_is_missing(tmp_path: Path) -> None:
    """With no Python on PATH, the message says what to install and how to name one."""
    (tmp_path / "sh").symlink_to("/bin/sh")
    found = run(str(tmp_path / "sh"), "tools/find-python", PATH=str(tmp_path))
    assert found.returncode == 1
    assert "No Python 3.11 or newer" in found.stderr
    assert "make PYTHON=" in found.stderr


def test_find_python_refuses_a_named_program_that_is_no_python() -> None:
    """PYTHON=... is taken at its word, not replaced by another."""
    found = run("/bin/sh", "tools/find-python", PATH="/usr/bin:/bin", PYTHON="/bin/false")
    assert found.returncode == 1
    assert "/bin/false is not a Python 3.11" in found.stderr


@pytest.mark.parametrize(
    ("cases", "code", "said"),
    [
        ('<testcase classname="a" name="b"/>', 0, "1 passed, 0 failed, 0 skipped"),
        ('<testcase classname="a" name="b"><failure/></testcase>', 1, "0 passed, 1 failed, 0 skipped"),
        ("", 1, "0 passed, 0 failed, 0 skipped"),
        (
            '<testcase name="b"/><testcase classname="a" name="c"><skipped message="only on Windows"/></testcase>',
            0,
            "1 passed, 0 failed, 1 skipped",
        ),
        (
            '<testcase name="b"/><testcase classname="a" name="c"><skipped message="no zsh"/></testcase>',
            1,
            "skipped, but should run here: a.c: no zsh",
        ),
    ],
)
def test_skipped_fails_for_failures_and_for_skips_that_nobody_allowed(
    tmp_path: Path, cases: str, code: int, said: str
) -> None:
    """CI ends well only if tests passed, none failed, and none was skipped without a reason on the list."""
    report = tmp_path / "tests.xml"
    report.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>", encoding="utf-8")
    judged = run(sys.executable, "tools/skipped.py", str(report), ".ci/allowed-skips")
    assert judged.returncode == code
    assert said in judged.stdout
