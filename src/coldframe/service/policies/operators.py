"""The operators of conditions: how a value in a policy reads, and what it asks of a fact (glacier-api 12.2)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum, auto
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network
from typing import TYPE_CHECKING, Any

from coldframe.clock import EPOCH
from coldframe.service.policies.arns import matches_arn, split_arn
from coldframe.service.policies.flaws import shown
from coldframe.service.policies.wildcards import matches

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Network

Fact = str | bool | int | datetime | IPv4Address | IPv6Address
Test = Callable[[Fact], bool]
"""Whether a fact is what one value of a condition asks for."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2}))?"
)
_SECONDS = re.compile(r"[0-9]{5,12}")
_ADDRESSES = re.compile(r"[0-9a-fA-F:.]+(/[0-9]{1,3})?")
_BOOLEANS = {"true": True, "false": False}


class Family(Enum):
    """Operators that read and compare alike."""

    STRING = auto()
    NUMERIC = auto()
    DATE = auto()
    BOOL = auto()
    IP = auto()
    ARN = auto()
    NULL = auto()


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator.

    Args:
        family: What it can be asked about.
        test: Makes a test of a value in a policy; `ValueError` with the reason if the value is not of its kind.
        is_negated: Whether a fact must fail all tests instead of passing one; then an absent fact is as good.
    """

    family: Family
    test: Callable[[str], Test]
    is_negated: bool = False


def read_boolean(text: str) -> bool:
    """True or false, in any case."""
    found = _BOOLEANS.get(text.lower())
    if found is None:
        problem = f"{shown(text)} is neither true nor false"
        raise ValueError(problem)
    return found


def read_moment(text: str) -> datetime:
    """An ISO 8601 date (midnight, UTC) or moment with its offset, or seconds since 1970."""
    try:
        if _SECONDS.fullmatch(text):
            return EPOCH + timedelta(seconds=int(text))
        if _MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(text)
            return moment.astimezone(UTC) if "T" in text else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        pass
    problem = f"{shown(text)} is no date: write 2026-11-23, 2026-11-23T06:00:00Z, or seconds since 1970"
    raise ValueError(problem)


def read_number(text: str) -> Decimal:
    """A decimal number of a sensible length."""
    if not _NUMBER.fullmatch(text):
        problem = f"{shown(text)} is not a number"
        raise ValueError(problem)
    return Decimal(text)


def read_network(text: str) -> IPv4Network | IPv6Network:
    """An address, or addresses as CIDR."""
    problem = f"{shown(text)} is neither an IP address nor a CIDR range"
    if not _ADDRESSES.fullmatch(text):
        raise ValueError(problem)
    try:
        network = ip_network(text, strict=False)
    except ValueError as error:
        raise ValueError(problem) from error
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped is not None:
        problem = f"{shown(text)} is an IPv4 address in IPv6 clothes, which no caller has: write it as IPv4"
        raise ValueError(problem)
    return network


def text_of(fact: Fact) -> str:
    """A fact as the string operators see it."""
    return str(fact).lower() if isinstance(fact, bool) else str(fact)


def _same(text: str) -> Test:
    return lambda fact: text_of(fact) == text


def _same_without_case(text: str) -> Test:
    lowered = text.lower()
    return lambda fact: text_of(fact).lower() == lowered


def _like(text: str) -> Test:
    return lambda fact: matches(text, text_of(fact))


def _numeric(compare: Callable[[Any, Any], bool]) -> Callable[[str], Test]:
    def test(text: str) -> Test:
        wanted = read_number(text)
        return lambda fact: compare(_number_of(fact), wanted)

    return test


def _number_of(fact: Fact) -> int:
    if isinstance(fact, datetime):
        return (fact - EPOCH) // timedelta(seconds=1)
    return fact if isinstance(fact, int) else int(str(fact))


def _date(compare: Callable[[Any, Any], bool]) -> Callable[[str], Test]:
    def test(text: str) -> Test:
        wanted = read_moment(text)
        return lambda fact: compare(fact, wanted)

    return test


def _boolean(text: str) -> Test:
    wanted = read_boolean(text)
    return lambda fact: fact is wanted


def _within(text: str) -> Test:
    network = read_network(text)
    return lambda fact: fact in network


def _arn(text: str) -> Test:
    pattern = ("*",) * 6 if text == "*" else split_arn(text)
    if pattern is None:
        problem = f"{shown(text)} is not an ARN of six components"
        raise ValueError(problem)
    return lambda fact: matches_arn(pattern, str(fact))


OPERATORS: Mapping[str, Operator] = {
    "StringEquals": Operator(Family.STRING, _same),
    "StringNotEquals": Operator(Family.STRING, _same, is_negated=True),
    "StringEqualsIgnoreCase": Operator(Family.STRING, _same_without_case),
    "StringNotEqualsIgnoreCase": Operator(Family.STRING, _same_without_case, is_negated=True),
    "StringLike": Operator(Family.STRING, _like),
    "StringNotLike": Operator(Family.STRING, _like, is_negated=True),
    "NumericEquals": Operator(Family.NUMERIC, _numeric(operator.eq)),
    "NumericNotEquals": Operator(Family.NUMERIC, _numeric(operator.eq), is_negated=True),
    "NumericLessThan": Operator(Family.NUMERIC, _numeric(operator.lt)),
    "NumericLessThanEquals": Operator(Family.NUMERIC, _numeric(operator.le)),
    "NumericGreaterThan": Operator(Family.NUMERIC, _numeric(operator.gt)),
    "NumericGreaterThanEquals": Operator(Family.NUMERIC, _numeric(operator.ge)),
    "DateEquals": Operator(Family.DATE, _date(operator.eq)),
    "DateNotEquals": Operator(Family.DATE, _date(operator.eq), is_negated=True),
    "DateLessThan": Operator(Family.DATE, _date(operator.lt)),
    "DateLessThanEquals": Operator(Family.DATE, _date(operator.le)),
    "DateGreaterThan": Operator(Family.DATE, _date(operator.gt)),
    "DateGreaterThanEquals": Operator(Family.DATE, _date(operator.ge)),
    "Bool": Operator(Family.BOOL, _boolean),
    "IpAddress": Operator(Family.IP, _within),
    "NotIpAddress": Operator(Family.IP, _within, is_negated=True),
    "ArnEquals": Operator(Family.ARN, _arn),
    "ArnNotEquals": Operator(Family.ARN, _arn, is_negated=True),
    "ArnLike": Operator(Family.ARN, _arn),
    "ArnNotLike": Operator(Family.ARN, _arn, is_negated=True),
    "Null": Operator(Family.NULL, _boolean),
}
"""All that are understood; any other is refused when a policy is set."""
