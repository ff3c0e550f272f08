"""One statement of a policy: whom it is about, what, with which vault, and when (glacier-api 12.1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from coldframe.service.policies.arns import matches_arn, split_arn
from coldframe.service.policies.conditions import all_hold, read_conditions
from coldframe.service.policies.document import Number, require_plain, texts
from coldframe.service.policies.flaws import Flaw, shown
from coldframe.service.policies.operations import OPERATIONS, VAULT_OPERATIONS
from coldframe.service.policies.principals import read_principals
from coldframe.service.policies.wildcards import matches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coldframe.service.policies.conditions import Clause
    from coldframe.service.policies.principals import Principals
    from coldframe.service.policies.request import Caller, Request

_PREFIX = "glacier:"
_MAX_SID = 256
_ELEMENTS = frozenset({"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "Condition"})
_LOWER = {operation.lower(): operation for operation in OPERATIONS}
_ANYTHING = ("*",) * 6


class Kind(StrEnum):
    """Where a policy hangs."""

    IDENTITY = "identity policy"
    ACCESS = "vault access policy"
    LOCK = "vault lock policy"

    @property
    def is_of_vault(self) -> bool:
        """Whether it hangs on a vault, and so says whom it is about."""
        return self is not Kind.IDENTITY


class Effect(StrEnum):
    """What a statement that applies does."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement that is understood in full.

    Args:
        label: How messages name it.
        effect: What it does.
        principals: Whom it is about; None in an identity policy, which is about its bearer.
        leaves_principals_out: Whether it is about everyone else instead.
        operations: What it is about.
        resources: Which vaults, as ARNs with wildcards; None for any vault and account.
        clauses: When.
    """

    label: str
    effect: Effect
    principals: Principals | None
    leaves_principals_out: bool
    operations: frozenset[str]
    resources: tuple[tuple[str, ...], ...] | None
    clauses: tuple[Clause, ...]

    def applies(self, request: Request) -> bool:
        """Whether the statement decides about the request. What cannot be known makes a Deny apply, and no Allow."""
        is_deny = self.effect is Effect.DENY
        if not (self._is_about_operation(request.operation) and self._is_about_caller(request.caller)):
            return False
        if not self._is_about_vault(request.vault_arn):
            return False
        holds = all_hold(self.clauses, request)
        return is_deny if holds is None else holds

    def _is_about_operation(self, operation: str) -> bool:
        """An operation that is not one of the 33 is what every Deny is about, and no Allow."""
        if operation not in OPERATIONS:
            return self.effect is Effect.DENY
        return operation in self.operations

    def _is_about_caller(self, caller: Caller) -> bool:
        if self.principals is None:
            return True
        if self.leaves_principals_out:
            return not self.principals.exempt(caller)
        return self.principals.include(caller)

    def _is_about_vault(self, vault_arn: str | None) -> bool:
        """A vault's own Deny is about that vault, even if the service's region or account is called otherwise now."""
        if self.resources is None or (self.principals is not None and self.effect is Effect.DENY):
            return True
        return vault_arn is not None and any(matches_arn(pattern, vault_arn) for pattern in self.resources)


def read_statement(value: Mapping[str, object], *, kind: Kind, vault_arn: str | None, label: str) -> Statement:
    """A statement of a policy; `Flaw` if anything in it is not understood or makes no sense.

    Args:
        value: Its JSON.
        kind: Where the policy hangs.
        vault_arn: The vault on which it is to hang; None if it hangs already.
        label: How messages are to name it.
    """
    for element in value:
        if element not in _ELEMENTS:
            problem = "this element is not supported"
            raise Flaw(element if element.isascii() and element.isalnum() else shown(element), problem)
    effect = _read_effect(value)
    operations = _read_operations(value, kind)
    clauses = read_conditions(value["Condition"]) if "Condition" in value else ()
    _require_chance(clauses, operations)
    return Statement(
        label=label,
        effect=effect,
        principals=_read_principals(value, kind, effect),
        leaves_principals_out="NotPrincipal" in value,
        operations=operations,
        resources=_read_resources(value, vault_arn),
        clauses=clauses,
    )


def read_sid(value: object) -> str:
    """A statement's own name; empty if it has none."""
    if not isinstance(value, str) or isinstance(value, Number) or len(value) > _MAX_SID:
        problem = f"not a string of up to {_MAX_SID} characters"
        raise Flaw("Sid", problem)
    require_plain(value, "Sid")
    return value


