"""The keys of conditions: which there are, and the facts they stand for in a request (glacier-api 12.2).

A key's facts are a tuple: empty if the key is absent. None says that the facts could not be found out, and whoever asks
must then take the answer that allows less. A key is known here only if it can be told truthfully for every request:
those of private networks and organizations are always absent, for there are none; `aws:Referer` is not known at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

from coldframe.service.policies.flaws import Flaw, shown
from coldframe.service.policies.operations import AGED_OPERATIONS, OPERATIONS, TAGGED_OPERATIONS, TAGGING_OPERATIONS
from coldframe.service.policies.operators import Fact, Family
from coldframe.service.policies.wildcards import MAX_TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coldframe.service.policies.request import Request

Facts = tuple[Fact, ...] | None
_MAX_TAG_KEY = 128
_DAY = timedelta(days=1)

_TEXT = frozenset({Family.STRING})
_ARN = frozenset({Family.STRING, Family.ARN})
_NUMBER = frozenset({Family.NUMERIC})
_DATE = frozenset({Family.DATE})
_EPOCH = frozenset({Family.NUMERIC, Family.DATE})
_BOOL = frozenset({Family.BOOL, Family.STRING})
_IP = frozenset({Family.IP})


@dataclass(frozen=True, slots=True)
class Key:
    """One key of conditions.

    Args:
        name: As it is usually written.
        families: The operators that make sense of it; with any other a condition would silently never hold.
        find: Its facts in a request.
        operations: The operations for which it can be there.
        has_many: Whether it can have several facts at once, so that a condition must say whether it means any or all.
    """

    name: str
    families: frozenset[Family]
    find: Callable[[Request], Facts]
    operations: frozenset[str] = OPERATIONS
    has_many: bool = False

    def facts(self, request: Request) -> Facts:
        """The key's facts: none if it is absent, None if they are not known or too long to be compared."""
        found = self.find(request)
        if found is None or any(isinstance(fact, str) and len(fact) > MAX_TEXT for fact in found):
            return None
        return found


def find_key(name: str) -> Key:
    """The key of that name, in which only a tag's own key minds upper and lower case; `Flaw` if there is none."""
    plain = _KEYS.get(name.lower())
    if plain is not None:
        return plain
    prefix, slash, tag_key = name.partition("/")
    make = _TAG_KEYS.get(prefix.lower())
    if make is None or not slash:
        problem = f"unknown condition key {shown(name)}"
        raise Flaw("Condition", problem)
    if not 1 <= len(tag_key) <= _MAX_TAG_KEY:
        problem = f"the tag key in {shown(name)} must have 1 to {_MAX_TAG_KEY} characters"
        raise Flaw("Condition", problem)
    return make(tag_key)


def _one(fact: Fact | None) -> Facts:
    return () if fact is None else (fact,)


def _absent(_request: Request) -> Facts:
    return ()


def _never(_request: Request) -> Facts:
    return (False,)


def _archive_age(request: Request) -> Facts:
    """Whole days, rounded down: an archive of 364 days and 23 hours is not yet 365 days old."""
    if request.archive_created_at is None or request.operation not in AGED_OPERATIONS:
        return ()
    return (max(0, (request.at - request.archive_created_at) // _DAY),)


def _source_ip(request: Request) -> Facts:
    if request.source_ip is None:
        return ()
    try:
        address = ip_address(request.source_ip.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address,)


def _user_name(request: Request) -> Facts:
    kind, _, name = request.caller.principal_arn.rpartition(":")[2].partition("/")
    return (name.rpartition("/")[2],) if kind == "user" else ()


def _principal_type(request: Request) -> Facts:
    kind = request.caller.principal_arn.rpartition(":")[2].partition("/")[0]
    return _one({"root": "Account", "user": "User", "role": "AssumedRole"}.get(kind))


def _sent_keys(request: Request) -> Facts:
    if request.operation not in TAGGING_OPERATIONS:
        return ()
    return None if request.sent_tags is None else tuple(request.sent_tags)


def _vault_tag(tag_key: str) -> Key:
    def find(request: Request) -> Facts:
        if request.operation not in TAGGED_OPERATIONS:
            return ()
        return None if request.vault_tags is None else _one(request.vault_tags.get(tag_key))

    return Key(f"glacier:ResourceTag/{tag_key}", _TEXT, find, TAGGED_OPERATIONS)


def _sent_tag(tag_key: str) -> Key:
    def find(request: Request) -> Facts:
        if request.operation not in TAGGING_OPERATIONS:
            return ()
        return None if request.sent_tags is None else _one(request.sent_tags.get(tag_key))

    return Key(f"aws:RequestTag/{tag_key}", _TEXT, find, TAGGING_OPERATIONS)


def _principal_tag(tag_key: str) -> Key:
    return Key(f"aws:PrincipalTag/{tag_key}", _TEXT, _absent)


_ALL = (
    Key("glacier:ArchiveAgeInDays", _NUMBER, _archive_age, AGED_OPERATIONS),
    Key("aws:CurrentTime", _DATE, lambda request: (request.at,)),
    Key("aws:EpochTime", _EPOCH, lambda request: (request.at.replace(microsecond=0),)),
    Key("aws:SecureTransport", _BOOL, lambda request: (request.is_secure,)),
    Key("aws:SourceIp", _IP, _source_ip),
    Key("aws:UserAgent", _TEXT, lambda request: _one(request.user_agent)),
    Key("aws:PrincipalArn", _ARN, lambda request: (request.caller.principal_arn,)),
    Key("aws:PrincipalAccount", _TEXT, lambda request: (request.caller.account_id,)),
    Key("aws:PrincipalType", _TEXT, _principal_type),
    Key("aws:username", _TEXT, _user_name),
    Key("aws:MultiFactorAuthPresent", _BOOL, lambda request: _one(request.caller.has_mfa)),
    Key("aws:MultiFactorAuthAge", _NUMBER, lambda request: _one(request.caller.mfa_age_seconds)),
    Key("aws:RequestedRegion", _TEXT, lambda request: (request.region,)),
    Key("aws:ResourceAccount", _TEXT, lambda request: (request.owner_account_id,)),
    Key("aws:TagKeys", _TEXT, _sent_keys, TAGGING_OPERATIONS, has_many=True),
    Key("aws:ViaAWSService", _BOOL, _never),
    Key("aws:PrincipalIsAWSService", _BOOL, _never),
    Key("aws:TokenIssueTime", _DATE, _absent),
    Key("aws:PrincipalOrgID", _TEXT, _absent),
    Key("aws:PrincipalOrgPaths", _TEXT, _absent, has_many=True),
    Key("aws:ResourceOrgID", _TEXT, _absent),
    Key("aws:SourceAccount", _TEXT, _absent),
    Key("aws:SourceArn", _ARN, _absent),
    Key("aws:SourceVpc", _TEXT, _absent),
    Key("aws:SourceVpce", _TEXT, _absent),
    Key("aws:VpcSourceIp", _IP, _absent),
)
_KEYS: Mapping[str, Key] = {key.name.lower(): key for key in _ALL}
_TAG_KEYS: Mapping[str, Callable[[str], Key]] = {
    "glacier:resourcetag": _vault_tag,
    "aws:requesttag": _sent_tag,
    "aws:principaltag": _principal_tag,
}
