"""What is refused when a policy is set, row by row: each message names the statement and the element."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coldframe.errors import InvalidParameterValue
from coldframe.service.policies import (
    Kind,
    decide,
    parse_identity_policy,
    parse_vault_policy,
    scope_policy,
    stored_policy,
)
from policies.policy_words import OWNER, VAULT, request, statement, text

AGE = "glacier:ArchiveAgeInDays"
GOOD = json.dumps(statement())
ALLOW: dict[str, Any] = {"Effect": "Allow"}


def condition(operator: str, key: str, values: object) -> dict[str, Any]:
    """A statement with that condition."""
    return statement(Condition={operator: {key: values}})


# name, text, what the message says
DOCUMENTS: list[tuple[str, str, str]] = [
    ("nothing", "", "not well-formed JSON at line 1, column 1"),
    ("blank", " \n", "not well-formed JSON"),
    ("not JSON", "Deny everything", "not well-formed JSON"),
    ("a list", "[]", "a policy is a JSON object"),
    ("a string", '"{}"', "a policy is a JSON object"),
    ("null", "null", "a policy is a JSON object"),
    ("a number", "1", "a policy is a JSON object"),
    ("an empty object", "{}", "Statement: missing"),
    ("two objects", "{}{}", "not well-formed JSON"),
    ("a comma too many", '{"Statement":[],}', "not well-formed JSON"),
    ("single quotes", "{'Statement':[]}", "not well-formed JSON"),
    ("a comment", '{"Statement":[]} // all', "not well-formed JSON"),
    ("not a number", '{"Statement":NaN}', "NaN is not JSON"),
    ("infinity", '{"Statement":-Infinity}', "-Infinity is not JSON"),
    ("a byte order mark", "\ufeff{}", "not well-formed JSON"),
    ("a raw line break in a string", '{"Id":"a\nb"}', "not well-formed JSON"),
    ("an element twice", f'{{"Statement":{GOOD},"Statement":{GOOD}}}', '"Statement" stands twice'),
    ("an Effect twice", '{"Statement":{"Effect":"Deny","Effect":"Allow"}}', '"Effect" stands twice'),
    ("a key twice behind an escape", '{"Id":"","\\u0049d":""}', '"Id" stands twice'),
    ("an unknown element", text(statement(), Comment="x"), 'element "Comment" is not supported'),
    ("an element in lower case", '{"statement":[]}', 'element "statement" is not supported'),
    ("a version of tomorrow", text(statement(), Version="2027-01-01"), "Version: it must be 2012-10-17 or"),
    ("a version as a number", text(statement(), Version=20121017), "Version: it must be"),
    ("a version as a list", text(statement(), Version=["2012-10-17"]), "Version: it must be"),
    ("no version at all", text(statement(), Version=None), "Version: it must be"),
    ("an Id that is no string", text(statement(), Id={}), "Id: not a string"),
    ("an Id of half a character", '{"Id":"\\ud800","Statement":[]}', "Id: a string holds half of a surrogate pair"),
    ("no statements", text(), "Statement: missing"),
    ("null for statements", '{"Statement":null}', "Statement: missing"),
    ("a string for a statement", text("Deny"), "statement 1, a statement is a JSON object"),
    ("a list for a statement", text(statement(), []), "statement 2, a statement is a JSON object"),
    ("too deep", '{"Statement":' + "[" * 20 + "]" * 20 + "}", "nested deeper than 8 levels"),
    ("far too deep", "[" * 20_000, "nested deeper than 8 levels"),
    ("too deep in objects", '{"a":' * 4_000, "nested deeper than 8 levels"),
    ("too large", text(statement(), Id="x" * 20_480), "larger than 20480 bytes"),
    ("too large in bytes only", json.dumps({"Id": "ü" * 10_240}, ensure_ascii=False), "larger than 20480 bytes"),
    ("half a character in the text", '{"Id":"\ud800","Statement":[]}', "half of a surrogate pair"),
]

# name, the statement, what the message says
STATEMENTS: list[tuple[str, dict[str, Any], str]] = [
    ("unknown element", statement(Comment="x"), "statement 1, Comment: this element is not supported"),
    ("unknown element that is no word", statement(**{"a b": 1}), 'statement 1, "a b": this element is not'),
    ("NotResource", statement(NotResource=VAULT, Resource=None), "NotResource: this element is not supported"),
    ("element in lower case", statement(action="*"), "action: this element is not supported"),
    ("named by its Sid", statement(Sid="Keep", Effect="deny"), 'statement 1 ("Keep"), Effect: it must be'),
    ("Sid is a number", statement(Sid=7), "Sid: not a string"),
    ("Sid is null", {**statement(), "Sid": None}, "Sid: not a string"),
    ("Sid too long", statement(Sid="x" * 257), "Sid: not a string of up to 256 characters"),
    ("Sid of half a character", statement(Sid="\ud800"), "Sid: a string holds half"),
    ("no Effect", statement(Effect=None), "Effect: it must be Allow or Deny"),
    ("Effect in lower case", statement(Effect="allow"), "Effect: it must be Allow or Deny"),
    ("Effect with a blank", statement(Effect="Allow "), "Effect: it must be Allow or Deny"),
    ("Effect as a list", statement(Effect=["Deny"]), "Effect: it must be Allow or Deny"),
    ("Effect as a boolean", statement(Effect=False), "Effect: it must be Allow or Deny"),
    ("no Principal", statement(Principal=None), "Principal: a statement has either Principal or NotPrincipal"),
    ("both Principals", statement(Principal="*", NotPrincipal={"AWS": OWNER}) | {"Principal": "*"}, "has either"),
    ("Principal is an account without AWS", statement(Principal=OWNER), 'is neither "*" nor an object'),
    ("Principal is a list", statement(Principal=["*"]), 'is neither "*" nor an object'),
    ("Principal is empty", statement(Principal={}), 'is neither "*" nor an object'),
    ("Principal is a service", statement(Principal={"Service": "s3.amazonaws.com"}), 'is neither "*"'),
    ("Principal is federated", statement(Principal={"Federated": "x"}), 'is neither "*"'),
    ("Principal is canonical", statement(Principal={"CanonicalUser": "x"}), 'is neither "*"'),
    ("Principal is AWS and more", statement(Principal={"AWS": "*", "Service": "x"}), 'is neither "*"'),
    ("Principal aws in lower case", statement(Principal={"aws": "*"}), 'is neither "*"'),
    ("Principal of no names", statement(Principal={"AWS": []}), "Principal: an empty list"),
    ("Principal of an empty name", statement(Principal={"AWS": ""}), "is not a string with something in it"),
    ("Principal of null", statement(Principal={"AWS": None}), "is not a string with something in it"),
    ("Principal account as a number", statement(Principal={"AWS": 111122223333}), "is not a string"),
    ("Principal account of 11 digits", statement(Principal={"AWS": "11112222333"}), "is no account, user or role"),
    ("Principal account of other digits", statement(Principal={"AWS": "\u0661" * 12}), "is no account, user or role"),
    ("Principal with a wildcard", statement(Principal={"AWS": "arn:aws:iam::*:root"}), "is no account, user"),
    ("Principal user with a wildcard", statement(Principal={"AWS": f"arn:aws:iam::{OWNER}:user/*"}), "is no account"),
    ("Principal user with a question mark", statement(Principal={"AWS": f"arn:aws:iam::{OWNER}:user/B?"}), "is no"),
    ("Principal group", statement(Principal={"AWS": f"arn:aws:iam::{OWNER}:group/g"}), "is no account, user or role"),
    ("Principal root with a line break", statement(Principal={"AWS": f"arn:aws:iam::{OWNER}:root\n"}), "is no account"),
    ("Principal user without a name", statement(Principal={"AWS": f"arn:aws:iam::{OWNER}:user/"}), "is no account"),
    ("Principal nested list", statement(Principal={"AWS": [["*"]]}), "is not a string"),
    (
        "Allow with NotPrincipal",
        statement(**ALLOW, NotPrincipal={"AWS": OWNER}),
        "only a Deny can leave principals out",
    ),
    ("NotPrincipal of everyone", statement(NotPrincipal="*"), 'NotPrincipal: "*" is neither'),
    ("NotPrincipal of everyone in a list", statement(NotPrincipal={"AWS": ["*"]}), "NotPrincipal: "),
    ("no Action", statement(Action=None), "Action: a statement has either Action or NotAction"),
    ("both Actions", statement(NotAction="glacier:Get*") | {"Action": "*"}, "either Action or NotAction"),
    ("Action of no names", statement(Action=[]), "Action: an empty list"),
    ("Action is empty", statement(Action=""), "is not a string with something in it"),
    ("Action is a number", statement(Action=1), "Action: "),
    ("Action is an object", statement(Action={}), "Action: "),
    ("Action misspelt", statement(Action="glacier:DeletArchive"), '"glacier:DeletArchive" is not an action of glacier'),
    ("Action misspelt in a list", statement(Action=["glacier:*", "glacier:Purge"]), "is not an action of glacier"),
    ("Action pattern that names none", statement(Action="glacier:Remove*Archive"), "is not an action of glacier"),
    ("Action of another service", statement(Action="s3:DeleteObject"), "is not an action of glacier"),
    ("Action without a service", statement(Action="DeleteArchive"), "is not an action of glacier"),
    ("Action with a wildcard service", statement(Action="*:*"), "is not an action of glacier"),
    ("Action with a cut service", statement(Action="glacier*"), "is not an action of glacier"),
    ("Action with a blank", statement(Action="glacier: DeleteArchive"), "is not an action of glacier"),
    ("NotAction misspelt", statement(NotAction="glacier:GetJobsOutput"), "NotAction: "),
    ("Action on an account", statement(Action="glacier:ListVaults"), "only identity policies speak of it"),
    ("Action on vaults to come", statement(Action="glacier:CreateVault"), "only identity policies speak of it"),
    ("Action on capacity", statement(Action="glacier:*Capacity"), "only identity policies speak of it"),
    ("no Resource", statement(Resource=None), "Resource: missing"),
    ("Resource of no names", statement(Resource=[]), "Resource: an empty list"),
    ("Resource is null in a list", statement(Resource=[None]), "Resource: null is not a string"),
    ("Resource is a name", statement(Resource="astrodata"), "is not the ARN of a vault"),
    ("Resource of another vault", statement(Resource=VAULT + "2"), "can never match this vault"),
    ("Resource of another vault in a list", statement(Resource=[VAULT, VAULT + "2"]), "can never match this vault"),
    ("Resource of another region", statement(Resource=VAULT.replace("west", "east")), "can never match this vault"),
    ("Resource of another account", statement(Resource=VAULT.replace("1111", "9999")), "can never match this vault"),
    ("Resource of another service", statement(Resource="arn:aws:s3:::astrodata"), "is not the ARN of a vault"),
    ("Resource with a wildcard service", statement(Resource="arn:aws:*:*:*:*"), "is not the ARN of a vault"),
    ("Resource cut short", statement(Resource="arn:aws:glacier:*"), "is not the ARN of a vault"),
    ("Resource minds case", statement(Resource=VAULT.replace("astro", "Astro")), "can never match this vault"),
    ("Resource with a variable", statement(Resource=VAULT[:-4] + "${aws:username}"), "variables are not supported"),
    ("Condition is null", {**statement(), "Condition": None}, "Condition: not an object of operators"),
    ("Condition is a list", statement(Condition=[]), "Condition: not an object of operators"),
    ("operator unknown", condition("StringMatches", AGE, "1"), 'unknown operator "StringMatches"'),
    ("operator in lower case", condition("bool", "aws:SecureTransport", "true"), 'unknown operator "bool"'),
    ("operator for bytes", condition("BinaryEquals", "aws:UserAgent", "YQ=="), "unknown operator"),
    ("operator with a blank", condition("Bool ", "aws:SecureTransport", "true"), "unknown operator"),
    ("operator empty", condition("", "aws:SecureTransport", "true"), "unknown operator"),
    ("operator is IfExists alone", condition("IfExists", "aws:UserAgent", "x"), "unknown operator"),
    ("operator if exists twice", condition("BoolIfExistsIfExists", "aws:SecureTransport", "true"), "unknown operator"),
    ("quantifier unknown", condition("ForSomeValues:StringEquals", "aws:UserAgent", "x"), "unknown operator"),
    ("quantifier empty", condition(":StringEquals", "aws:UserAgent", "x"), "unknown operator"),
    ("quantifier twice", condition("ForAnyValue:ForAnyValue:StringLike", "aws:UserAgent", "x"), "unknown operator"),
    ("Null if exists", condition("NullIfExists", AGE, "true"), "Null takes neither"),
    ("Null for any value", condition("ForAnyValue:Null", AGE, "true"), "Null takes neither"),
    ("Null of two values", condition("Null", AGE, ["true", "false"]), "too many values"),
    ("Null of no boolean", condition("Null", AGE, "yes"), "is neither true nor false"),
    ("operator without keys", statement(Condition={"Bool": {}}), "Bool needs an object of keys and values"),
    ("operator with a list", statement(Condition={"Bool": []}), "Bool needs an object of keys and values"),
    ("key unknown", condition("StringEquals", "aws:Moon", "full"), 'unknown condition key "aws:Moon"'),
    ("key without a service", condition("NumericEquals", "ArchiveAgeInDays", 1), "unknown condition key"),
    ("key of another service", condition("StringEquals", "s3:prefix", "x"), "unknown condition key"),
    ("key that a caller could forge", condition("StringLike", "aws:Referer", "*"), "unknown condition key"),
    ("key of tags in general", condition("StringEquals", "aws:ResourceTag/Hold", "x"), "unknown condition key"),
    ("key of a tag without the tag", condition("StringEquals", "glacier:ResourceTag", "x"), "unknown condition key"),
    ("key of a tag with nothing", condition("StringEquals", "glacier:ResourceTag/", "x"), "1 to 128 characters"),
    ("key of a tag too long", condition("StringEquals", "glacier:ResourceTag/" + "k" * 129, "x"), "1 to 128"),
    (
        "key twice in two spellings",
        statement(Condition={"StringEquals": {"aws:UserAgent": "a", "AWS:useragent": "b"}}),
        'names the key "aws:UserAgent" twice',
    ),
    (
        "key of many without a quantifier",
        condition("StringEquals", "aws:TagKeys", "x"),
        "say ForAnyValue or",
    ),
    ("number operator on a text", condition("NumericEquals", "aws:UserAgent", "1"), "makes no sense of aws:UserAgent"),
    ("text operator on a number", condition("StringEquals", AGE, "1"), "makes no sense of glacier:ArchiveAgeInDays"),
    ("text operator on an address", condition("StringLike", "aws:SourceIp", "192.*"), "makes no sense of aws:SourceIp"),
    ("address operator on a text", condition("IpAddress", "aws:UserAgent", "::1"), "makes no sense of"),
    ("date operator on an age", condition("DateLessThan", AGE, "2026-01-01"), "makes no sense of"),
    ("boolean operator on a tag", condition("Bool", "glacier:ResourceTag/H", "true"), "makes no sense of"),
    ("ARN operator on an account", condition("ArnLike", "aws:PrincipalAccount", "*"), "makes no sense of"),
    ("text operator on a date", condition("StringLike", "aws:CurrentTime", "2026*"), "makes no sense of"),
    ("no values", condition("StringEquals", "aws:UserAgent", []), "no values"),
    ("null for a value", condition("StringEquals", "aws:UserAgent", None), "is neither a string, a number nor"),
    ("an object for a value", condition("StringEquals", "aws:UserAgent", {"a": 1}), "is neither a string, a number"),
    ("a list in a list", condition("StringEquals", "aws:UserAgent", [["a"]]), "is neither a string, a number"),
    ("a variable", condition("StringEquals", "aws:UserAgent", "${aws:username}"), "variables are not supported"),
    ("half a character", condition("StringEquals", "aws:UserAgent", "\udc00"), "half of a surrogate pair"),
    ("days in words", condition("NumericLessThan", AGE, "a year"), '"a year" is not a number'),
    ("days with a unit", condition("NumericLessThan", AGE, "365d"), "is not a number"),
    ("days empty", condition("NumericLessThan", AGE, ""), "is not a number"),
    ("days as a boolean", condition("NumericLessThan", AGE, values=True), "is not a number"),
    ("days with a comma", condition("NumericLessThan", AGE, "1,000"), "is not a number"),
    ("days with a blank", condition("NumericLessThan", AGE, " 365"), "is not a number"),
    ("days in hexadecimal", condition("NumericLessThan", AGE, "0x10"), "is not a number"),
    ("days not a number", condition("NumericLessThan", AGE, "NaN"), "is not a number"),
    ("days infinite", condition("NumericLessThan", AGE, "Infinity"), "is not a number"),
    ("days in other digits", condition("NumericLessThan", AGE, "\u0663\u0666\u0665"), "is not a number"),
    ("days beyond reason", condition("NumericLessThan", AGE, "1" * 100), "is not a number"),
    ("days of a huge exponent", condition("NumericLessThan", AGE, "1e999999999"), "is not a number"),
    ("date in words", condition("DateLessThan", "aws:CurrentTime", "tomorrow"), "is no date"),
    ("date of no month", condition("DateLessThan", "aws:CurrentTime", "2026-13-01"), "is no date"),
    ("date of no day", condition("DateLessThan", "aws:CurrentTime", "2026-02-29"), "is no date"),
    ("date without an offset", condition("DateLessThan", "aws:CurrentTime", "2026-01-01T00:00:00"), "is no date"),
    ("date of a year alone", condition("DateLessThan", "aws:CurrentTime", "2026"), "is no date"),
    ("date of a month alone", condition("DateLessThan", "aws:CurrentTime", "2026-01"), "is no date"),
    ("date of a week", condition("DateLessThan", "aws:CurrentTime", "2026-W01-1"), "is no date"),
    ("date of hour 25", condition("DateLessThan", "aws:CurrentTime", "2026-01-01T25:00Z"), "is no date"),
    ("date before all", condition("DateLessThan", "aws:CurrentTime", "0001-01-01T00:00+23:00"), "is no date"),
    ("date beyond all", condition("DateLessThan", "aws:CurrentTime", "9" * 12), "is no date"),
    ("boolean in words", condition("Bool", "aws:SecureTransport", "yes"), "is neither true nor false"),
    ("boolean as a number", condition("Bool", "aws:SecureTransport", 1), "is neither true nor false"),
    ("address in words", condition("IpAddress", "aws:SourceIp", "localhost"), "is neither an IP address nor"),
    ("address too long", condition("IpAddress", "aws:SourceIp", "1.2.3.4.5"), "is neither an IP address nor"),
    ("address of 256", condition("IpAddress", "aws:SourceIp", "256.0.0.1"), "is neither an IP address nor"),
    (
        "address with zeros in front",
        condition("IpAddress", "aws:SourceIp", "010.0.0.1"),
        "is neither an IP address nor",
    ),
    ("address with /33", condition("IpAddress", "aws:SourceIp", "10.0.0.0/33"), "is neither an IP address nor"),
    ("address with a netmask", condition("IpAddress", "aws:SourceIp", "10.0.0.0/255.0.0.0"), "is neither an IP"),
    ("address with a wildcard", condition("IpAddress", "aws:SourceIp", "10.*"), "is neither an IP address nor"),
    ("address as a number", condition("IpAddress", "aws:SourceIp", 167772161), "is neither an IP address nor"),
    ("address with a zone", condition("IpAddress", "aws:SourceIp", "fe80::1%eth0"), "is neither an IP address nor"),
    ("address in other clothes", condition("NotIpAddress", "aws:SourceIp", "::ffff:10.0.0.1"), "write it as IPv4"),
    ("ARN cut short", condition("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*"), "is not an ARN of six components"),
    ("ARN without arn", condition("ArnLike", "aws:PrincipalArn", "*:*:*:*:*:*"), "is not an ARN of six components"),
    ("ARN of nothing", condition("ArnLike", "aws:PrincipalArn", "arn:::::"), "is not an ARN of six components"),
    ("ARN without a partition", condition("ArnLike", "aws:PrincipalArn", "arn::iam::1:root"), "is not an ARN of six"),
    ("ARN without a service", condition("ArnLike", "aws:PrincipalArn", "arn:aws:::1:root"), "is not an ARN of six"),
    ("ARN of an account", condition("ArnEquals", "aws:PrincipalArn", OWNER), "is not an ARN of six components"),
    (
        "age without an archive",
        {**condition("Null", AGE, values=True), "Action": "glacier:UploadArchive"},
        "none of the statement's actions ever has glacier:ArchiveAgeInDays",
    ),
    (
        "tags where none are known",
        {**condition("StringEquals", "glacier:ResourceTag/Hold", "true"), "Action": "glacier:GetJobOutput"},
        "none of the statement's actions ever has glacier:ResourceTag/Hold",
    ),
    (
        "sent tags where none are sent",
        {**condition("ForAnyValue:StringLike", "aws:TagKeys", "Hold*"), "Action": "glacier:DeleteArchive"},
        "none of the statement's actions ever has aws:TagKeys",
    ),
]


def rows(table: list[Any]) -> list[Any]:
    """The rows as parameters, by their names."""
    assert len({row[0] for row in table}) == len(table)
    return [pytest.param(*row[1:], id=row[0]) for row in table]


def refusal(document: str) -> str:
    """What is said when that is to become the vault's lock policy."""
    with pytest.raises(InvalidParameterValue) as caught:
        parse_vault_policy(document, kind=Kind.LOCK, vault_arn=VAULT)
    return str(caught.value)


