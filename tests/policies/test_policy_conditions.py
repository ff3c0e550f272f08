"""What every operator asks, row by row: each row is tried in an Allow and in a Deny.

A row reads: name, operator, key, value or values of the policy, facts of the request, whether the condition holds. None
stands for "cannot be known": then the Deny applies and the Allow does not.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from coldframe.service.policies import Caller, decide
from policies.policy_words import (
    ALICE,
    BOB,
    EVE,
    FOREIGN_ROOT,
    FULL,
    NOW,
    OWNER,
    ROBOT,
    ROOT,
    STRANGER,
    policy,
    request,
    statement,
)

Row = tuple[str, str, str, Any, dict[str, Any], bool | None]

AGENT = "aws:UserAgent"
TAG = "glacier:ResourceTag/Hold"
AGE = "glacier:ArchiveAgeInDays"
TIME = "aws:CurrentTime"
EPOCH = "aws:EpochTime"
TLS = "aws:SecureTransport"
IP = "aws:SourceIp"
ARN = "aws:PrincipalArn"
MFA = "aws:MultiFactorAuthPresent"
MFA_AGE = "aws:MultiFactorAuthAge"
KEYS = "aws:TagKeys"
NOW_SECONDS = int(NOW.timestamp())
DATE, OPERATION = "2026-11-23", "operation"


def ua(text: str | None) -> dict[str, Any]:
    """A request whose client calls itself so."""
    return {"user_agent": text}


def tag(value: str | None) -> dict[str, Any]:
    """A request on a vault whose tag Hold has that value, or that has other tags only."""
    return {"vault_tags": {"Other": "x"} if value is None else {"Hold": value}}


def ip(address: str | None) -> dict[str, Any]:
    """A request from that address."""
    return {"source_ip": address}


def by(caller: Caller) -> dict[str, Any]:
    """A request of that caller."""
    return {"caller": caller}


def mfa(*, present: bool | None = None, age: int | None = None) -> dict[str, Any]:
    """A request of a root that has, or has not, shown a second factor."""
    return {"caller": Caller(account_id=OWNER, has_mfa=present, mfa_age_seconds=age)}


def tagging(*keys: str, operation: str = "AddTagsToVault") -> dict[str, Any]:
    """A request that brings tags, each with its own key as its value."""
    return {"operation": operation, "sent_tags": {key: key for key in keys}}


STRINGS: list[Row] = [
    ("equals same", "StringEquals", AGENT, "aws-cli", ua("aws-cli"), True),
    ("equals other", "StringEquals", AGENT, "aws-cli", ua("boto3"), False),
    ("equals minds case", "StringEquals", AGENT, "aws-cli", ua("AWS-CLI"), False),
    ("equals wants all of it", "StringEquals", AGENT, "aws-cli", ua("aws-cli/2"), False),
    ("equals minds blanks", "StringEquals", AGENT, "aws-cli", ua("aws-cli "), False),
    ("equals star is a star", "StringEquals", AGENT, "aws*", ua("aws-cli"), False),
    ("equals star means itself", "StringEquals", AGENT, "aws*", ua("aws*"), True),
    ("equals any of a list", "StringEquals", AGENT, ["a", "b", "c"], ua("c"), True),
    ("equals none of a list", "StringEquals", AGENT, ["a", "b", "c"], ua("d"), False),
    ("equals absent", "StringEquals", AGENT, "aws-cli", ua(None), False),
    ("equals empty is not absent", "StringEquals", AGENT, "", ua(None), False),
    ("equals empty", "StringEquals", AGENT, "", ua(""), True),
    ("equals beyond ASCII", "StringEquals", TAG, "Nebel-ü", tag("Nebel-ü"), True),
    ("equals does not compose letters", "StringEquals", TAG, "\u00fc", tag("u\u0308"), False),
    ("equals if exists, same", "StringEqualsIfExists", AGENT, "aws-cli", ua("aws-cli"), True),
    ("equals if exists, other", "StringEqualsIfExists", AGENT, "aws-cli", ua("boto3"), False),
    ("equals if exists, absent", "StringEqualsIfExists", AGENT, "aws-cli", ua(None), True),
    ("number as a string", "StringEquals", TAG, 365, tag("365"), True),
    ("number keeps its writing", "StringEquals", TAG, 1.50, tag("1.5"), True),
    ("number is not its equal", "StringEquals", TAG, 365, tag("365.0"), False),
    ("boolean as a string", "StringEquals", TAG, True, tag("true"), True),
    ("boolean in lower case", "StringEquals", TAG, True, tag("True"), False),
    ("not equals same", "StringNotEquals", AGENT, "aws-cli", ua("aws-cli"), False),
    ("not equals other", "StringNotEquals", AGENT, "aws-cli", ua("boto3"), True),
    ("not equals minds case", "StringNotEquals", AGENT, "aws-cli", ua("AWS-CLI"), True),
    ("not equals absent", "StringNotEquals", AGENT, "aws-cli", ua(None), True),
    ("not equals one of a list", "StringNotEquals", AGENT, ["a", "b"], ua("b"), False),
    ("not equals none of a list", "StringNotEquals", AGENT, ["a", "b"], ua("c"), True),
    ("not equals if exists, absent", "StringNotEqualsIfExists", AGENT, "a", ua(None), True),
    ("not equals if exists, same", "StringNotEqualsIfExists", AGENT, "a", ua("a"), False),
    ("ignore case same", "StringEqualsIgnoreCase", AGENT, "AWS-cli", ua("aws-CLI"), True),
    ("ignore case other", "StringEqualsIgnoreCase", AGENT, "AWS-cli", ua("boto3"), False),
    ("ignore case star is a star", "StringEqualsIgnoreCase", AGENT, "AWS*", ua("aws-cli"), False),
    ("ignore case absent", "StringEqualsIgnoreCase", AGENT, "AWS-cli", ua(None), False),
    ("ignore case if exists, absent", "StringEqualsIgnoreCaseIfExists", AGENT, "a", ua(None), True),
    ("ignore case beyond ASCII", "StringEqualsIgnoreCase", TAG, "NEBEL-Ü", tag("nebel-ü"), True),
    ("not ignore case same", "StringNotEqualsIgnoreCase", AGENT, "AWS", ua("aws"), False),
    ("not ignore case other", "StringNotEqualsIgnoreCase", AGENT, "AWS", ua("boto3"), True),
    ("not ignore case absent", "StringNotEqualsIgnoreCase", AGENT, "AWS", ua(None), True),
    ("not ignore case if exists, absent", "StringNotEqualsIgnoreCaseIfExists", AGENT, "A", ua(None), True),
    ("like without wildcards", "StringLike", AGENT, "aws-cli", ua("aws-cli"), True),
    ("like star at the end", "StringLike", AGENT, "aws-cli/*", ua("aws-cli/2.31"), True),
    ("like star for nothing", "StringLike", AGENT, "aws-cli*", ua("aws-cli"), True),
    ("like star at the start", "StringLike", AGENT, "*cli", ua("aws-cli"), True),
    ("like star in the middle", "StringLike", AGENT, "aws*2", ua("aws-cli/2"), True),
    ("like star in the middle, wrong end", "StringLike", AGENT, "aws*2", ua("aws-cli/3"), False),
    ("like star alone", "StringLike", AGENT, "*", ua("anything"), True),
    ("like star alone, empty", "StringLike", AGENT, "*", ua(""), True),
    ("like star alone, absent", "StringLike", AGENT, "*", ua(None), False),
    ("like several stars", "StringLike", AGENT, "*b*d*", ua("abcde"), True),
    ("like several stars, wrong order", "StringLike", AGENT, "*d*b*", ua("abcde"), False),
    ("like two stars are one", "StringLike", AGENT, "a**e", ua("abcde"), True),
    ("like question mark is one", "StringLike", AGENT, "boto?", ua("boto3"), True),
    ("like question mark is not none", "StringLike", AGENT, "boto3?", ua("boto3"), False),
    ("like question mark is not two", "StringLike", AGENT, "boto?", ua("boto33"), False),
    ("like question mark and star", "StringLike", AGENT, "?*", ua("x"), True),
    ("like question mark and star, empty", "StringLike", AGENT, "?*", ua(""), False),
    ("like backtracks rightly", "StringLike", AGENT, "*aab", ua("aaaab"), True),
    ("like needs a second try", "StringLike", AGENT, "*ab?", ua("ababc"), True),
    ("like minds case", "StringLike", AGENT, "AWS*", ua("aws-cli"), False),
    ("like knows no brackets", "StringLike", AGENT, "[ab]", ua("a"), False),
    ("like knows no backslash", "StringLike", AGENT, "a\\*", ua("a*"), False),
    ("like knows no expressions", "StringLike", AGENT, "a.c", ua("abc"), False),
    ("like crosses lines", "StringLike", AGENT, "a*c", ua("a\nb\nc"), True),
    ("like any of a list", "StringLike", AGENT, ["boto*", "aws*"], ua("aws-cli"), True),
    ("like none of a list", "StringLike", AGENT, ["boto*", "aws*"], ua("curl"), False),
    ("like if exists, absent", "StringLikeIfExists", AGENT, "aws*", ua(None), True),
    ("like if exists, other", "StringLikeIfExists", AGENT, "aws*", ua("curl"), False),
    ("not like match", "StringNotLike", AGENT, "aws*", ua("aws-cli"), False),
    ("not like other", "StringNotLike", AGENT, "aws*", ua("curl"), True),
    ("not like absent", "StringNotLike", AGENT, "aws*", ua(None), True),
    ("not like one of a list", "StringNotLike", AGENT, ["boto*", "aws*"], ua("boto3"), False),
    ("not like none of a list", "StringNotLike", AGENT, ["boto*", "aws*"], ua("curl"), True),
    ("not like star", "StringNotLike", AGENT, "*", ua("x"), False),
    ("not like if exists, absent", "StringNotLikeIfExists", AGENT, "aws*", ua(None), True),
    ("as long as can be compared", "StringLike", AGENT, "x*", ua("x" * 1024), True),
    ("longer than can be compared", "StringLike", AGENT, "y*", ua("x" * 1025), None),
    ("longer, negated", "StringNotLike", AGENT, "y*", ua("x" * 1025), None),
    ("longer, if exists", "StringLikeIfExists", AGENT, "y*", ua("x" * 5000), None),
]

VAULT_TAGS: list[Row] = [
    ("legal hold set", "StringLike", TAG, ["true", ""], tag("true"), True),
    ("legal hold empty", "StringLike", TAG, ["true", ""], tag(""), True),
    ("legal hold absent", "StringLike", TAG, ["true", ""], tag(None), False),
    ("legal hold lifted", "StringLike", TAG, ["true", ""], tag("false"), False),
    ("no tags at all", "StringEquals", TAG, "true", {"vault_tags": {}}, False),
    ("tag key minds case", "StringEquals", "glacier:ResourceTag/hold", "true", tag("true"), False),
    ("prefix minds no case", "StringEquals", "GLACIER:resourcetag/Hold", "true", tag("true"), True),
    ("tag key with blanks", "StringEquals", "glacier:ResourceTag/a b", "1", {"vault_tags": {"a b": "1"}}, True),
    ("tag key with slashes", "StringEquals", "glacier:ResourceTag/a/b", "1", {"vault_tags": {"a/b": "1"}}, True),
    ("tag key star is a star", "StringEquals", "glacier:ResourceTag/H*", "true", tag("true"), False),
    ("tags unreadable", "StringEquals", TAG, "true", {"vault_tags": None}, None),
    ("tags unreadable, negated", "StringNotEquals", TAG, "true", {"vault_tags": None}, None),
    ("tags unreadable, null", "Null", TAG, True, {"vault_tags": None}, None),
    ("tag in an upload", "StringEquals", TAG, "true", {**tag("true"), OPERATION: "UploadArchive"}, True),
    ("tag in a part", "StringEquals", TAG, "true", {**tag("true"), OPERATION: "UploadMultipartPart"}, True),
    (
        "tag at the end of an upload",
        "StringEquals",
        TAG,
        "true",
        {**tag("true"), OPERATION: "CompleteMultipartUpload"},
        True,
    ),
    ("tag in a retrieval", "StringEquals", TAG, "true", {**tag("true"), OPERATION: "InitiateJob"}, True),
    ("tag in deleting a vault", "StringEquals", TAG, "true", {**tag("true"), OPERATION: "DeleteVault"}, True),
    ("tag in untagging", "StringEquals", TAG, "true", {**tag("true"), OPERATION: "RemoveTagsFromVault"}, True),
    ("tag in locking", "StringEquals", TAG, "true", {**tag("true"), OPERATION: "InitiateVaultLock"}, True),
    ("no tag in an output", "StringEquals", TAG, "true", {**tag("true"), OPERATION: "GetJobOutput"}, False),
    ("no tag in a description", "StringEquals", TAG, "true", {**tag("true"), OPERATION: "DescribeVault"}, False),
    ("no tag in an abort", "StringEquals", TAG, "true", {**tag("true"), OPERATION: "AbortMultipartUpload"}, False),
    ("no tag in a list", "StringEquals", TAG, "true", {**tag("true"), OPERATION: "ListJobs"}, False),
    ("no tag needed where none is known", "StringEquals", TAG, "x", {"vault_tags": None, OPERATION: "ListJobs"}, False),
]

NUMBERS: list[Row] = [
    ("younger than a year", "NumericLessThan", AGE, "365", {"age": 364}, True),
    ("a year old to the day", "NumericLessThan", AGE, "365", {"age": 365}, False),
    ("a second short of a year", "NumericLessThan", AGE, "365", {"age": 365 - 1 / 86400}, True),
    ("a second beyond a year", "NumericLessThan", AGE, "365", {"age": 365 + 1 / 86400}, False),
    ("days round down", "NumericEquals", AGE, "0", {"age": 0.999}, True),
    ("new archive", "NumericLessThan", AGE, "1", {"age": 0}, True),
    ("archive of the future counts as new", "NumericEquals", AGE, "0", {"age": -3}, True),
    ("archive of the future is protected", "NumericLessThan", AGE, "365", {"age": -3000}, True),
    ("as a JSON number", "NumericLessThan", AGE, 365, {"age": 364}, True),
    ("as a JSON fraction", "NumericLessThan", AGE, 364.5, {"age": 364}, True),
    ("in scientific writing", "NumericEquals", AGE, "3.65e2", {"age": 365}, True),
    ("with a sign", "NumericGreaterThan", AGE, "-1", {"age": 0}, True),
    ("with zeros in front", "NumericEquals", AGE, "007", {"age": 7}, True),
    ("with zeros behind", "NumericEquals", AGE, "7.000", {"age": 7}, True),
    ("spelled as the examples do", "NumericLessThan", "glacier:ArchiveAgeinDays", "365", {"age": 1}, True),
    ("spelled in capitals", "NumericLessThan", "GLACIER:ARCHIVEAGEINDAYS", "365", {"age": 1}, True),
    ("equals", "NumericEquals", AGE, "30", {"age": 30}, True),
    ("equals other", "NumericEquals", AGE, "30", {"age": 31}, False),
    ("equals any of a list", "NumericEquals", AGE, ["30", 31], {"age": 31}, True),
    ("not equals", "NumericNotEquals", AGE, "30", {"age": 31}, True),
    ("not equals same", "NumericNotEquals", AGE, "30", {"age": 30}, False),
    ("not equals one of a list", "NumericNotEquals", AGE, ["30", "31"], {"age": 31}, False),
    ("not equals absent", "NumericNotEquals", AGE, "30", {}, True),
    ("less or equal at", "NumericLessThanEquals", AGE, "30", {"age": 30}, True),
    ("less or equal above", "NumericLessThanEquals", AGE, "30", {"age": 31}, False),
    ("greater at", "NumericGreaterThan", AGE, "30", {"age": 30}, False),
    ("greater above", "NumericGreaterThan", AGE, "30", {"age": 31}, True),
    ("greater or equal at", "NumericGreaterThanEquals", AGE, "30", {"age": 30}, True),
    ("greater or equal below", "NumericGreaterThanEquals", AGE, "30", {"age": 29}, False),
    ("less than any of a list", "NumericLessThan", AGE, ["10", "100"], {"age": 50}, True),
    ("compared as numbers, not as text", "NumericLessThan", AGE, "100", {"age": 9}, True),
    ("inventory jobs have no age", "NumericLessThan", AGE, "365", {OPERATION: "InitiateJob"}, False),
    ("retrievals have an age", "NumericLessThan", AGE, "365", {OPERATION: "InitiateJob", "age": 9}, True),
    ("uploads have no age", "NumericLessThan", AGE, "365", {OPERATION: "UploadArchive", "age": 9}, False),
    ("outputs have no age", "NumericLessThan", AGE, "365", {OPERATION: "GetJobOutput", "age": 9}, False),
    ("missing archive has no age", "NumericLessThan", AGE, "365", {}, False),
    ("missing archive, greater", "NumericGreaterThan", AGE, "365", {}, False),
    ("missing archive, if exists", "NumericLessThanIfExists", AGE, "365", {}, True),
    ("equals if exists, other", "NumericEqualsIfExists", AGE, "3", {"age": 4}, False),
    ("not equals if exists, absent", "NumericNotEqualsIfExists", AGE, "3", {}, True),
    ("less or equal if exists, absent", "NumericLessThanEqualsIfExists", AGE, "3", {}, True),
    ("greater if exists, absent", "NumericGreaterThanIfExists", AGE, "3", {}, True),
    ("greater or equal if exists, absent", "NumericGreaterThanEqualsIfExists", AGE, "3", {}, True),
    ("greater or equal if exists, less", "NumericGreaterThanEqualsIfExists", AGE, "3", {"age": 2}, False),
    ("second factor is fresh", "NumericLessThan", MFA_AGE, "3600", mfa(present=True, age=60), True),
    ("second factor is stale", "NumericLessThan", MFA_AGE, "3600", mfa(present=True, age=3600), False),
    ("second factor unknown to a long-term key", "NumericLessThan", MFA_AGE, "3600", mfa(), False),
    ("second factor is too old or unknown", "NumericGreaterThanIfExists", MFA_AGE, "3600", mfa(), True),
    ("epoch as a number", "NumericGreaterThan", EPOCH, "1000000000", {}, True),
    ("epoch as a number, later", "NumericGreaterThan", EPOCH, "4000000000", {}, False),
    ("epoch in whole seconds", "NumericEquals", EPOCH, NOW_SECONDS, {}, True),
]

DATES: list[Row] = [
    ("before a moment", "DateLessThan", TIME, "2026-11-23T06:30:16Z", {}, True),
    ("not before a moment passed", "DateLessThan", TIME, "2026-11-23T06:30:15Z", {}, False),
    ("after a moment", "DateGreaterThan", TIME, "2026-11-23T06:30:15Z", {}, True),
    ("not after one to come", "DateGreaterThan", TIME, "2026-11-23T06:30:16Z", {}, False),
    ("equal to the millisecond", "DateEquals", TIME, "2026-11-23T06:30:15.250Z", {}, True),
    ("equal needs the fraction", "DateEquals", TIME, "2026-11-23T06:30:15Z", {}, False),
    ("equal in another zone", "DateEquals", TIME, "2026-11-23T07:30:15.250+01:00", {}, True),
    ("equal across midnight", "DateEquals", TIME, "2026-11-22T22:30:15.250-08:00", {}, True),
    ("equal any of a list", "DateEquals", TIME, ["2020-01-01", "2026-11-23T06:30:15.250Z"], {}, True),
    ("not equal", "DateNotEquals", TIME, "2026-11-23T06:30:15Z", {}, True),
    ("not equal same", "DateNotEquals", TIME, "2026-11-23T06:30:15.250Z", {}, False),
    ("at most, at", "DateLessThanEquals", TIME, "2026-11-23T06:30:15.250Z", {}, True),
    ("at most, later", "DateLessThanEquals", TIME, "2026-11-23T06:30:15.249Z", {}, False),
    ("at least, at", "DateGreaterThanEquals", TIME, "2026-11-23T06:30:15.250Z", {}, True),
    ("at least, earlier", "DateGreaterThanEquals", TIME, "2026-11-23T06:30:15.251Z", {}, False),
    ("a date is its midnight", "DateGreaterThan", TIME, DATE, {}, True),
    ("a date is not its evening", "DateLessThan", TIME, DATE, {}, False),
    ("tomorrow", "DateLessThan", TIME, "2026-11-24", {}, True),
    ("without seconds", "DateGreaterThan", TIME, "2026-11-23T06:30Z", {}, True),
    ("in seconds since 1970", "DateGreaterThan", TIME, "1000000000", {}, True),
    ("in seconds as a JSON number", "DateLessThan", TIME, 4000000000, {}, True),
    ("year 9999", "DateLessThan", TIME, "9999-12-31T23:59:59Z", {}, True),
    ("year 1", "DateGreaterThan", TIME, "0001-01-02", {}, True),
    ("epoch with a date", "DateGreaterThan", EPOCH, DATE, {}, True),
    ("epoch in whole seconds", "DateEquals", EPOCH, "2026-11-23T06:30:15Z", {}, True),
    ("key minds no case", "DateGreaterThan", "AWS:currenttime", DATE, {}, True),
    ("at another time", "DateGreaterThan", TIME, DATE, {"at": NOW - timedelta(days=1)}, False),
    ("less if exists, later", "DateLessThanIfExists", TIME, DATE, {}, False),
    ("no token was issued", "DateLessThan", "aws:TokenIssueTime", DATE, {}, False),
    ("no token was issued, negated", "DateNotEquals", "aws:TokenIssueTime", DATE, {}, True),
    ("no token was issued, equals if exists", "DateEqualsIfExists", "aws:TokenIssueTime", DATE, {}, True),
    ("no token was issued, less if exists", "DateLessThanIfExists", "aws:TokenIssueTime", DATE, {}, True),
    ("no token was issued, at most if exists", "DateLessThanEqualsIfExists", "aws:TokenIssueTime", DATE, {}, True),
    ("no token was issued, greater if exists", "DateGreaterThanIfExists", "aws:TokenIssueTime", DATE, {}, True),
    ("no token was issued, at least if exists", "DateGreaterThanEqualsIfExists", "aws:TokenIssueTime", DATE, {}, True),
    ("no token was issued, not equals if exists", "DateNotEqualsIfExists", "aws:TokenIssueTime", DATE, {}, True),
]

BOOLEANS: list[Row] = [
    ("TLS wanted and there", "Bool", TLS, "true", {"is_secure": True}, True),
    ("TLS wanted and missing", "Bool", TLS, "true", {"is_secure": False}, False),
    ("TLS unwanted and missing", "Bool", TLS, "false", {"is_secure": False}, True),
    ("TLS unwanted and there", "Bool", TLS, "false", {"is_secure": True}, False),
    ("as a JSON boolean", "Bool", TLS, True, {"is_secure": True}, True),
    ("as a JSON boolean, false", "Bool", TLS, False, {"is_secure": False}, True),
    ("in capitals", "Bool", TLS, "TRUE", {"is_secure": True}, True),
    ("either", "Bool", TLS, ["true", "false"], {"is_secure": False}, True),
    ("by its text", "StringEquals", TLS, "true", {"is_secure": True}, True),
    ("by its text, other", "StringEquals", TLS, "true", {"is_secure": False}, False),
    ("by its text in capitals", "StringEqualsIgnoreCase", TLS, "TRUE", {"is_secure": True}, True),
    ("second factor shown", "Bool", MFA, True, mfa(present=True), True),
    ("second factor not shown", "Bool", MFA, True, mfa(present=False), False),
    ("second factor unknown", "Bool", MFA, True, mfa(), False),
    ("second factor unknown is not false", "Bool", MFA, False, mfa(), False),
    ("second factor unknown, if exists", "BoolIfExists", MFA, False, mfa(), True),
    ("second factor shown, if exists", "BoolIfExists", MFA, False, mfa(present=True), False),
    ("second factor not shown, if exists", "BoolIfExists", MFA, False, mfa(present=False), True),
    ("second factor by its text, unknown", "StringNotEquals", MFA, "true", mfa(), True),
    ("never through another service", "Bool", "aws:ViaAWSService", "false", {}, True),
    ("nobody is a service", "Bool", "aws:PrincipalIsAWSService", "true", {}, False),
]

ADDRESSES: list[Row] = [
    ("within a range", "IpAddress", IP, "192.0.2.0/24", ip("192.0.2.77"), True),
    ("outside of a range", "IpAddress", IP, "192.0.2.0/24", ip("192.0.3.77"), False),
    ("first of a range", "IpAddress", IP, "192.0.2.0/25", ip("192.0.2.0"), True),
    ("last of a range", "IpAddress", IP, "192.0.2.0/25", ip("192.0.2.127"), True),
    ("just beyond a range", "IpAddress", IP, "192.0.2.0/25", ip("192.0.2.128"), False),
    ("a single address", "IpAddress", IP, "192.0.2.7", ip("192.0.2.7"), True),
    ("a single address, other", "IpAddress", IP, "192.0.2.7", ip("192.0.2.8"), False),
    ("host bits are masked", "IpAddress", IP, "192.0.2.99/24", ip("192.0.2.7"), True),
    ("any of a list", "IpAddress", IP, ["10.0.0.0/8", "192.0.2.0/24"], ip("192.0.2.7"), True),
    ("none of a list", "IpAddress", IP, ["10.0.0.0/8", "192.0.2.0/24"], ip("203.0.113.7"), False),
    ("all IPv4", "IpAddress", IP, "0.0.0.0/0", ip("203.0.113.7"), True),
    ("all IPv4 is not IPv6", "IpAddress", IP, "0.0.0.0/0", ip("2001:db8::1"), False),
    ("all IPv6 is not IPv4", "IpAddress", IP, "::/0", ip("203.0.113.7"), False),
    ("IPv6 within a range", "IpAddress", IP, "2001:db8::/32", ip("2001:db8:1::1"), True),
    ("IPv6 outside of a range", "IpAddress", IP, "2001:db8::/32", ip("2001:db9::1"), False),
    ("IPv6 however it is written", "IpAddress", IP, "2001:DB8:0:0::1", ip("2001:db8::0001"), True),
    ("IPv6 with a zone", "IpAddress", IP, "fe80::/10", ip("fe80::1%eth0"), True),
    ("IPv4 in IPv6 clothes", "IpAddress", IP, "192.0.2.0/24", ip("::ffff:192.0.2.7"), True),
    ("IPv4 in IPv6 clothes is not IPv6", "IpAddress", IP, "::/0", ip("::ffff:192.0.2.7"), False),
    ("loopback", "IpAddress", IP, "127.0.0.0/8", ip("127.0.0.1"), True),
    ("no network", "IpAddress", IP, "0.0.0.0/0", ip(None), False),
    ("no network, if exists", "IpAddressIfExists", IP, "192.0.2.0/24", ip(None), True),
    ("not within", "NotIpAddress", IP, "192.0.2.0/24", ip("192.0.2.7"), False),
    ("not within, outside", "NotIpAddress", IP, "192.0.2.0/24", ip("203.0.113.7"), True),
    ("not within any of a list", "NotIpAddress", IP, ["10.0.0.0/8", "192.0.2.0/24"], ip("10.1.2.3"), False),
    ("not within, other family", "NotIpAddress", IP, "192.0.2.0/24", ip("2001:db8::1"), True),
    ("not within, no network", "NotIpAddress", IP, "192.0.2.0/24", ip(None), True),
    ("not within if exists, no network", "NotIpAddressIfExists", IP, "192.0.2.0/24", ip(None), True),
    ("unreadable address", "IpAddress", IP, "192.0.2.0/24", ip("somewhere"), None),
    ("unreadable address, negated", "NotIpAddress", IP, "192.0.2.0/24", ip("somewhere"), None),
    ("unreadable address, all", "IpAddress", IP, "0.0.0.0/0", ip("192.0.2.7:443"), None),
    ("empty address", "NotIpAddress", IP, "192.0.2.0/24", ip(""), None),
    ("zeros in front could mean octal", "IpAddress", IP, "192.0.2.0/24", ip("192.0.02.7"), None),
    ("never from a private network", "IpAddress", "aws:VpcSourceIp", "10.0.0.0/8", ip("10.0.0.1"), False),
]

ARNS: list[Row] = [
    ("the root", "ArnEquals", ARN, f"arn:aws:iam::{OWNER}:root", by(ROOT), True),
    ("a user", "ArnEquals", ARN, f"arn:aws:iam::{OWNER}:user/Bob", by(BOB), True),
    ("another user", "ArnEquals", ARN, f"arn:aws:iam::{OWNER}:user/Bob", by(ALICE), False),
    ("another account", "ArnEquals", ARN, f"arn:aws:iam::{OWNER}:user/Eve", by(EVE), False),
    ("the root is not its users", "ArnEquals", ARN, f"arn:aws:iam::{OWNER}:root", by(BOB), False),
    ("equals takes wildcards too", "ArnEquals", ARN, f"arn:aws:iam::{OWNER}:user/*", by(BOB), True),
    ("like all users", "ArnLike", ARN, f"arn:aws:iam::{OWNER}:user/*", by(ALICE), True),
    ("like all users, a role", "ArnLike", ARN, f"arn:aws:iam::{OWNER}:user/*", by(ROBOT), False),
    ("like a path", "ArnLike", ARN, f"arn:aws:iam::{OWNER}:user/staff/*", by(ALICE), True),
    ("like a path, without", "ArnLike", ARN, f"arn:aws:iam::{OWNER}:user/staff/*", by(BOB), False),
    ("like any account", "ArnLike", ARN, "arn:aws:iam::*:user/Eve", by(EVE), True),
    ("like accounts that begin so", "ArnLike", ARN, "arn:aws:iam::4444*:user/*", by(EVE), True),
    ("like one character", "ArnLike", ARN, f"arn:aws:iam::{OWNER}:user/B?b", by(BOB), True),
    ("a star does not cross colons", "ArnLike", ARN, "arn:aws:*:user/Bob:x:y", by(BOB), False),
    ("a star in one component only", "ArnLike", ARN, "arn:*:iam:*:111:user/Bob", by(BOB), False),
    ("star alone", "ArnLike", ARN, "*", by(BOB), True),
    ("any of a list", "ArnLike", ARN, ["arn:aws:iam::1:user/x", f"arn:aws:iam::{OWNER}:role/*"], by(ROBOT), True),
    ("minds case", "ArnLike", ARN, f"arn:aws:iam::{OWNER}:user/bob", by(BOB), False),
    ("not equals", "ArnNotEquals", ARN, f"arn:aws:iam::{OWNER}:user/Bob", by(BOB), False),
    ("not equals, other", "ArnNotEquals", ARN, f"arn:aws:iam::{OWNER}:user/Bob", by(EVE), True),
    ("not like", "ArnNotLike", ARN, f"arn:aws:iam::{OWNER}:*", by(BOB), False),
    ("not like, other", "ArnNotLike", ARN, f"arn:aws:iam::{OWNER}:*", by(EVE), True),
    ("as a string", "StringLike", ARN, "*:user/Bob", by(BOB), True),
    ("as a string, equals", "StringEquals", ARN, f"arn:aws:iam::{OWNER}:user/Bob", by(BOB), True),
    ("no source", "ArnLike", "aws:SourceArn", "*", {}, False),
    ("no source, equals if exists", "ArnEqualsIfExists", "aws:SourceArn", "*", {}, True),
    ("no source, like if exists", "ArnLikeIfExists", "aws:SourceArn", "*", {}, True),
    ("no source, not equals", "ArnNotEquals", "aws:SourceArn", "*", {}, True),
    ("no source, not like", "ArnNotLike", "aws:SourceArn", "*", {}, True),
    ("no source, not like if exists", "ArnNotLikeIfExists", "aws:SourceArn", "*", {}, True),
    ("no source, not equals if exists", "ArnNotEqualsIfExists", "aws:SourceArn", "*", {}, True),
]

NULLS: list[Row] = [
    ("tag must be missing and is", "Null", TAG, "true", tag(None), True),
    ("tag must be missing and is not", "Null", TAG, "true", tag("x"), False),
    ("tag must be there and is", "Null", TAG, "false", tag("x"), True),
    ("tag must be there and is not", "Null", TAG, "false", tag(None), False),
    ("an empty tag is there", "Null", TAG, "false", tag(""), True),
    ("as a JSON boolean", "Null", TAG, True, tag(None), True),
    ("age of no archive", "Null", AGE, True, {}, True),
    ("age of an archive", "Null", AGE, False, {"age": 1}, True),
    ("time is always there", "Null", TIME, "false", {}, True),
    ("second factor unknown", "Null", MFA, "true", mfa(), True),
    ("second factor false is there", "Null", MFA, "true", mfa(present=False), False),
    ("no network", "Null", IP, "true", ip(None), True),
    ("no agent", "Null", AGENT, "true", ua(None), True),
    ("empty agent", "Null", AGENT, "true", ua(""), False),
    ("no private network", "Null", "aws:SourceVpce", "true", {}, True),
    ("no tag keys outside of tagging", "Null", KEYS, "true", {}, True),
    ("no tag keys in an empty tagging", "Null", KEYS, "true", tagging(), True),
    ("tag keys in tagging", "Null", KEYS, "false", tagging("a"), True),
    ("tag keys unknown", "Null", KEYS, "false", {OPERATION: "AddTagsToVault"}, None),
]

SETS: list[Row] = [
    ("any of several", "ForAnyValue:StringEquals", KEYS, "b", tagging("a", "b"), True),
    ("any, none", "ForAnyValue:StringEquals", KEYS, "c", tagging("a", "b"), False),
    ("any of no keys", "ForAnyValue:StringEquals", KEYS, "a", tagging(), False),
    ("any of no keys, if exists", "ForAnyValue:StringEqualsIfExists", KEYS, "a", tagging(), True),
    ("any in a list", "ForAnyValue:StringEquals", KEYS, ["x", "b"], tagging("a", "b"), True),
    ("any like", "ForAnyValue:StringLike", KEYS, "Le*", tagging("a", "LegalHold"), True),
    ("any not equal", "ForAnyValue:StringNotEquals", KEYS, "a", tagging("a", "b"), True),
    ("any not equal, all equal", "ForAnyValue:StringNotEquals", KEYS, ["a", "b"], tagging("a", "b"), False),
    ("any not equal of no keys", "ForAnyValue:StringNotEquals", KEYS, "a", tagging(), False),
    ("any not like", "ForAnyValue:StringNotLike", KEYS, "L*", tagging("LegalHold", "b"), True),
    ("any without case", "ForAnyValue:StringEqualsIgnoreCase", KEYS, "LEGALHOLD", tagging("LegalHold"), True),
    ("all", "ForAllValues:StringEquals", KEYS, ["a", "b"], tagging("a", "b"), True),
    ("all, fewer than allowed", "ForAllValues:StringEquals", KEYS, ["a", "b"], tagging("a"), True),
    ("all, one too many", "ForAllValues:StringEquals", KEYS, ["a", "b"], tagging("a", "c"), False),
    ("all of no keys", "ForAllValues:StringEquals", KEYS, "a", tagging(), True),
    ("all of an absent key", "ForAllValues:StringEquals", KEYS, "a", {}, True),
    ("all like", "ForAllValues:StringLike", KEYS, "p-*", tagging("p-1", "p-2"), True),
    ("all like, one not", "ForAllValues:StringLike", KEYS, "p-*", tagging("p-1", "q-2"), False),
    ("all not equal", "ForAllValues:StringNotEquals", KEYS, "a", tagging("b", "c"), True),
    ("all not equal, one equal", "ForAllValues:StringNotEquals", KEYS, "a", tagging("a", "c"), False),
    ("all not like of no keys", "ForAllValues:StringNotLike", KEYS, "a*", tagging(), True),
    ("all if exists, one too many", "ForAllValues:StringEqualsIfExists", KEYS, "a", tagging("c"), False),
    (
        "keys of removal",
        "ForAnyValue:StringEquals",
        KEYS,
        "Hold",
        tagging("Hold", operation="RemoveTagsFromVault"),
        True,
    ),
    ("keys not known, any", "ForAnyValue:StringEquals", KEYS, "a", {OPERATION: "AddTagsToVault"}, None),
    ("keys not known, all", "ForAllValues:StringEquals", KEYS, "a", {OPERATION: "RemoveTagsFromVault"}, None),
    ("any of a single fact", "ForAnyValue:StringEquals", AGENT, "a", ua("a"), True),
    ("all of a single fact", "ForAllValues:StringEquals", AGENT, "a", ua("b"), False),
    ("all of an absent single fact", "ForAllValues:StringEquals", AGENT, "a", ua(None), True),
    ("any of an absent single fact, negated", "ForAnyValue:StringNotEquals", AGENT, "a", ua(None), False),
    ("any address", "ForAnyValue:IpAddress", IP, "10.0.0.0/8", ip("10.1.1.1"), True),
    ("all numbers", "ForAllValues:NumericLessThan", AGE, "9", {"age": 8}, True),
    ("any boolean", "ForAnyValue:Bool", TLS, "true", {"is_secure": True}, True),
    ("all ARNs", "ForAllValues:ArnLike", ARN, f"arn:aws:iam::{OWNER}:*", by(BOB), True),
    ("all dates", "ForAllValues:DateGreaterThan", TIME, DATE, {}, True),
    ("no organization, any", "ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-1/*", {}, False),
    ("no organization, all", "ForAllValues:StringLike", "aws:PrincipalOrgPaths", "o-1/*", {}, True),
]

CALLERS: list[Row] = [
    ("own account", "StringEquals", "aws:PrincipalAccount", OWNER, by(BOB), True),
    ("foreign account", "StringEquals", "aws:PrincipalAccount", OWNER, by(EVE), False),
    ("not the own account", "StringNotEquals", "aws:PrincipalAccount", OWNER, by(EVE), True),
    ("account as a JSON number", "StringEquals", "aws:PrincipalAccount", int(OWNER), by(BOB), True),
    ("user name", "StringEquals", "aws:username", "Bob", by(BOB), True),
    ("user name without its path", "StringEquals", "aws:username", "Alice", by(ALICE), True),
    ("a root has no user name", "StringEquals", "aws:username", "root", by(ROOT), False),
    ("a role has no user name", "StringLike", "aws:username", "*", by(ROBOT), False),
    ("a root is no user", "StringNotEquals", "aws:username", "Bob", by(ROOT), True),
    ("type of a root", "StringEquals", "aws:PrincipalType", "Account", by(FOREIGN_ROOT), True),
    ("type of a user", "StringEquals", "aws:PrincipalType", "User", by(BOB), True),
    ("type of a role", "StringEquals", "aws:PrincipalType", "AssumedRole", by(ROBOT), True),
    ("nobody is tagged", "StringEquals", "aws:PrincipalTag/team", "astro", by(BOB), False),
    ("nobody is tagged, negated", "StringNotEquals", "aws:PrincipalTag/team", "astro", by(BOB), True),
    ("no organization", "StringEquals", "aws:PrincipalOrgID", "o-1", by(BOB), False),
    ("no organization, negated", "StringNotEquals", "aws:PrincipalOrgID", "o-1", by(BOB), True),
    ("no organization of the vault", "StringNotEquals", "aws:ResourceOrgID", "o-1", by(BOB), True),
    ("vault's account", "StringEquals", "aws:ResourceAccount", OWNER, by(EVE), True),
    ("vault's account is not the caller's", "StringEquals", "aws:ResourceAccount", STRANGER, by(EVE), False),
    ("this region", "StringEquals", "aws:RequestedRegion", "us-west-2", {}, True),
    ("another region", "StringEquals", "aws:RequestedRegion", "eu-*", {}, False),
    ("not through a private network", "StringEquals", "aws:SourceVpc", "vpc-1", {}, False),
    ("not through this endpoint", "StringNotEquals", "aws:SourceVpce", "vpce-1", {}, True),
    ("no source account", "StringEquals", "aws:SourceAccount", OWNER, {}, False),
    ("tag that is sent", "StringEquals", "aws:RequestTag/Hold", "Hold", tagging("Hold"), True),
    ("tag that is sent, other value", "StringEquals", "aws:RequestTag/Hold", "x", tagging("Hold"), False),
    ("tag that is not sent", "StringEquals", "aws:RequestTag/Hold", "Hold", tagging("Other"), False),
    ("tag key that is sent minds case", "StringEquals", "aws:RequestTag/hold", "Hold", tagging("Hold"), False),
    ("sent tags not known", "StringEquals", "aws:RequestTag/Hold", "x", {OPERATION: "AddTagsToVault"}, None),
    ("sent tags not known, negated", "StringNotEquals", "aws:RequestTag/a", "x", {OPERATION: "AddTagsToVault"}, None),
    ("nothing sent in a deletion", "StringNotEquals", "aws:RequestTag/Hold", "x", {}, True),
    (
        "a tag that is removed has no value",
        "Null",
        "aws:RequestTag/Hold",
        "true",
        {OPERATION: "RemoveTagsFromVault", "sent_tags": {"Hold": None}},
        True,
    ),
]

GROUPS = {
    "strings": STRINGS,
    "vault tags": VAULT_TAGS,
    "numbers": NUMBERS,
    "dates": DATES,
    "booleans": BOOLEANS,
    "addresses": ADDRESSES,
    "ARNs": ARNS,
    "null": NULLS,
    "sets": SETS,
    "callers": CALLERS,
}
ROWS = [pytest.param(*row[1:], id=f"{group}: {row[0]}") for group, rows in GROUPS.items() for row in rows]


@pytest.mark.parametrize(("operator", "key", "values", "facts", "holds"), ROWS)
def test_condition_in_a_deny(
    operator: str, key: str, values: object, facts: dict[str, Any], *, holds: bool | None
) -> None:
    """A Deny applies if its condition holds, or if nobody can know."""
    denying = policy(statement(Condition={operator: {key: values}}))
    asked = request(**facts)
    allowing = policy(statement(Effect="Allow"))
    assert decide(asked, [FULL, allowing, denying]).is_allowed is (holds is False)


@pytest.mark.parametrize(("operator", "key", "values", "facts", "holds"), ROWS)
def test_condition_in_an_allow(
    operator: str, key: str, values: object, facts: dict[str, Any], *, holds: bool | None
) -> None:
    """An Allow applies only if its condition is known to hold."""
    allowing = policy(statement(Effect="Allow", Condition={operator: {key: values}}))
    asked = request(**facts)
    assert (allowing.allowing(asked) is not None) is (holds is True)


def test_condition_tables_say_different_things() -> None:
    """No row stands twice, and no name in a group."""
    names = [row.id for row in ROWS]
    assert len(set(names)) == len(names)
    assert len({repr(row.values) for row in ROWS}) == len(ROWS)
    assert len(ROWS) > 300
