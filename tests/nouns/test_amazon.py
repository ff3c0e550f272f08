"""The nouns on Amazon's vaults, whose place a server takes: what costs something asks first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from coldframe.cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ran

RED = "Subs/Light/Red/M33_Light_Red_180sec__1x1_frame1.fit"


@pytest.fixture
def amazon(cli: Callable[..., Ran], url: str, subs: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Runs commands on `glacier:` with a vault that holds the red lights."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("COLDFRAME_STORE", "glacier://us-east-1")
    monkeypatch.setenv("COLDFRAME_VAULT", "astro")
    assert cli("vault", "create", "astro").code == Exit.DONE
    assert cli("archive", "Subs/Light/Red", "--yes").code == Exit.DONE
    return cli


def test_what_is_free_is_not_asked_about(amazon: Callable[..., Ran]) -> None:
    """Tags, policies, lists."""
    assert amazon("vault", "tag", "astro", "a=b").code == Exit.DONE
    assert amazon("vault", "tag", "astro", "-o", "json").rows[0]["value"] == "b"
    assert amazon("retrieval-policy", "set", "FreeTier").code == Exit.DONE
    assert amazon("job", "list").code == Exit.NOTHING_MATCHED
    assert amazon("upload", "list").code == Exit.NOTHING_MATCHED


def test_what_costs_something_asks_first(amazon: Callable[..., Ran], subs: Path) -> None:
    """Jobs, their outputs, capacity and deletions; without an answer nothing is done."""
    start = ("job", "start", RED, "--tier", "Bulk", "-o", "json")
    for words in (start, ("capacity", "purchase"), ("delete", RED)):
        ran = amazon(*words)
        assert (ran.code, "--yes" in ran.err) == (Exit.USAGE, True), ran.err
    assert amazon("job", "list").code == Exit.NOTHING_MATCHED
    assert amazon("capacity", "list").code == Exit.NOTHING_MATCHED
    job = amazon(*start, "--yes").rows[0]["job_id"]
    fetch = ("job", "output", "--into", "back", "--", job)
    assert amazon(*fetch).code == Exit.USAGE
    assert not Path("back").exists()
    assert amazon(*fetch[:-2], "--yes", *fetch[-2:]).code == Exit.DONE
    assert (Path("back") / Path(RED).name).read_bytes() == (subs.parent / RED).read_bytes()
    deleted = amazon("delete", RED, "--yes")
    assert (deleted.code, "90 days" in deleted.err or "$" in deleted.err) == (Exit.DONE, True), deleted.err