@pytest.mark.parametrize(("document", "says"), rows(DOCUMENTS))
def test_document_is_refused(document: str, says: str) -> None:
    """A document that is not understood is refused; if it is there all the same, it denies everything."""
    message = refusal(document)
    assert message.startswith("Invalid policy: ")
    assert says in message
    assert len(message) < 400
    stored = stored_policy(document, Kind.ACCESS)
    assert not decide(request(), [scope_policy("full"), stored]).is_allowed


@pytest.mark.parametrize(("broken", "says"), rows(STATEMENTS))
def test_statement_is_refused(broken: dict[str, Any], says: str) -> None:
    """A statement that is not understood is refused, wherever it stands, and the message says which and why."""
    message = refusal(text(broken))
    assert message.startswith("Invalid policy: statement 1")
    assert says in message
    assert len(message) < 400
    second = refusal(text(statement(), broken))
    assert second == message.replace("statement 1", "statement 2", 1)


UNDERSTOOD_ELSEWHERE = "can never match this vault"


@pytest.mark.parametrize(("broken", "says"), rows([row for row in STATEMENTS if UNDERSTOOD_ELSEWHERE not in row[2]]))
def test_stored_statement_that_is_not_understood_allows_nothing(broken: dict[str, Any], says: str) -> None:
    """What should never have been set denies everything; if it says Allow, it is nothing."""
    stored = stored_policy(text(broken), Kind.LOCK)
    asked = request(operation="DescribeVault")
    assert (stored.denying(asked) is None) is (broken.get("Effect") == "Allow")
    if "Effect" not in says:
        allowing = stored_policy(text({**broken, "Effect": "Allow"}), Kind.LOCK)
        assert allowing.allowing(asked) is None
        assert allowing.denying(asked) is None


