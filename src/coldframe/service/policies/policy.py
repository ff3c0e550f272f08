"""Policies: read strictly when they are set, and so that nothing unknown allows anything when they are asked.

A policy that is set must be understood to its last element. One that was stored, by whichever version, is taken as it
is: what is not understood in it denies (invariant I10).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from coldframe.errors import InvalidParameterValue
from coldframe.service.policies.document import read_document, require_plain
from coldframe.service.policies.flaws import Flaw, shown
from coldframe.service.policies.operations import OPERATIONS
from coldframe.service.policies.principals import Principals
from coldframe.service.policies.statements import Effect, Kind, Statement, read_sid, read_statement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.service.policies.request import Request

_ELEMENTS = frozenset({"Version", "Id", "Statement"})
_VERSIONS = ("2012-10-17", "2008-10-17")


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy that can be asked."""

    kind: Kind
    statements: tuple[Statement, ...]

    def denying(self, request: Request) -> Statement | None:
        """The first statement that denies the request."""
        return self._first(request, Effect.DENY)

    def allowing(self, request: Request) -> Statement | None:
        """The first statement that allows the request."""
        return self._first(request, Effect.ALLOW)

    def _first(self, request: Request, effect: Effect) -> Statement | None:
        return next((s for s in self.statements if s.effect is effect and s.applies(request)), None)


def parse_vault_policy(text: str, *, kind: Kind, vault_arn: str) -> Policy:
    """The access or lock policy that is to hang on a vault.

    Raises:
        InvalidParameterValue: If anything in it is not understood, makes no sense, or is not about this vault. The
            message names the statement and the element.
    """
    return _parse(text, kind, vault_arn)


def parse_identity_policy(text: str) -> Policy:
    """The policy of a key. Raises `InvalidParameterValue` as `parse_vault_policy` does."""
    return _parse(text, Kind.IDENTITY, None)


@lru_cache(maxsize=256)
def stored_policy(text: str, kind: Kind) -> Policy:
    """A policy that was set earlier; never raises.

    A statement that is not understood is a Deny of everything, unless it says Allow: then it is nothing. A document
    that is not understood is one Deny of everything, for its owner too; only who works on the store itself, without
    asking any policy, can then replace it.
    """
    try:
        raw = _read_envelope(text)
    except Flaw as flaw:
        return Policy(kind, (_deny_all(f"unreadable document ({flaw})", kind),))
    return Policy(kind, tuple(_stored_statements(raw, kind)))


def _stored_statements(raw: list[object], kind: Kind) -> Iterator[Statement]:
    for number, value in enumerate(raw, 1):
        try:
            yield _read_one(value, number=number, kind=kind, vault_arn=None)
        except Flaw as flaw:
            if not (isinstance(value, dict) and value.get("Effect") == "Allow"):
                yield _deny_all(f"statement {number}, not understood ({flaw})", kind)


def _parse(text: str, kind: Kind, vault_arn: str | None) -> Policy:
    label = ""
    statements: list[Statement] = []
    seen: dict[str, int] = {}
    try:
        raw = _read_envelope(text)
        for number, value in enumerate(raw, 1):
            label = f"{_name(number, value)}, "
            statements.append(_read_one(value, number=number, kind=kind, vault_arn=vault_arn))
            _require_new(_sid(value), seen, number)
    except Flaw as flaw:
        msg = f"Invalid policy: {label}{flaw}."
        raise InvalidParameterValue(msg) from flaw
    return Policy(kind, tuple(statements))


def _read_envelope(text: str) -> list[object]:
    """The statements, still as JSON."""
    document = read_document(text)
    for element in document:
        if element not in _ELEMENTS:
            problem = f"the element {shown(element)} is not supported"
            raise Flaw("", problem)
    if document.get("Version", _VERSIONS[0]) not in _VERSIONS:
        problem = f"it must be {' or '.join(_VERSIONS)}"
        raise Flaw("Version", problem)
    identifier = document.get("Id", "")
    if not isinstance(identifier, str):
        raise Flaw("Id", "not a string")
    require_plain(identifier, "Id")
    raw = document.get("Statement")
    statements = raw if isinstance(raw, list) else [raw]
    if raw is None or not statements:
        raise Flaw("Statement", "missing")
    return statements


def _read_one(value: object, *, number: int, kind: Kind, vault_arn: str | None) -> Statement:
    if not isinstance(value, dict):
        raise Flaw("", "a statement is a JSON object")
    read_sid(value.get("Sid", ""))
    return read_statement(value, kind=kind, vault_arn=vault_arn, label=_name(number, value))


def _name(number: int, value: object) -> str:
    sid = _sid(value)
    return f"statement {number} ({shown(sid)})" if sid else f"statement {number}"


def _sid(value: object) -> str:
    sid = value.get("Sid") if isinstance(value, dict) else None
    return sid if isinstance(sid, str) else ""


def _require_new(sid: str, seen: dict[str, int], number: int) -> None:
    """Refuse a Sid that an earlier statement has; having none is no Sid."""
    if sid and sid in seen:
        problem = f"statement {seen[sid]} has the same"
        raise Flaw("Sid", problem)
    seen[sid] = number


def _deny_all(label: str, kind: Kind) -> Statement:
    return Statement(
        label=label,
        effect=Effect.DENY,
        principals=Principals(everyone=True) if kind.is_of_vault else None,
        leaves_principals_out=False,
        operations=OPERATIONS,
        resources=None,
        clauses=(),
    )
