"""What all policies together say about a request (glacier-api 12.3), and how a refusal is worded (13)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from coldframe.errors import AccessDenied
from coldframe.service.policies.operations import OPERATIONS, OWNER_OPERATIONS
from coldframe.service.policies.statements import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coldframe.service.policies.policy import Policy
    from coldframe.service.policies.request import Request


class Verdict(StrEnum):
    """How it was decided."""

    ALLOWED = "allowed"
    EXPLICITLY_DENIED = "explicitly denied"
    NOT_ALLOWED = "not allowed"


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with its reason: the policy and the statement, or what is missing. The reason is not for the caller."""

    request: Request
    verdict: Verdict
    reason: str

    @property
    def is_allowed(self) -> bool:
        """Whether it may be done."""
        return self.verdict is Verdict.ALLOWED

    @property
    def message(self) -> str:
        """What a caller who is refused is told (glacier-api 13)."""
        request = self.request
        resource = request.vault_arn or f"arn:aws:glacier:{request.region}:{request.owner_account_id}:vaults/*"
        denied = " with an explicit deny" if self.verdict is Verdict.EXPLICITLY_DENIED else ""
        return (
            f"User: {request.caller.principal_arn} is not authorized to perform: glacier:{request.operation} "
            f"on resource: {resource}{denied}"
        )

    def require(self) -> None:
        """Do nothing if it is allowed; raise `AccessDenied` otherwise."""
        if not self.is_allowed:
            raise AccessDenied(self.message)


def decide(request: Request, policies: Sequence[Policy]) -> Decision:
    """What the caller's identity policies and the vault's own together say.

    A Deny anywhere denies. Then one Allow is enough within an account; between accounts it takes one of the caller's
    own policies and one of the vault's, and what only an owner may do is never granted.
    """
    denied = find_deny(request, policies)
    if denied is not None:
        return denied
    reasons = {
        policy.kind: f"{policy.kind}, {found.label}" for policy in policies if (found := policy.allowing(request))
    }
    if not reasons or request.operation not in OPERATIONS:
        return Decision(request, Verdict.NOT_ALLOWED, "no statement allows it")
    if request.is_foreign:
        return _decide_foreign(request, reasons)
    return Decision(request, Verdict.ALLOWED, next(iter(reasons.values())))


def find_deny(request: Request, policies: Sequence[Policy]) -> Decision | None:
    """The decision of the first statement that denies; None if none does, which allows nothing yet."""
    for policy in policies:
        found = policy.denying(request)
        if found is not None:
            return Decision(request, Verdict.EXPLICITLY_DENIED, f"{policy.kind}, {found.label}")
    return None


def _decide_foreign(request: Request, reasons: dict[Kind, str]) -> Decision:
    if request.operation in OWNER_OPERATIONS:
        return Decision(request, Verdict.NOT_ALLOWED, "only the vault's own account may do it")
    if Kind.IDENTITY not in reasons:
        return Decision(request, Verdict.NOT_ALLOWED, "no policy of the caller's own allows it")
    if len(reasons) == 1:
        return Decision(request, Verdict.NOT_ALLOWED, "no policy of the vault allows it")
    return Decision(request, Verdict.ALLOWED, " and ".join(reasons.values()))
