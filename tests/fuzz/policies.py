"""Policies as anybody may write them: read or refused in words, in linear time, and never a gift to whom it refuses."""

from __future__ import annotations

import fnmatch
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from coldframe.errors import InvalidParameterValue
from coldframe.service.policies import Kind, decide, parse_vault_policy, stored_policy
from coldframe.service.policies.wildcards import matches, steps
from fuzz.json_texts import json_texts, values
from fuzz.target import Target, complain
from policies.policy_words import BOB, EVE, FOREIGN_ROOT, FULL, OWNER, ROOT, STRANGER, VAULT, request, statement

if TYPE_CHECKING:
    from coldframe.service.policies import Policy, Request

_ASKED = [
    request(caller=caller, operation=operation, age=age, vault_tags={"Hold": "true"}, source_ip="192.0.2.1")
    for caller in (ROOT, BOB, EVE, FOREIGN_ROOT)
    for operation, age in (("DeleteArchive", 10), ("InitiateJob", 800), ("DescribeVault", None))
]


def run_policy(data: bytes) -> None:
    """Read a text as an access policy and as a lock, as one that is set and as one that was stored."""
    text = data.decode("utf-8", "surrogatepass" if _is_surrogate_text(data) else "replace")
    for kind in (Kind.ACCESS, Kind.LOCK):
        taken = _taken(text, kind)
        kept = stored_policy(text, kind)
        for asked in _ASKED:
            if taken is not None and decide(asked, [FULL, taken]) != decide(asked, [FULL, kept]):
                complain("a policy that was taken decides otherwise when it comes from the ledger")
            if taken is None:
                _require_closed(text, kind, asked)


def _taken(text: str, kind: Kind) -> Policy | None:
    try:
        return parse_vault_policy(text, kind=kind, vault_arn=VAULT)
    except InvalidParameterValue as error:
        if not str(error).encode().startswith(b"Invalid policy: "):
            complain(f"a refusal in other words: {error}")
    return None


def _require_closed(text: str, kind: Kind, asked: Request) -> None:
    """A document that is refused, and lay in the ledger nevertheless, allows what its good statements allow, no more.

    And it denies all that they deny.
    """
    kept = stored_policy(text, kind)
    good = _good_statements(text, kind)
    if kept.allowing(asked) is not None and not any(each.allowing(asked) for each in good):
        complain("a statement that nobody understands allows something")
    if any(each.denying(asked) for each in good) and kept.denying(asked) is None:
        complain("a Deny is lost among statements that nobody understands")


def _good_statements(text: str, kind: Kind) -> list[Policy]:
    """Those statements of a document, if it is one, that are understood one by one, whatever vault they are about."""
    found = []
    with suppress(ValueError, KeyError, TypeError, RecursionError):
        raw = json.loads(text)["Statement"] if text.lstrip()[:1] == "{" else []
        for each in raw if isinstance(raw, list) else [raw]:
            alone = stored_policy(json.dumps({"Version": "2012-10-17", "Statement": [each]}), kind)
            if "not understood" not in alone.statements[0].label if alone.statements else False:
                found.append(alone)
        return found
    return []


def _is_surrogate_text(data: bytes) -> bool:
    with suppress(UnicodeDecodeError):
        data.decode("utf-8", "surrogatepass")
        return True
    return False


def run_wildcard(data: bytes) -> None:
    """The first line is a pattern, the rest a text; Python's own matcher, which can go back, answers the same."""
    pattern, _, text = data.decode("latin-1").partition("\n")
    pattern, text = pattern[:200].replace("[", "("), text[:200]
    if pattern.count("*") > 6:
        pattern = pattern.replace("*", "", pattern.count("*") - 6)  # or Python's own would take for ever
    if matches(pattern, text) is not fnmatch.fnmatchcase(text, pattern):
        complain(f"{pattern!r} and {text!r}: {matches(pattern, text)}")
    if len(list(steps(pattern, text))) > len(pattern):
        complain("more steps than the pattern has characters")


# --- making them up ---------------------------------------------------------------------------------------------------

_WORD_LIST = """
    Version Id Statement Sid Effect Principal NotPrincipal Action NotAction Resource NotResource Condition AWS * Allow
    Deny 2012-10-17 2008-10-17 glacier:* glacier:Del* glacier:DeleteArchive GLACIER:deletearchive StringLike Null Bool
    StringNotEquals true false 365 1e3 192.0.2.0/24 ::/0 0/0 ForAnyValue:StringEquals ForAllValues:StringLike ArnLike
    NumericLessThanIfExists DateGreaterThan glacier:ArchiveAgeInDays glacier:ResourceTag/Hold aws:SourceIp IpAddress
    aws:SecureTransport aws:CurrentTime 2026-11-23T00:00:00Z ${aws:username} aws:PrincipalArn aws:UserAgent aws:TagKeys
"""
_WORDS = st.sampled_from(_WORD_LIST.split()) | st.sampled_from(
    [VAULT, f"{VAULT}/", OWNER, STRANGER, f"arn:aws:iam::{OWNER}:root"]
)
_VALUES = values(_WORDS)
_WHOM = st.sampled_from(["*", {"AWS": "*"}, {"AWS": OWNER}, {"AWS": [STRANGER, OWNER]}, {"AWS": []}, {"Service": "x"}])
_OPERATOR_LIST = """
    StringLike StringEqualsIgnoreCase NumericLessThan NumericGreaterThanEqualsIfExists Bool Null IpAddress
    NotIpAddress DateLessThan ArnEquals ForAllValues:StringLike BinaryEquals bool
"""
_OPERATORS = st.sampled_from(_OPERATOR_LIST.split())
_CONDITIONS = st.dictionaries(
    _OPERATORS, st.dictionaries(_WORDS, _WORDS | st.lists(_WORDS, max_size=3), max_size=2), max_size=2
)


@st.composite
def _statements(draw: st.DrawFn) -> dict[str, Any]:
    """A good statement, in which here and there an element is left out, replaced or added."""
    base: dict[str, Any] = statement(
        Effect=draw(st.sampled_from(["Allow", "Deny"])),
        Principal=draw(_WHOM),
        Action=draw(st.sampled_from(["glacier:*", "*", ["glacier:DeleteArchive", "glacier:InitiateJob"]])),
    )
    if draw(st.booleans()):
        base["Condition"] = draw(_CONDITIONS)
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        name = draw(_WORDS)
        if draw(st.booleans()):
            base[name] = draw(_VALUES)
        else:
            base.pop(name, None)
    return base


_DOCUMENTS = st.builds(
    lambda statements, more: {"Version": "2012-10-17", "Statement": statements, **more},
    st.lists(_statements() | _VALUES, max_size=4) | _statements(),
    st.dictionaries(_WORDS, _VALUES, max_size=1) | st.just({}),
)
_PATTERNS = st.text(alphabet="ab*?(\\]!", max_size=14)
_SUBJECTS = st.text(alphabet="ab(\\]!", max_size=14)

TARGETS = (
    Target("policies", run_policy, json_texts(_DOCUMENTS) | json_texts(_VALUES) | st.binary(max_size=60), share=2),
    Target("wildcards", run_wildcard, st.builds(lambda one, other: f"{one}\n{other}".encode(), _PATTERNS, _SUBJECTS)),
)
