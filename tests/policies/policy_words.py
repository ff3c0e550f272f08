"""Words for tests of policies: a vault, its owner, a stranger, and short ways to write policies and requests."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from coldframe.service.policies import Caller, Kind, Request, parse_vault_policy, scope_policy

if TYPE_CHECKING:
    from coldframe.service.policies import Policy

OWNER = "111122223333"
STRANGER = "444455556666"
VAULT = f"arn:aws:glacier:us-west-2:{OWNER}:vaults/astrodata"
NOW = datetime(2026, 11, 23, 6, 30, 15, 250_000, tzinfo=UTC)
ROOT = Caller(account_id=OWNER)
BOB = Caller(account_id=OWNER, arn=f"arn:aws:iam::{OWNER}:user/Bob")
ALICE = Caller(account_id=OWNER, arn=f"arn:aws:iam::{OWNER}:user/staff/Alice")
ROBOT = Caller(account_id=OWNER, arn=f"arn:aws:iam::{OWNER}:role/Robot")
EVE = Caller(account_id=STRANGER, arn=f"arn:aws:iam::{STRANGER}:user/Eve")
FOREIGN_ROOT = Caller(account_id=STRANGER)
FULL = scope_policy("full")


def request(**facts: Any) -> Request:
    """The owner's root wants to delete an archive; `facts` say what is different. `age` is the archive's, in days."""
    age = facts.pop("age", None)
    if age is not None:
        facts["archive_created_at"] = NOW - timedelta(days=age)
    facts = {"operation": "DeleteArchive", "caller": ROOT, "vault_arn": VAULT, "vault_tags": {}, "at": NOW, **facts}
    return Request(owner_account_id=OWNER, region="us-west-2", **facts)


def statement(**elements: Any) -> dict[str, Any]:
    """A statement that denies everything to all; `elements` replace its own, and None removes one."""
    base = {"Effect": "Deny", "Principal": "*", "Action": "glacier:*", "Resource": VAULT}
    if "NotAction" in elements:
        del base["Action"]
    if "NotPrincipal" in elements:
        del base["Principal"]
    return {name: value for name, value in {**base, **elements}.items() if value is not None}


def text(*statements: object, **elements: Any) -> str:
    """The document of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **elements})


def policy(*statements: object, kind: Kind = Kind.ACCESS) -> Policy:
    """The policy of these statements, as it hangs on the vault."""
    return parse_vault_policy(text(*statements), kind=kind, vault_arn=VAULT)