def _read_effect(value: Mapping[str, object]) -> Effect:
    effect = value.get("Effect")
    if effect == "Allow":
        return Effect.ALLOW
    if effect == "Deny":
        return Effect.DENY
    raise Flaw("Effect", "it must be Allow or Deny")


def _one_of(value: Mapping[str, object], element: str, opposite: str) -> str:
    """Which of the two the statement has: exactly one."""
    if (element in value) is (opposite in value):
        problem = f"a statement has either {element} or {opposite}"
        raise Flaw(element, problem)
    return element if element in value else opposite


def _read_principals(value: Mapping[str, object], kind: Kind, effect: Effect) -> Principals | None:
    if not kind.is_of_vault:
        for element in ("Principal", "NotPrincipal"):
            if element in value:
                raise Flaw(element, "an identity policy is about its bearer and names nobody")
        return None
    element = _one_of(value, "Principal", "NotPrincipal")
    if element == "NotPrincipal" and effect is Effect.ALLOW:
        raise Flaw(element, "only a Deny can leave principals out; an Allow would be one for all the world")
    return read_principals(value[element], element)


def _read_operations(value: Mapping[str, object], kind: Kind) -> frozenset[str]:
    """The operations that Action names, or all those that NotAction does not."""
    element = _one_of(value, "Action", "NotAction")
    possible = VAULT_OPERATIONS if kind.is_of_vault else OPERATIONS
    named: set[str] = set()
    for pattern in texts(value[element], element):
        found = _matching(pattern, element)
        if element == "Action" and not found & possible:
            problem = f"{shown(pattern)} is not an action on a vault that exists: only identity policies speak of it"
            raise Flaw(element, problem)
        named |= found
    return frozenset(possible & named if element == "Action" else possible - named)


def _matching(pattern: str, element: str) -> frozenset[str]:
    """The operations that a pattern names, without regard to case; `Flaw` if none."""
    if pattern == "*":
        return OPERATIONS
    lowered = pattern.lower()
    name = lowered.removeprefix(_PREFIX)
    found = frozenset(_LOWER[known] for known in _LOWER if matches(name, known))
    if not lowered.startswith(_PREFIX) or not found:
        problem = f"{shown(pattern)} is not an action of glacier"
        raise Flaw(element, problem)
    return found


def _read_resources(value: Mapping[str, object], vault_arn: str | None) -> tuple[tuple[str, ...], ...] | None:
    if "Resource" not in value:
        raise Flaw("Resource", "missing")
    patterns = texts(value["Resource"], "Resource")
    read = tuple(_read_resource(pattern, vault_arn) for pattern in patterns)
    return None if "*" in patterns else read


def _read_resource(pattern: str, vault_arn: str | None) -> tuple[str, ...]:
    if pattern == "*":
        return _ANYTHING
    components = split_arn(pattern)
    if components is None or components[2] != "glacier":
        problem = f"{shown(pattern)} is not the ARN of a vault"
        raise Flaw("Resource", problem)
    if vault_arn is not None and not matches_arn(components, vault_arn):
        problem = f"{shown(pattern)} can never match this vault, {vault_arn}"
        raise Flaw("Resource", problem)
    return components


def _require_chance(clauses: tuple[Clause, ...], operations: frozenset[str]) -> None:
    """Refuse a key that none of the statement's operations can ever have: it would protect nothing."""
    for clause in clauses:
        if not clause.key.operations & operations:
            problem = f"none of the statement's actions ever has {clause.key.name}"
            raise Flaw("Condition", problem)
