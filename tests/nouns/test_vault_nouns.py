"""Tags, policies, locks and notifications from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from coldframe.cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ran

TOPIC = "arn:aws:sns:us-east-1:111122223333:ready"


def policy(nouns: Callable[..., Ran], *, vault_name: str = "astro") -> str:
    """A policy that keeps the archives of a vault."""
    arn = nouns("vault", "show", vault_name, "-o", "json").rows[0]["vault_arn"]
    statement = {"Sid": "keep", "Effect": "Deny", "Principal": "*", "Action": "glacier:DeleteArchive", "Resource": arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=1)


def test_tags_are_set_listed_and_removed(nouns: Callable[..., Ran]) -> None:
    """More than one request can carry go in several; the last value counts."""
    many = [f"key{n}=value {n}" for n in range(12)]
    assert nouns("vault", "tag", "astro", *many, "empty=", "key1=a=b").code == Exit.DONE
    rows = nouns("vault", "tag", "astro", "-o", "json").rows
    assert {row["key"]: row["value"] for row in rows} == {
        **{f"key{n}": f"value {n}" for n in range(12)},
        "empty": "",
        "key1": "a=b",
    }
    ran = nouns("vault", "untag", "astro", *(f"key{n}" for n in range(12)), "other")
    assert (ran.code, "no tag other" in ran.err) == (Exit.DONE, True)
    assert [row["key"] for row in nouns("vault", "tag", "astro", "-o", "json").rows] == ["empty"]


def test_a_dry_run_changes_nothing(nouns: Callable[..., Ran]) -> None:
    """Each verb says what it would do, and does not."""
    Path("policy.json").write_text(policy(nouns), encoding="utf-8")
    for words in (
        ("tag", "astro", "a=b"),
        ("untag", "astro", "a"),
        ("access-policy", "set", "astro", "policy.json"),
        ("lock", "initiate", "astro", "policy.json"),
        ("notifications", "set", "astro", TOPIC),
        ("notifications", "delete", "astro"),
    ):
        ran = nouns("vault", *words, "--dry-run")
        assert (ran.code, ran.out, "Would" in ran.err) == (Exit.DONE, "", True), ran.err
    for verbs in (["tag"], ["access-policy", "get"], ["lock", "show"], ["notifications", "get"]):
        assert nouns("vault", *verbs, "astro").code == Exit.NOTHING_MATCHED


def test_an_access_policy_comes_back_as_it_was_set(nouns: Callable[..., Ran], pipe: Callable[..., Ran]) -> None:
    """From a file, from standard input, and wrapped as the AWS CLI prints it."""
    text = policy(nouns)
    for given in (text, "\ufeff" + text, json.dumps({"policy": text})):
        assert pipe(given, "vault", "access-policy", "set", "astro", "-").code == Exit.DONE
        assert nouns("vault", "access-policy", "get", "astro").out == text + "\n"
    assert nouns("vault", "access-policy", "get", "astro", "-o", "json").rows == [
        {"vault_name": "astro", "policy": text}
    ]
    ran = nouns("vault", "access-policy", "delete", "astro")
    assert (ran.code, "--yes" in ran.err) == (Exit.USAGE, True)
    assert nouns("vault", "access-policy", "delete", "astro", "--yes").code == Exit.DONE
    assert nouns("vault", "access-policy", "get", "astro").code == Exit.NOTHING_MATCHED


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"Version": "2012-10-17",\n "Statement": [}', "standard input, line 2, column 16"),
        ("[]", "a policy is a JSON object"),
        ("[" * 100_000, "nested too deeply"),
        ('{"Version": "2012-10-17", "Statement": []}', "tatement"),
    ],
)
def test_a_wrong_policy_is_told_where(
    nouns: Callable[..., Ran], pipe: Callable[..., Ran], text: str, told: str
) -> None:
    """Its form by line and column, its meaning by the store."""
    ran = pipe(text, "vault", "access-policy", "set", "astro", "-")
    assert ran.code in {Exit.USAGE, Exit.FAILED}
    assert told in ran.err
    assert "Traceback" not in ran.err


def test_a_lock_is_tried_dropped_and_made_to_last(nouns: Callable[..., Ran]) -> None:
    """What lasts for ever asks first, and says so."""
    Path("lock.json").write_text(policy(nouns), encoding="utf-8")
    assert nouns("vault", "lock", "complete", "astro", "ID", "--yes").code == Exit.FAILED
    assert nouns("vault", "lock", "initiate", "astro", "lock.json").code == Exit.DONE
    assert nouns("vault", "lock", "abort", "astro", "--yes").code == Exit.DONE
    begun = nouns("vault", "lock", "initiate", "astro", "lock.json", "-o", "json")
    lock_id = begun.rows[0]["lock_id"]
    assert nouns("vault", "lock", "show", "astro", "-o", "json").rows[0]["state"] == "InProgress"
    asked = nouns("vault", "lock", "complete", "astro", "--", lock_id)
    assert (asked.code, "for ever" in asked.err) == (Exit.USAGE, True)
    assert nouns("vault", "lock", "complete", "astro", "--dry-run", "--", lock_id).code == Exit.DONE
    assert nouns("vault", "lock", "complete", "astro", "--yes", "--", "wrong").code != Exit.DONE
    assert nouns("vault", "lock", "complete", "astro", "--yes", "--", lock_id).code == Exit.DONE
    shown = nouns("vault", "lock", "show", "astro", "-o", "json").rows[0]
    assert (shown["state"], shown["expires_at"]) == ("Locked", None)
    assert "Locked since" in nouns("vault", "lock", "show", "astro").err
    assert nouns("vault", "lock", "abort", "astro", "--yes").code == Exit.CREDENTIALS


def test_notifications_are_set_shown_and_removed(nouns: Callable[..., Ran]) -> None:
    """Both events unless one is named."""
    topic = _topic(nouns)
    assert nouns("vault", "notifications", "set", "astro", topic).code == Exit.DONE
    rows = nouns("vault", "notifications", "get", "astro", "-o", "json").rows
    assert [row["event"] for row in rows] == ["ArchiveRetrievalCompleted", "InventoryRetrievalCompleted"]
    chosen = ("--event", "inventoryretrievalcompleted")
    assert nouns("vault", "notifications", "set", "astro", topic, *chosen).code == Exit.DONE
    rows = nouns("vault", "notifications", "get", "astro", "-o", "json").rows
    assert rows == [{"event": "InventoryRetrievalCompleted", "sns_topic": topic, "vault_name": "astro"}]
    assert nouns("vault", "notifications", "delete", "astro").code == Exit.DONE
    assert nouns("vault", "notifications", "get", "astro").code == Exit.NOTHING_MATCHED


@pytest.mark.parametrize(
    "words",
    [
        ("tag", "astor"),
        ("untag", "astor", "key"),
        ("access-policy", "get", "astor"),
        ("access-policy", "delete", "astor", "--yes"),
        ("lock", "show", "astor"),
        ("notifications", "get", "astor"),
    ],
)
def test_a_wrong_vault_is_told_with_the_one_that_was_meant(nouns: Callable[..., Ran], words: tuple[str, ...]) -> None:
    """Not that a policy is missing, when it is the vault."""
    ran = nouns("vault", *words)
    assert (ran.code, "Did you mean astro?" in ran.err) == (Exit.FAILED, True), ran.err


def _topic(nouns: Callable[..., Ran]) -> str:
    """A topic in the region of the store."""
    arn = nouns("vault", "show", "astro", "-o", "json").rows[0]["vault_arn"]
    return TOPIC.replace("us-east-1", arn.split(":")[3])