def test_same_sid_twice_is_refused() -> None:
    """Two statements of one name could not be told apart."""
    twice = text(statement(Sid="Keep"), statement(), statement(Sid="Keep"), statement())
    assert refusal(twice) == 'Invalid policy: statement 3 ("Keep"), Sid: statement 1 has the same.'


def test_largest_policy_is_taken() -> None:
    """A policy of exactly 20 KB is not too large."""
    room = 20 * 1024 - len(text(statement(), Id=""))
    assert parse_vault_policy(text(statement(), Id="x" * room), kind=Kind.LOCK, vault_arn=VAULT).statements


def test_message_shows_no_more_than_a_little() -> None:
    """A value of 10 KB does not come back as a message of 10 KB."""
    assert len(refusal(text(statement(Action="x" * 10_000)))) < 250


@pytest.mark.parametrize("element", ["Principal", "NotPrincipal"])
def test_identity_policy_names_nobody(element: str) -> None:
    """An identity policy is about its bearer."""
    with pytest.raises(InvalidParameterValue, match=f"statement 1, {element}: an identity policy"):
        parse_identity_policy(text({**statement(Principal=None), element: {"AWS": OWNER}}))


def test_single_statement_needs_no_list_and_no_version() -> None:
    """The shortest form that is in use is understood."""
    shortest = json.dumps({"Statement": statement()})
    assert parse_vault_policy(shortest, kind=Kind.ACCESS, vault_arn=VAULT).denying(request()) is not None


def test_old_version_is_understood() -> None:
    """Policies of 2008 are read like those of 2012."""
    old = text(statement(), Version="2008-10-17")
    assert parse_vault_policy(old, kind=Kind.ACCESS, vault_arn=VAULT).denying(request()) is not None
