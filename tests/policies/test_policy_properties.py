"""What holds for all policies: denying never allows, order does not matter, the unknown never helps, no text harms."""

from __future__ import annotations

import contextlib
import fnmatch
import json
import sys
from typing import TYPE_CHECKING, Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from coldframe.errors import InvalidParameterValue
from coldframe.service.policies import (
    Kind,
    decide,
    find_deny,
    parse_vault_policy,
    scope_policy,
    stored_policy,
)
from coldframe.service.policies.operations import OPERATIONS, OWNER_OPERATIONS
from coldframe.service.policies.wildcards import matches, steps
from coldframe.wire.access import Access, Key, KeyScope, require_scope
from coldframe.wire.operations import OWNER_ONLY, load_operations
from policies.policy_words import (
    BOB,
    EVE,
    FOREIGN_ROOT,
    FULL,
    OWNER,
    ROBOT,
    ROOT,
    STRANGER,
    VAULT,
    request,
    statement,
    text,
)

if TYPE_CHECKING:
    from types import FrameType

    from coldframe.service.policies import (
        Policy,
        Request,
    )

CONDITIONS = st.sampled_from(
    [
        {},
        {"NumericLessThan": {"glacier:ArchiveAgeInDays": "365"}},
        {"NumericGreaterThanIfExists": {"glacier:ArchiveAgeInDays": 10}},
        {"StringLike": {"glacier:ResourceTag/Hold": ["true", ""]}},
        {"StringNotEquals": {"glacier:ResourceTag/Hold": "off"}},
        {"Bool": {"aws:SecureTransport": False}},
        {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
        {"Null": {"aws:MultiFactorAuthPresent": True}},
        {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OWNER}:user/*"}},
        {"DateGreaterThan": {"aws:CurrentTime": "2026-11-23"}, "Bool": {"aws:SecureTransport": True}},
        {"ForAllValues:StringLike": {"aws:UserAgent": "p-*"}},
    ]
)
WHOM = st.sampled_from(["*", {"AWS": OWNER}, {"AWS": [STRANGER]}, {"AWS": f"arn:aws:iam::{OWNER}:user/Bob"}])
WHAT = st.sampled_from(["glacier:*", "glacier:Delete*", ["glacier:DeleteArchive", "glacier:InitiateJob"], "*"])
STATEMENTS = st.builds(
    lambda effect, whom, what, condition: statement(Effect=effect, Principal=whom, Action=what, Condition=condition),
    st.sampled_from(["Allow", "Deny"]),
    WHOM,
    WHAT,
    CONDITIONS,
)
LISTS = st.lists(STATEMENTS, min_size=1, max_size=5)
REQUESTS = st.builds(
    request,
    operation=st.sampled_from(sorted(OPERATIONS)),
    caller=st.sampled_from([ROOT, BOB, ROBOT, EVE, FOREIGN_ROOT]),
    age=st.none() | st.integers(0, 800),
    vault_tags=st.sampled_from([None, {}, {"Hold": "true"}, {"Hold": ""}, {"Hold": "off"}]),
    sent_tags=st.sampled_from([None, {}, {"p-1": "x"}, {"q": "x"}]),
    is_secure=st.booleans(),
    source_ip=st.sampled_from([None, "192.0.2.1", "203.0.113.1", "?"]),
)
UNKNOWN = st.sampled_from(
    [
        {"NotResource": VAULT},
        {"Comment": "x"},
        {"Condition": {"StringMatches": {"aws:UserAgent": "x"}}},
        {"Condition": {"Bool": {"aws:Moon": True}}},
        {"Condition": {"NumericLessThan": {"glacier:ArchiveAgeInDays": "a year"}}},
        {"Principal": {"Service": "x"}},
        {"Action": "glacier:Purge"},
        {"Effect": "Perhaps"},
        {"Sid": 7},
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
WORDS = ["Version", "Statement", "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource"]
WORDS += ["Condition", "AWS", "*", "Allow", "Deny", "2012-10-17", "glacier:*", VAULT, OWNER, "StringLike", "Null"]
WORDS += ["ForAnyValue:StringEquals", "NumericLessThanIfExists", "glacier:ArchiveAgeInDays", "aws:SourceIp", "true"]
PARTS = st.sampled_from(WORDS)
TREES = st.recursive(
    SCALARS | PARTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PARTS | st.text(max_size=5), inner, max_size=5),
    max_leaves=25,
)
ACTORS = [ROOT, BOB, EVE, FOREIGN_ROOT]


def stored(statements: list[Any], kind: Kind = Kind.ACCESS) -> Policy:
    """The policy of these statements as it comes from the ledger."""
    return stored_policy(text(*statements), kind)


@given(LISTS, STATEMENTS, REQUESTS, st.integers(0, 5), st.sampled_from([Kind.ACCESS, Kind.LOCK]))
def test_added_deny_never_allows(
    statements: list[Any], added: dict[str, Any], asked: Request, place: int, kind: Kind
) -> None:
    """Whatever is refused stays refused when a Deny is added, wherever it stands."""
    before = decide(asked, [FULL, stored(statements, kind)])
    more = [*statements[:place], {**added, "Effect": "Deny"}, *statements[place:]]
    assert before.is_allowed or not decide(asked, [FULL, stored(more, kind)]).is_allowed


@given(LISTS, STATEMENTS, REQUESTS)
def test_added_allow_never_lifts_a_deny(statements: list[Any], added: dict[str, Any], asked: Request) -> None:
    """An explicit Deny stays one, whatever is allowed beside it."""
    if find_deny(asked, [stored(statements)]) is not None:
        assert find_deny(asked, [stored([{**added, "Effect": "Allow"}, *statements])]) is not None


@given(st.data(), LISTS, REQUESTS)
def test_order_of_statements_does_not_matter(data: st.DataObject, statements: list[Any], asked: Request) -> None:
    """The verdict is that of the set."""
    mixed = data.draw(st.permutations(statements))
    assert decide(asked, [FULL, stored(statements)]).verdict is decide(asked, [FULL, stored(mixed)]).verdict


@given(LISTS, LISTS, REQUESTS)
def test_order_of_policies_does_not_matter(access: list[Any], lock: list[Any], asked: Request) -> None:
    """Which policy is asked first changes the reason at most."""
    policies = [FULL, stored(access), stored(lock, Kind.LOCK)]
    assert decide(asked, policies).verdict is decide(asked, policies[::-1]).verdict


@given(LISTS, UNKNOWN, REQUESTS, st.integers(0, 4))
def test_unknown_element_never_allows_more(
    statements: list[Any], unknown: dict[str, Any], asked: Request, place: int
) -> None:
    """What a later version may have written into any statement makes nothing possible that was not."""
    place %= len(statements)
    strange = [*statements[:place], {**statements[place], **unknown}, *statements[place + 1 :]]
    before = decide(asked, [FULL, stored(statements)])
    assert before.is_allowed or not decide(asked, [FULL, stored(strange)]).is_allowed


@given(LISTS, REQUESTS)
def test_what_is_set_is_what_is_asked(statements: list[Any], asked: Request) -> None:
    """A policy that was taken decides the same when it comes back from the ledger."""
    taken = parse_vault_policy(text(*statements), kind=Kind.ACCESS, vault_arn=VAULT)
    assert decide(asked, [FULL, taken]) == decide(asked, [FULL, stored(statements)])


@given(LISTS, REQUESTS)
def test_stranger_needs_both_sides(statements: list[Any], asked: Request) -> None:
    """Without a policy of their own, or without one of the vault, nobody does anything with another account's vault."""
    if asked.is_foreign:
        assert not decide(asked, [stored(statements)]).is_allowed
        assert not decide(asked, [FULL]).is_allowed
        assert not (decide(asked, [FULL, stored(statements)]).is_allowed and asked.operation in OWNER_OPERATIONS)


@settings(max_examples=300)
@given(st.text() | TREES.map(json.dumps) | st.text(alphabet='{}[]",:\\NaNu0\ud800 ', max_size=200))
@example('{"Statement":' * 2000)
@example('{"Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"Null":{"":1}}}}')
def test_any_text_is_a_policy_or_refused(document: str) -> None:
    """The parser answers a policy, or says in words that can be sent why not; a stored text is a policy either way."""
    said = ""
    try:
        parse_vault_policy(document, kind=Kind.ACCESS, vault_arn=VAULT)
    except InvalidParameterValue as error:
        said = str(error)
    assert said.encode().startswith(b"Invalid policy: " if said else b"")
    assert stored_policy(document, Kind.LOCK).kind is Kind.LOCK


@settings(max_examples=300)
@given(st.dictionaries(PARTS, TREES, max_size=4), st.booleans())
def test_any_statement_is_understood_or_refused(elements: dict[str, Any], is_in_condition: bool) -> None:  # noqa: FBT001 - given by Hypothesis
    """Whatever stands in a statement or its condition, the parser knows what to say."""
    broken = statement(Condition=elements) if is_in_condition else {**statement(), **elements}
    with contextlib.suppress(InvalidParameterValue):
        parse_vault_policy(text(broken), kind=Kind.LOCK, vault_arn=VAULT)
    for caller in ACTORS:
        decide(request(caller=caller), [FULL, stored_policy(text(broken), Kind.LOCK)])


@settings(max_examples=300)
@given(st.text(alphabet="ab*?", max_size=12), st.text(alphabet="ab", max_size=12))
def test_wildcards_match_as_the_shell_does(pattern: str, subject: str) -> None:
    """Python's own matcher, which can go back and try again, answers the same; steps are at most the characters."""
    assert matches(pattern, subject) is fnmatch.fnmatchcase(subject, pattern)
    assert len(list(steps(pattern, subject))) <= len(pattern)


def lines_run(asked: Request, asked_of: Policy) -> int:
    """How many lines of Python it takes to decide."""
    count = 0

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        count += event == "line" and "coldframe" in frame.f_code.co_filename
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        decide(asked, [FULL, asked_of])
    finally:
        sys.settrace(before)
    return count


def filled(write: Any) -> str:
    """The largest policy of that making that is not over 20 KB."""
    few, many = 1, 20_480
    while few < many:
        middle = (few + many + 1) // 2
        few, many = (middle, many) if len(write(middle)) <= 20_480 else (few, middle - 1)
    return str(write(few))


WORST = {
    "one pattern of stars and letters": lambda n: [f"{'*a' * n}b"],
    "one pattern of question marks": lambda n: [f"{'*?a' * n}b"],
    "many short patterns": lambda n: ["*b*"] * n,
    "many patterns with question marks": lambda n: ["*?a?b*"] * n,
    "many patterns that nearly match": lambda n: ["*" + "a" * 100 + "?b"] * n,
}


def test_worst_policies_take_linear_steps() -> None:
    """The worst 20 KB of wildcards against the longest text take a few steps for each of their characters, no more."""
    asked = request(user_agent="a" * 1024)
    for making, patterns in WORST.items():

        def write(n: int, patterns: Any = patterns) -> str:
            return text(statement(Condition={"StringLike": {"aws:UserAgent": patterns(n)}}))

        document = filled(write)
        assert len(document) > 20_000
        taken = parse_vault_policy(document, kind=Kind.LOCK, vault_arn=VAULT)
        assert lines_run(asked, taken) < 8 * 20_480 + 3 * 1024, making


def test_operations_are_those_of_the_protocol() -> None:
    """Policies and the face speak of the same 33 operations, and of the same that only an owner may do."""
    assert set(load_operations()) == OPERATIONS
    assert OWNER_OPERATIONS - {"CreateVault"} | {"CreateVault"} == OWNER_ONLY


def test_scopes_are_those_of_the_face() -> None:
    """The policy of a scope refuses just what the face refuses for it."""
    for scope in KeyScope:
        key = Key(access_key_id="AKID", secret_access_key="x", account_id=OWNER, scope=scope)
        for operation in sorted(OPERATIONS):
            asked = request(operation=operation)
            access = Access(
                key=key,
                operation=operation,
                account_id=OWNER,
                vault_name="astrodata",
                archive_id=None,
                at=asked.at,
                peer="",
                is_secure=True,
                user_agent="",
            )
            allowed = decide(asked, [scope_policy(scope.value)]).is_allowed
            assert allowed is _is_within_scope(access), (scope, operation)


def _is_within_scope(access: Access) -> bool:
    try:
        require_scope(access)
    except Exception:  # noqa: BLE001 - any refusal counts
        return False
    return True
