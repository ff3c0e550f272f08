"""`vault confirm-clock`: an operator's word that the machine's clock is right."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from coldframe.cli.exits import Exit
from coldframe.clock import SystemClock
from coldframe.composition import open_store
from coldframe.testing.bodies import BytesBody

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ran


def _keep_for_a_month(folder: str) -> str:
    """An archive in a vault that is locked for archives of less than 30 days."""
    with closing(open_store(folder)) as store:
        store.create_vault("astro")
        arn = store.describe_vault("astro").vault_arn
        condition = {"NumericLessThan": {"glacier:ArchiveAgeInDays": "30"}}
        statement = {"Effect": "Deny", "Principal": "*", "Action": "glacier:DeleteArchive", "Resource": arn}
        policy = {"Version": "2012-10-17", "Statement": [{**statement, "Condition": condition}]}
        store.complete_vault_lock("astro", store.initiate_vault_lock("astro", json.dumps(policy)))
        return store.upload_archive("astro", BytesBody(b"frame")).archive_id


def _set_clock(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    shift, now = timedelta(days=days), SystemClock.now
    monkeypatch.setattr(SystemClock, "now", lambda clock: now(clock) + shift)


@pytest.fixture
def kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An archive that is old enough by the machine's clock, in a store that was left alone."""
    archive_id = _keep_for_a_month(str(home / "store"))
    _set_clock(monkeypatch, 31)
    return archive_id


def test_archive_goes_after_the_word(cli: Callable[..., Ran], kept: str) -> None:
    """The refusal says what to do; then it goes."""
    delete = ("delete", "--vault", "astro", "--yes", "--", kept)
    ran = cli(*delete)
    assert (ran.code != Exit.DONE, "coldframe vault confirm-clock" in ran.err) == (True, True), ran.err
    ran = cli("vault", "confirm-clock", "--yes")
    assert (ran.code, "31d" in ran.err) == (Exit.DONE, True), ran.err
    ran = cli(*delete)
    assert ran.code == Exit.DONE, ran.err
    assert "nothing to confirm" in cli("vault", "confirm-clock").err


def test_nothing_is_confirmed_without_a_yes(cli: Callable[..., Ran], kept: str) -> None:
    """Neither by a dry run nor where nobody can be asked."""
    assert kept
    assert "Would let" in cli("vault", "confirm-clock", "--dry-run").err
    assert cli("vault", "confirm-clock").code == Exit.USAGE
    assert "Would let" in cli("vault", "confirm-clock", "--dry-run").err


def test_other_accounts_are_confirmed_too(cli: Callable[..., Ran], home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their stores lie in the same folder and go by the same clock, whether or not the folder's own is behind."""
    assert cli("key", "create", "--account", "123456789012").code == Exit.DONE
    other = str(home / "store" / "accounts" / "123456789012")
    _keep_for_a_month(other)
    _set_clock(monkeypatch, 31)
    assert cli("vault", "create", "mine").code == Exit.DONE
    assert cli("vault", "confirm-clock", "--yes").code == Exit.DONE
    assert "nothing to confirm" in cli("vault", "confirm-clock", "--store", other).err


def test_only_on_the_folder(cli: Callable[..., Ran], home: Path) -> None:
    """A store that is somewhere else, or not there, has no clock to confirm, and none is made."""
    ran = cli("vault", "confirm-clock", "--store", "http://127.0.0.1:1", "--yes")
    assert (ran.code, "on the folder" in ran.err) == (Exit.USAGE, True), ran.err
    assert cli("vault", "confirm-clock", "--yes").code == Exit.FAILED
    assert not (home / "store").exists()
