"""Clients of several accounts before one face, in process: what the tests of permissions share."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from coldframe.clock import SystemClock
from coldframe.wire.access import KeyScope
from coldframe.wire.face import Face
from coldframe.wire.in_process import open_client
from wire.world import REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coldframe.clock import Clock
    from coldframe.composition.accounts import Accounts
    from coldframe.wire.access import Key

OWNER = "000000000000"
OTHER = "123456789012"


def face_of(accounts: Accounts, lines: list[str] | None = None, *, clock: Clock | None = None) -> Face:
    """A face; by default on the machine's clock, because boto3 signs by that; the stores keep their own."""
    return Face(
        accounts.store,
        keyring=accounts.keyring,
        authorizer=accounts.authorizer,
        clock=clock or SystemClock(),
        region=REGION,
        log=(lines if lines is not None else []).append,
    )


@dataclass
class Clients:
    """Makes boto3 clients of keys that it makes, and closes them."""

    accounts: Accounts
    lines: list[str] = field(default_factory=list)
    opened: list[Any] = field(default_factory=list)

    def of(self, account_id: str = OWNER, scope: KeyScope = KeyScope.FULL) -> Any:
        """A client with a new key."""
        return self.with_key(self.accounts.create_key(account_id=account_id, scope=scope))

    def with_key(self, key: Key, **options: Any) -> Any:
        """A client with that key."""
        self.opened.append(open_client(face_of(self.accounts, self.lines), key=key, region=REGION, **options))
        return self.opened[-1]

    def close(self) -> None:
        """Close them all."""
        for client in self.opened:
            client.close()


def refusal(act: Callable[[], object]) -> tuple[int, str, str]:
    """Status, code and message of the error with which a call ends."""
    try:
        act()
    except ClientError as error:
        told: Mapping[str, Any] = error.response
        return told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Code"], told["Error"]["Message"]
    raise AssertionError("it was not refused")


def is_refused(act: Callable[[], object]) -> bool:
    """Whether a call ends with the code for what is not allowed."""
    return refusal(act)[:2] == (403, "AccessDeniedException")


def arn(vault_name: str, account_id: str = OWNER) -> str:
    """A vault's ARN."""
    return f"arn:aws:glacier:{REGION}:{account_id}:vaults/{vault_name}"


def policy(
    effect: str, action: str | list[str], *, vault_name: str = "v", principal: object = "*", **condition: object
) -> dict[str, str]:
    """A policy of one statement, as boto3 takes it; `condition` by operator."""
    statement = {"Effect": effect, "Principal": principal, "Action": action, "Resource": arn(vault_name)}
    if condition:
        statement["Condition"] = condition
    return {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}
