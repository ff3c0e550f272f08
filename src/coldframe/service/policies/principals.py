"""Principal and NotPrincipal: whom a statement is about (glacier-api 12.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.service.policies.document import texts
from coldframe.service.policies.flaws import Flaw, shown

if TYPE_CHECKING:
    from coldframe.service.policies.request import Caller

_ACCOUNT = re.compile(r"[0-9]{12}")
_ROOT = re.compile(r"arn:aws[a-z-]{0,16}:iam::([0-9]{12}):root")
_NAMED = re.compile(r"arn:aws[a-z-]{0,16}:iam::[0-9]{12}:(user|role)/[\x21-\x7e]{1,576}")


@dataclass(frozen=True, slots=True)
class Principals:
    """Everyone, or these accounts, users and roles."""

    everyone: bool = False
    accounts: frozenset[str] = frozenset()
    arns: frozenset[str] = frozenset()

    def include(self, caller: Caller) -> bool:
        """Whether the caller is one of them; an account stands for everyone in it."""
        return self.everyone or caller.account_id in self.accounts or caller.principal_arn in self.arns

    def exempt(self, caller: Caller) -> bool:
        """Whether NotPrincipal leaves the caller out. Here an account stands for its root alone, as in the original."""
        return caller.principal_arn in self.arns or (caller.is_root and caller.account_id in self.accounts)


def read_principals(value: object, element: str) -> Principals:
    """The element's principals; `Flaw` for any form that is not understood."""
    if value == "*" and element == "Principal":
        return Principals(everyone=True)
    if not isinstance(value, dict) or set(value) != {"AWS"}:
        problem = f'{shown(value)} is neither "*" nor an object with the one key AWS'
        raise Flaw(element, problem)
    everyone, accounts, arns = False, set(), set()
    for text in texts(value["AWS"], element):
        if text == "*" and element == "Principal":
            everyone = True
        elif (account := _read_account(text)) is not None:
            accounts.add(account)
        elif _NAMED.fullmatch(text) and "*" not in text and "?" not in text:
            arns.add(text)
        else:
            problem = f"{shown(text)} is no account, user or role"
            raise Flaw(element, problem)
    return Principals(everyone, frozenset(accounts), frozenset(arns))


def _read_account(text: str) -> str | None:
    if _ACCOUNT.fullmatch(text):
        return text
    root = _ROOT.fullmatch(text)
    return None if root is None else root[1]
