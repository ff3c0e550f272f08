"""What a key may do at most, as the identity policy that says so."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

from coldframe.service.policies.policy import parse_identity_policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coldframe.service.policies.policy import Policy

_READING = ["glacier:Get*", "glacier:List*", "glacier:Describe*", "glacier:InitiateJob"]
_DELETING = [
    "glacier:Delete*",
    "glacier:Abort*",
    "glacier:RemoveTagsFromVault",
    "glacier:SetVaultAccessPolicy",
    "glacier:InitiateVaultLock",
    "glacier:CompleteVaultLock",
]
_ALLOW = {"Sid": "Everything", "Effect": "Allow", "Action": "*", "Resource": "*"}
_STATEMENTS: Mapping[str, list[dict[str, object]]] = {
    "full": [{**_ALLOW}],
    "no-delete": [{**_ALLOW}, {"Sid": "NoDelete", "Effect": "Deny", "Action": _DELETING, "Resource": "*"}],
    "read-only": [
        {**_ALLOW, "Action": _READING},
        {"Sid": "ReadOnly", "Effect": "Deny", "NotAction": _READING, "Resource": "*"},
    ],
}


@cache
def scope_policy(scope: str) -> Policy:
    """The policy of a key of scope `full`, `no-delete` or `read-only`; `KeyError` for any other.

    What the narrower ones take away is denied, not merely left out: no vault's policy can give it back.
    """
    return parse_identity_policy(json.dumps({"Version": "2012-10-17", "Statement": _STATEMENTS[scope]}))
