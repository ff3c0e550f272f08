"""`coldframe key`, as it is typed, beside an opening of the same folder that serves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from coldframe.cli.exits import Exit
from coldframe.cli.main import run
from coldframe.composition.accounts import open_accounts
from coldframe.wire.access import KeyScope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coldframe.composition.accounts import Accounts

ACCOUNT = "123456789012"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store_folder: str) -> None:
    """A home of its own, and the store of this test by default."""
    monkeypatch.setenv("COLDFRAME_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLDFRAME_STORE", store_folder)


@pytest.fixture
def serving(store_folder: str) -> Iterator[Accounts]:
    """Somebody who serves the folder, by the machine's clock as the command has it."""
    with open_accounts(store_folder) as accounts:
        yield accounts


def _json(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_key_create_shows_a_key_that_works_at_once(serving: Accounts, capsys: pytest.CaptureFixture[str]) -> None:
    """All that a client needs, in the names that it knows; a server on the folder takes it without being told."""
    assert run(["key", "create", "-o", "json"]) == Exit.DONE
    (told,) = _json(capsys)
    assert list(told) == ["access_key_id", "secret_access_key", "account_id", "scope", "expires_at"]
    found = serving.keyring.find(told["access_key_id"])
    assert found is not None
    assert (found.secret_access_key, found.account_id) == (told["secret_access_key"], told["account_id"])
    assert (told["account_id"], told["scope"], told["expires_at"]) == ("000000000000", "full", None)


def test_key_create_says_that_the_secret_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, and that a store was made; on standard output nothing but the table."""
    assert run(["key", "create"]) == Exit.DONE
    output = capsys.readouterr()
    assert "Made a new store" in output.err
    assert "shown this once" in output.err
    assert len(output.out.splitlines()) == 2


@pytest.mark.parametrize(
    ("flags", "scope"),
    [([], KeyScope.FULL), (["--read-only"], KeyScope.READ_ONLY), (["--no-delete"], KeyScope.NO_DELETE)],
)
def test_key_create_makes_narrow_keys(
    serving: Accounts, capsys: pytest.CaptureFixture[str], flags: list[str], scope: KeyScope
) -> None:
    """For any account, with an end if one is wanted."""
    assert run(["key", "create", "--account", ACCOUNT, "--expires", "90d", "-o", "json", *flags]) == Exit.DONE
    (told,) = _json(capsys)
    found = serving.keyring.find(told["access_key_id"])
    assert found is not None
    assert (found.scope, found.account_id) == (scope, ACCOUNT)
    info = serving.keyring.describe(told["access_key_id"])
    assert info.expires_at is not None
    assert 89 <= (info.expires_at - info.created_at).days <= 90
    assert serving.store(ACCOUNT) is not None


@pytest.mark.parametrize(
    "arguments",
    [
        ["key", "create", "--account", "12345"],
        ["key", "create", "--read-only", "--no-delete"],
        ["key", "create", "--expires", "soon"],
        ["key", "create", "--expires", "9999999d"],
        ["key", "create", "--expires", "99999999999999d"],
        ["key", "create", "--store", "http://127.0.0.1:1"],
        ["key", "rotate", "AKIA", "--grace", "99999999999999d"],
        ["key", "revoke"],
    ],
)
def test_key_command_refuses_what_makes_no_sense(arguments: list[str]) -> None:
    """With the exit code for that."""
    assert run(arguments) == Exit.USAGE


def test_key_list_tells_no_secret(serving: Accounts, capsys: pytest.CaptureFixture[str]) -> None:
    """All keys and what became of them."""
    keys = [serving.create_key(), serving.create_key(scope=KeyScope.READ_ONLY)]
    serving.keyring.revoke(keys[1].access_key_id)
    for form in ("table", "csv", "json"):
        assert run(["key", "list", "-o", form]) == Exit.DONE
        out = capsys.readouterr().out
        assert all(key.access_key_id in out for key in keys)
        assert "revoked" in out
        assert not any(key.secret_access_key in out for key in keys)


def test_key_list_without_keys_says_how_to_make_one(serving: Accounts, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing matched; and where there is no store, that."""
    assert run(["key", "list"]) == Exit.NOTHING_MATCHED
    assert "coldframe key create" in capsys.readouterr().err
    assert run(["key", "list", "--store", "/nowhere/at/all"]) == Exit.FAILED


def test_key_revoke_ends_keys_at_once(serving: Accounts, capsys: pytest.CaptureFixture[str]) -> None:
    """Several at a time; not without being sure; and none if one of them is not there."""
    ids = [serving.create_key().access_key_id for _ in range(2)]
    assert run(["key", "revoke", *ids]) == Exit.USAGE
    assert run(["key", "revoke", *ids, "--dry-run"]) == Exit.DONE
    assert run(["key", "revoke", *ids, "AKIANOTTHERE", "--yes"]) == Exit.FAILED
    assert all(serving.keyring.find(access_key_id) for access_key_id in ids)
    assert run(["key", "revoke", *ids, "--yes"]) == Exit.DONE
    assert not any(serving.keyring.find(access_key_id) for access_key_id in ids)
    assert "revoked" in capsys.readouterr().err


def test_key_rotate_makes_a_successor(serving: Accounts, capsys: pytest.CaptureFixture[str]) -> None:
    """Shown once, as a new key is; the old one's end is told."""
    old = serving.create_key(account_id=ACCOUNT, scope=KeyScope.NO_DELETE)
    assert run(["key", "rotate", old.access_key_id]) == Exit.USAGE
    assert run(["key", "rotate", old.access_key_id, "--dry-run"]) == Exit.DONE
    capsys.readouterr()
    assert run(["key", "rotate", old.access_key_id, "--grace", "2d", "--yes", "-o", "json"]) == Exit.DONE
    output = capsys.readouterr()
    told = json.loads(output.out)
    assert (told["account_id"], told["scope"]) == (ACCOUNT, "no-delete")
    assert "ends at" in output.err
    assert serving.keyring.find(told["access_key_id"]) is not None
    assert serving.keyring.find(old.access_key_id) is not None


def test_key_commands_take_the_seal_from_elsewhere(
    tmp_path: Path, store_folder: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a flag, or by the configuration."""
    seal = str(tmp_path / "elsewhere.key")
    assert run(["key", "create", "--seal-key", seal, "-o", "json"]) == Exit.DONE
    assert run(["key", "create"]) == Exit.CREDENTIALS
    monkeypatch.setenv("COLDFRAME_SEAL_KEY", seal)
    assert run(["key", "create"]) == Exit.DONE
    assert "is not there" in capsys.readouterr().err
