"""A locked vault survives every command, on a clock that is right, ten years behind, or ten years ahead (I5)."""

from __future__ import annotations

import ast
import os
from contextlib import closing
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import pytest

import coldframe
from coldframe.clock import SystemClock
from coldframe.composition import open_store
from coldframe.model import ArchiveRetrieval
from coldframe.testing.bodies import read_output
from locks.held import HELD, deny, fill_and_lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from cli.conftest import Ran
    from locks.held import Held

_ARN = f"arn:aws:glacier:local:000000000000:vaults/{HELD}"
_OTHER = deny(_ARN, "glacier:ListJobs")
_COMMANDS: tuple[tuple[str, ...], ...] = (
    ("cleanup", "--all", "--yes"),
    ("cleanup", "--vault", HELD, "--all", "--yes"),
    ("vault", "delete", HELD, "--yes"),
    ("vault", "create", HELD),
    ("verify", "--vault", HELD),
    ("verify", "--deep", "--restart"),
    ("inventory", "rebuild", "--vault", HELD, "--yes"),
    ("archive", "frame.fit", "--vault", HELD, "--delete-source"),
    ("key", "create"),
    ("api", "delete-archive", "--vault-name", HELD, "--archive-id", "{archive}"),
    ("api", "delete-vault", "--vault-name", HELD),
    ("api", "abort-vault-lock", "--vault-name", HELD),
    ("api", "complete-vault-lock", "--vault-name", HELD, "--lock-id", "A" * 24),
    ("api", "initiate-vault-lock", "--vault-name", HELD, "--policy", '{"Policy": "{policy}"}'),
    ("api", "delete-vault-access-policy", "--vault-name", HELD),
    ("api", "add-tags-to-vault", "--vault-name", HELD, "--tags", '{"a": "b"}'),
    ("api", "abort-multipart-upload", "--vault-name", HELD, "--upload-id", "{upload}"),
    ("cleanup", "--all", "--yes"),
)
_REFUSED = {"delete-archive", "delete-vault", "abort-vault-lock", "complete-vault-lock", "add-tags-to-vault"}


@pytest.mark.parametrize("years", [0, -10, 10])
def test_locked_vault_survives_every_command(
    cli: Callable[..., Ran], home: Path, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    """One after the other, all that could take something away; those that ask for just that say that they may not."""
    folder = str(home / "store")
    with closing(open_store(folder)) as store:
        held = fill_and_lock(store)
    _set_clock(monkeypatch, years)
    with open("frame.fit", "wb") as file:
        file.write(b"a frame")
    for command in _COMMANDS:
        ran = cli(*(_filled(part, held) for part in command))
        assert (ran.code != 0) or command[1] not in _REFUSED, command
        with closing(open_store(folder)) as store:
            assert held.faults(store) == [], command


def test_locked_bytes_are_read_after_the_clock_came_back(
    cli: Callable[..., Ran], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten years ahead, a sweep, and back again: jobs are over, archives are there."""
    folder = str(home / "store")
    with closing(open_store(folder)) as store:
        held = fill_and_lock(store)
    with monkeypatch.context() as patch:
        _set_clock(patch, 10)
        assert cli("cleanup", "--all", "--yes").code == 0
    assert cli("cleanup", "--all", "--yes").code == 0
    with closing(open_store(folder)) as store:
        for archive_id, data in held.archives.items():
            assert read_output(store, HELD, store.initiate_job(HELD, ArchiveRetrieval(archive_id))) == data


def _set_clock(monkeypatch: pytest.MonkeyPatch, years: int) -> None:
    """Set the machine's clock, as far as this process sees it: ours, and the one that boto3 signs by."""
    shift, now = timedelta(days=365 * years), SystemClock.now
    monkeypatch.setattr(SystemClock, "now", lambda clock: now(clock) + shift)

    def shifted(remove_tzinfo: bool = True) -> datetime:  # noqa: FBT001, FBT002 - as botocore has it
        moment = now(SystemClock()).astimezone(UTC) + shift
        return moment.replace(tzinfo=None) if remove_tzinfo else moment

    monkeypatch.setattr("botocore.auth.get_current_datetime", shifted)


def _filled(part: str, held: Held) -> str:
    archive_id = next(iter(held.archives))
    found = part.replace("{archive}", archive_id).replace("{upload}", held.upload_id)
    return found.replace("{policy}", _OTHER.replace('"', '\\"'))


_MAY_REMOVE = {
    "files.py": "the one place that removes a file",
    "blobs/disk.py": "blobs and temporary files, asked by the sweep",
    "service/sweeping.py": "blobs that nothing refers to, asked in the transaction in which that is so",
    "keyring/seal.py": "a temporary name of the sealing key",
    "composition/agents/agent.py": "the agent's own file, when it is taken away",
    "composition/agents/systemd.py": "the agent's own link, when it is taken away",
    "composition/drilling.py": "the home of a drill that has ended: all in it came from the vault",
    "composition/health.py": "its own trial file",
    "composition/locks.py": "the note of who holds a run's lock",
    "composition/queueing.py": "no file: the queue and topic of `--with-queue`",
    "composition/run_log.py": "its oldest log beyond the number that is kept",
}
_REMOVING = {"unlink", "unlink_leftover", "remove", "rmtree", "rmdir", "removedirs"}
_ROOMS = ("blobs", "composition", "keyring", "ledger", "notify", "server", "service", "wire")


def test_only_the_sweep_removes_bytes() -> None:
    """Nothing on the service's side removes files but what is listed here, each for its reason (reliability A17)."""
    root = os.path.dirname(coldframe.__file__)
    found = set()
    for room in (*_ROOMS, "files.py"):
        for path in _modules(os.path.join(root, room)):
            with open(path, encoding="utf-8") as file:
                calls = [node.func for node in ast.walk(ast.parse(file.read())) if isinstance(node, ast.Call)]
            names = {call.attr for call in calls if isinstance(call, ast.Attribute)}
            if names & _REMOVING:
                found.add(os.path.relpath(path, root).replace(os.sep, "/"))
    assert found - {"composition/archiving.py"} == set(_MAY_REMOVE)


def _modules(path: str) -> list[str]:
    if path.endswith(".py"):
        return [path]
    return [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names if name.endswith(".py")]
