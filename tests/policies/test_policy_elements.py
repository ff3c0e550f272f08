"""Whom, what and which vault a statement is about, row by row, and how statements add up."""

from __future__ import annotations

from typing import Any

import pytest

from coldframe.service.policies import Caller, Kind, Verdict, decide, parse_identity_policy, scope_policy
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
    VAULT,
    policy,
    request,
    statement,
    text,
)

NOBODY = parse_identity_policy(text({"Effect": "Deny", "Action": "glacier:ListVaults", "Resource": "*"}))
ALLOW: dict[str, Any] = {"Effect": "Allow"}
USERS = f"arn:aws:iam::{OWNER}:user"
MAX, YEAR = "2026-11-24", {"NumericLessThan": {"glacier:ArchiveAgeInDays": "365"}}

# name, Principal or NotPrincipal, who asks, whether the statement is about them
PRINCIPALS: list[tuple[str, object, Caller, bool]] = [
    ("star is the root", "*", ROOT, True),
    ("star is a user", "*", BOB, True),
    ("star is a foreign user", "*", EVE, True),
    ("star under AWS", {"AWS": "*"}, EVE, True),
    ("star in a list", {"AWS": ["*"]}, EVE, True),
    ("root is its account's root", {"AWS": f"arn:aws:iam::{OWNER}:root"}, ROOT, True),
    ("root is its account's users", {"AWS": f"arn:aws:iam::{OWNER}:root"}, BOB, True),
    ("root is its account's roles", {"AWS": f"arn:aws:iam::{OWNER}:root"}, ROBOT, True),
    ("root is no foreign root", {"AWS": f"arn:aws:iam::{OWNER}:root"}, FOREIGN_ROOT, False),
    ("root is no foreign user", {"AWS": f"arn:aws:iam::{OWNER}:root"}, EVE, False),
    ("account is its root", {"AWS": OWNER}, ROOT, True),
    ("account is its users", {"AWS": OWNER}, ALICE, True),
    ("account is no foreign user", {"AWS": OWNER}, EVE, False),
    ("foreign account is its users", {"AWS": STRANGER}, EVE, True),
    ("foreign account is not the owner", {"AWS": STRANGER}, ROOT, False),
    ("user is that user", {"AWS": f"{USERS}/Bob"}, BOB, True),
    ("user is no other user", {"AWS": f"{USERS}/Bob"}, ALICE, False),
    ("user is not the root", {"AWS": f"{USERS}/Bob"}, ROOT, False),
    ("user minds case", {"AWS": f"{USERS}/bob"}, BOB, False),
    ("user with its path", {"AWS": f"{USERS}/staff/Alice"}, ALICE, True),
    ("user without its path", {"AWS": f"{USERS}/Alice"}, ALICE, False),
    ("user of the same name elsewhere", {"AWS": f"arn:aws:iam::{STRANGER}:user/Bob"}, BOB, False),
    ("role is that role", {"AWS": f"arn:aws:iam::{OWNER}:role/Robot"}, ROBOT, True),
    ("role is no user of that name", {"AWS": f"{USERS}/Robot"}, ROBOT, False),
    ("list names the first", {"AWS": [f"{USERS}/Bob", STRANGER]}, BOB, True),
    ("list names the second", {"AWS": [f"{USERS}/Bob", STRANGER]}, EVE, True),
    ("list names neither", {"AWS": [f"{USERS}/Bob", STRANGER]}, ALICE, False),
    ("partition of China", {"AWS": f"arn:aws-cn:iam::{OWNER}:root"}, ROOT, True),
]
EXEMPTIONS: list[tuple[str, object, Caller, bool]] = [
    ("all but Bob: Bob", {"AWS": f"{USERS}/Bob"}, BOB, False),
    ("all but Bob: Alice", {"AWS": f"{USERS}/Bob"}, ALICE, True),
    ("all but Bob: the root", {"AWS": f"{USERS}/Bob"}, ROOT, True),
    ("all but Bob: a stranger", {"AWS": f"{USERS}/Bob"}, EVE, True),
    ("all but Bob and the root: Bob", {"AWS": [f"{USERS}/Bob", OWNER]}, BOB, False),
    ("all but Bob and the root: the root", {"AWS": [f"{USERS}/Bob", OWNER]}, ROOT, False),
    ("all but Bob and the root: Alice", {"AWS": [f"{USERS}/Bob", OWNER]}, ALICE, True),
    ("all but the root: the root", {"AWS": f"arn:aws:iam::{OWNER}:root"}, ROOT, False),
    ("all but the root: its users", {"AWS": f"arn:aws:iam::{OWNER}:root"}, BOB, True),
    ("all but the root: a foreign root", {"AWS": f"arn:aws:iam::{OWNER}:root"}, FOREIGN_ROOT, True),
    ("all but a role: the role", {"AWS": f"arn:aws:iam::{OWNER}:role/Robot"}, ROBOT, False),
    ("all but a role: a user", {"AWS": f"arn:aws:iam::{OWNER}:role/Robot"}, BOB, True),
    ("all but a foreign account: its root", {"AWS": STRANGER}, FOREIGN_ROOT, False),
    ("all but a foreign account: its users", {"AWS": STRANGER}, EVE, True),
]

# name, Action, what is asked, whether the statement is about it
ACTIONS: list[tuple[str, object, str, bool]] = [
    ("star", "*", "DeleteArchive", True),
    ("all of glacier", "glacier:*", "GetJobOutput", True),
    ("one", "glacier:DeleteArchive", "DeleteArchive", True),
    ("another", "glacier:DeleteArchive", "DeleteVault", False),
    ("minds no case", "GLACIER:deletearchive", "DeleteArchive", True),
    ("all that delete: archives", "glacier:Delete*", "DeleteArchive", True),
    ("all that delete: policies", "glacier:Delete*", "DeleteVaultAccessPolicy", True),
    ("all that delete: not aborting", "glacier:Delete*", "AbortMultipartUpload", False),
    ("all about archives", "glacier:*Archive", "UploadArchive", True),
    ("all about archives: not jobs", "glacier:*Archive", "InitiateJob", False),
    ("all about locks", "glacier:*VaultLock", "CompleteVaultLock", True),
    ("all about multipart", "glacier:*Multipart*", "UploadMultipartPart", True),
    ("all about multipart: lists", "glacier:*Multipart*", "ListMultipartUploads", True),
    ("all about multipart: not parts", "glacier:*Multipart*", "ListParts", False),
    ("one unknown character", "glacier:ListPart?", "ListParts", True),
    ("as many unknown as there are", "glacier:????Jobs", "ListJobs", True),
    ("one unknown too many", "glacier:????????????", "ListJobs", False),
    ("list: first", ["glacier:DeleteArchive", "glacier:DeleteVault"], "DeleteArchive", True),
    ("list: second", ["glacier:DeleteArchive", "glacier:DeleteVault"], "DeleteVault", True),
    ("list: neither", ["glacier:DeleteArchive", "glacier:DeleteVault"], "UploadArchive", False),
    ("reading", ["glacier:Get*", "glacier:List*", "glacier:Describe*"], "DescribeJob", True),
    ("reading is not retrieving", ["glacier:Get*", "glacier:List*", "glacier:Describe*"], "InitiateJob", False),
    ("nothing may follow the pattern", "glacier:List*Vault", "ListVaults", False),
    ("parts by their name", "glacier:UploadMultipartPart", "UploadMultipartPart", True),
    ("notifications", "glacier:*Notifications", "SetVaultNotifications", True),
]
LEFT_OUT: list[tuple[str, object, str, bool]] = [
    ("all but reading: reading", ["glacier:Get*", "glacier:List*"], "GetJobOutput", False),
    ("all but reading: writing", ["glacier:Get*", "glacier:List*"], "UploadArchive", True),
    ("all but one: the one", "glacier:UploadArchive", "UploadArchive", False),
    ("all but one: another", "glacier:UploadArchive", "DeleteArchive", True),
    ("all but one minds no case", "glacier:uploadarchive", "UploadArchive", False),
    ("all but all", "glacier:*", "DeleteArchive", False),
    ("all but star", "*", "DeleteArchive", False),
    ("all but what a vault cannot say", "glacier:CreateVault", "DeleteArchive", True),
]

# name, Resource, whether an Allow with it is about the vault `astrodata`
RESOURCES: list[tuple[str, object]] = [
    ("this vault", VAULT),
    ("everything", "*"),
    ("all vaults here", f"arn:aws:glacier:us-west-2:{OWNER}:vaults/*"),
    ("vaults that begin so", f"arn:aws:glacier:us-west-2:{OWNER}:vaults/astro*"),
    ("vaults that end so", f"arn:aws:glacier:us-west-2:{OWNER}:vaults/*data"),
    ("one character", f"arn:aws:glacier:us-west-2:{OWNER}:vaults/astrodat?"),
    ("any region", f"arn:aws:glacier:*:{OWNER}:vaults/astrodata"),
    ("any region of the west", f"arn:aws:glacier:us-west-?:{OWNER}:vaults/astrodata"),
    ("any account", "arn:aws:glacier:us-west-2:*:vaults/astrodata"),
    ("any partition", f"arn:*:glacier:us-west-2:{OWNER}:vaults/astrodata"),
    ("any resource of glacier", "arn:aws:glacier:*:*:*"),
    ("a list with itself twice", [VAULT, f"arn:aws:glacier:*:{OWNER}:vaults/*"]),
    ("a list with everything", [VAULT, "*"]),
]

# name, statements of the access policy, statements of the lock policy, the asking, the verdict
Evaluation = tuple[str, list[dict[str, Any]], list[dict[str, Any]], dict[str, Any], Verdict]
YES, NO, DENIED = Verdict.ALLOWED, Verdict.NOT_ALLOWED, Verdict.EXPLICITLY_DENIED
FOREIGN = {"AWS": STRANGER}
DELETING = {"Action": "glacier:DeleteArchive"}
UPLOADING = {"Action": "glacier:UploadArchive"}
HOLD = {"StringLike": {"glacier:ResourceTag/LegalHold": ["true", ""]}}
BY_EVE: dict[str, Any] = {"caller": EVE}
HALF_YEAR: dict[str, Any] = {"age": 180}
WITH_MFA = Caller(account_id=STRANGER, has_mfa=True)
EVALUATIONS: list[Evaluation] = [
    ("owner without any policy", [], [], {}, YES),
    ("owner's user without any policy", [], [], {"caller": BOB}, YES),
    ("stranger without any policy", [], [], BY_EVE, NO),
    ("stranger whom the vault allows", [statement(**ALLOW, Principal=FOREIGN)], [], BY_EVE, YES),
    ("stranger whom the lock allows", [], [statement(**ALLOW, Principal=FOREIGN)], BY_EVE, YES),
    ("stranger allowed as everyone", [statement(**ALLOW)], [], BY_EVE, YES),
    ("stranger allowed something else", [statement(**ALLOW, **UPLOADING)], [], BY_EVE, NO),
    ("another stranger is allowed", [statement(**ALLOW, Principal={"AWS": "999988887777"})], [], BY_EVE, NO),
    ("stranger allowed and denied", [statement(**ALLOW), statement(Principal=FOREIGN)], [], BY_EVE, DENIED),
    ("order does not matter", [statement(Principal=FOREIGN), statement(**ALLOW)], [], BY_EVE, DENIED),
    ("access allows, lock denies", [statement(**ALLOW)], [statement(**DELETING)], BY_EVE, DENIED),
    ("lock allows, access denies", [statement(**DELETING)], [statement(**ALLOW)], BY_EVE, DENIED),
    ("deny for strangers leaves the owner", [statement(Principal=FOREIGN)], [], {}, YES),
    ("deny for all binds the owner's root", [], [statement(**DELETING)], {}, DENIED),
    ("deny of deleting leaves uploading", [], [statement(**DELETING)], {"operation": "UploadArchive"}, YES),
    ("year's lock, young archive", [], [statement(**DELETING, Condition=YEAR)], HALF_YEAR, DENIED),
    ("year's lock, old archive", [], [statement(**DELETING, Condition=YEAR)], {"age": 400}, YES),
    ("year's lock, deleting the vault", [], [statement(**DELETING, Condition=YEAR)], {"operation": "DeleteVault"}, YES),
    ("year's lock, allow beside it", [statement(**ALLOW)], [statement(Condition=YEAR)], HALF_YEAR, DENIED),
    ("year's lock, stranger with an old archive", [], [statement(Condition=YEAR)], {**BY_EVE, "age": 400}, NO),
    ("legal hold on", [], [statement(**DELETING, Condition=HOLD)], {"vault_tags": {"LegalHold": "true"}}, DENIED),
    ("legal hold empty", [], [statement(**DELETING, Condition=HOLD)], {"vault_tags": {"LegalHold": ""}}, DENIED),
    ("legal hold off", [], [statement(**DELETING, Condition=HOLD)], {"vault_tags": {"LegalHold": "no"}}, YES),
    ("legal hold never set", [], [statement(**DELETING, Condition=HOLD)], {"vault_tags": {}}, YES),
    ("legal hold unreadable", [], [statement(**DELETING, Condition=HOLD)], {"vault_tags": None}, DENIED),
    (
        "hold and age both needed, one there",
        [],
        [statement(**DELETING, Condition={**HOLD, **YEAR})],
        {"age": 400, "vault_tags": {"LegalHold": "true"}},
        YES,
    ),
    (
        "hold and age both needed, both there",
        [],
        [statement(**DELETING, Condition={**HOLD, **YEAR})],
        {"age": 1, "vault_tags": {"LegalHold": "true"}},
        DENIED,
    ),
    (
        "one unknown, another false",
        [],
        [statement(**DELETING, Condition={**HOLD, **YEAR})],
        {"age": 400, "vault_tags": None},
        YES,
    ),
    (
        "one unknown, another true",
        [],
        [statement(**DELETING, Condition={**HOLD, **YEAR})],
        {"age": 1, "vault_tags": None},
        DENIED,
    ),
    (
        "two keys of one operator are both needed",
        [statement(Condition={"Bool": {"aws:SecureTransport": "false", "aws:MultiFactorAuthPresent": "false"}})],
        [],
        {},
        YES,
    ),
    (
        "stranger deletes with a second factor",
        [statement(**ALLOW, Principal=FOREIGN, Condition={"Bool": {"aws:MultiFactorAuthPresent": True}})],
        [],
        {"caller": WITH_MFA},
        YES,
    ),
    (
        "stranger deletes without",
        [statement(**ALLOW, Principal=FOREIGN, Condition={"Bool": {"aws:MultiFactorAuthPresent": True}})],
        [],
        BY_EVE,
        NO,
    ),
    ("without TLS", [statement(Condition={"Bool": {"aws:SecureTransport": "false"}})], [], {}, DENIED),
    (
        "with TLS",
        [statement(Condition={"Bool": {"aws:SecureTransport": "false"}})],
        [],
        {"is_secure": True},
        YES,
    ),
    ("until tomorrow", [statement(**ALLOW, Condition={"DateLessThan": {"aws:CurrentTime": MAX}})], [], BY_EVE, YES),
    (
        "until yesterday",
        [statement(**ALLOW, Condition={"DateLessThan": {"aws:CurrentTime": "2026-11-22"}})],
        [],
        BY_EVE,
        NO,
    ),
    ("an empty condition is none", [statement(Condition={})], [], {}, DENIED),
    ("all but Bob: Alice", [statement(NotPrincipal={"AWS": f"{USERS}/Bob"})], [], {"caller": ALICE}, DENIED),
    ("all but Bob: Bob", [statement(NotPrincipal={"AWS": f"{USERS}/Bob"})], [], {"caller": BOB}, YES),
    ("being left out allows no stranger", [statement(NotPrincipal=FOREIGN)], [], {"caller": FOREIGN_ROOT}, NO),
    ("all but reading is denied", [statement(NotAction="glacier:Get*")], [], {}, DENIED),
    (
        "all but reading is denied: reading",
        [statement(NotAction="glacier:Get*")],
        [],
        {"operation": "GetVaultLock"},
        YES,
    ),
    ("stranger tags", [statement(**ALLOW)], [], {**BY_EVE, "operation": "AddTagsToVault"}, NO),
    ("stranger untags", [statement(**ALLOW)], [], {**BY_EVE, "operation": "RemoveTagsFromVault"}, NO),
    ("stranger lists tags", [statement(**ALLOW)], [], {**BY_EVE, "operation": "ListTagsForVault"}, NO),
    ("stranger initiates a lock", [statement(**ALLOW)], [], {**BY_EVE, "operation": "InitiateVaultLock"}, NO),
    ("stranger completes a lock", [statement(**ALLOW)], [], {**BY_EVE, "operation": "CompleteVaultLock"}, NO),
    ("stranger aborts a lock", [statement(**ALLOW)], [], {**BY_EVE, "operation": "AbortVaultLock"}, NO),
    ("stranger reads a lock", [statement(**ALLOW)], [], {**BY_EVE, "operation": "GetVaultLock"}, YES),
    ("stranger creates a vault", [statement(**ALLOW)], [], {**BY_EVE, "operation": "CreateVault"}, NO),
    ("stranger lists vaults", [statement(**ALLOW)], [], {**BY_EVE, "operation": "ListVaults", "vault_arn": None}, NO),
    ("stranger sets a policy", [statement(**ALLOW)], [], {**BY_EVE, "operation": "SetVaultAccessPolicy"}, YES),
    ("vault's deny is not about its creation", [statement()], [], {"operation": "CreateVault"}, YES),
    ("vault's deny is not about the account", [statement()], [], {"operation": "ListVaults", "vault_arn": None}, YES),
    ("operation of tomorrow, owner", [], [], {"operation": "SelectArchive"}, NO),
    ("operation of tomorrow, denied", [statement(**DELETING)], [], {"operation": "SelectArchive"}, DENIED),
    ("operation minds case", [], [], {"operation": "deletearchive"}, NO),
    (
        "vault by another name of its region, denied",
        [],
        [statement(**DELETING)],
        {"vault_arn": VAULT.replace("us-west-2", "local")},
        DENIED,
    ),
    (
        "vault by another name of its region, allowed",
        [statement(**ALLOW)],
        [],
        {**BY_EVE, "vault_arn": VAULT.replace("us-west-2", "local")},
        NO,
    ),
    ("aborting is not deleting", [], [statement(Action="glacier:Delete*")], {"operation": "AbortMultipartUpload"}, YES),
    ("write once, read never", [statement(NotAction="glacier:Upload*")], [], {"operation": "UploadArchive"}, YES),
    (
        "no retrievals of young archives",
        [],
        [statement(Condition=YEAR)],
        {"operation": "InitiateJob", "age": 9},
        DENIED,
    ),
    ("inventories in spite of that", [], [statement(Condition=YEAR)], {"operation": "InitiateJob"}, YES),
]

# name, scope of the key, what is asked, the verdict with a vault that allows everything
SCOPES: list[tuple[str, str, str, Verdict]] = [
    ("full deletes archives", "full", "DeleteArchive", YES),
    ("full creates vaults", "full", "CreateVault", YES),
    ("full buys capacity", "full", "PurchaseProvisionedCapacity", YES),
    ("no-delete uploads", "no-delete", "UploadArchive", YES),
    ("no-delete retrieves", "no-delete", "InitiateJob", YES),
    ("no-delete tags", "no-delete", "AddTagsToVault", YES),
    ("no-delete deletes archives", "no-delete", "DeleteArchive", DENIED),
    ("no-delete deletes vaults", "no-delete", "DeleteVault", DENIED),
    ("no-delete aborts uploads", "no-delete", "AbortMultipartUpload", DENIED),
    ("no-delete aborts locks", "no-delete", "AbortVaultLock", DENIED),
    ("no-delete untags", "no-delete", "RemoveTagsFromVault", DENIED),
    ("no-delete opens the vault to others", "no-delete", "SetVaultAccessPolicy", DENIED),
    ("no-delete locks the vault", "no-delete", "InitiateVaultLock", DENIED),
    ("no-delete locks it for ever", "no-delete", "CompleteVaultLock", DENIED),
    ("read-only reads outputs", "read-only", "GetJobOutput", YES),
    ("read-only lists vaults", "read-only", "ListVaults", YES),
    ("read-only starts retrievals", "read-only", "InitiateJob", YES),
    ("read-only uploads", "read-only", "UploadArchive", DENIED),
    ("read-only creates vaults", "read-only", "CreateVault", DENIED),
    ("read-only locks", "read-only", "InitiateVaultLock", DENIED),
    ("read-only deletes", "read-only", "DeleteArchive", DENIED),
]


def rows(table: list[Any]) -> list[Any]:
    """The rows as parameters, by their names."""
    assert len({row[0] for row in table}) == len(table)
    return [pytest.param(*row[1:], id=row[0]) for row in table]


@pytest.mark.parametrize(("principal", "caller", "applies"), rows(PRINCIPALS))
def test_principal_names_callers(principal: object, caller: Caller, *, applies: bool) -> None:
    """A statement is about those whom its Principal names."""
    found = policy(statement(Principal=principal)).denying(request(caller=caller))
    assert (found is not None) is applies


@pytest.mark.parametrize(("principal", "caller", "applies"), rows(EXEMPTIONS))
def test_not_principal_exempts_callers(principal: object, caller: Caller, *, applies: bool) -> None:
    """A Deny with NotPrincipal is about all but those."""
    found = policy(statement(NotPrincipal=principal)).denying(request(caller=caller))
    assert (found is not None) is applies


@pytest.mark.parametrize(("action", "operation", "applies"), rows(ACTIONS))
def test_action_names_operations(action: object, operation: str, *, applies: bool) -> None:
    """A statement is about the operations that its Action names."""
    found = policy(statement(Action=action)).denying(request(operation=operation))
    assert (found is not None) is applies


@pytest.mark.parametrize(("action", "operation", "applies"), rows(LEFT_OUT))
def test_not_action_leaves_operations_out(action: object, operation: str, *, applies: bool) -> None:
    """A statement with NotAction is about all others."""
    found = policy(statement(NotAction=action)).denying(request(operation=operation))
    assert (found is not None) is applies


@pytest.mark.parametrize("resource", rows(RESOURCES))
def test_resource_names_the_vault(resource: object) -> None:
    """An Allow is about the vault in all these ways of naming it, and about a vault of another name in none but `*`."""
    allowing = policy(statement(Effect="Allow", Resource=resource))
    assert allowing.allowing(request()) is not None
    elsewhere = request(vault_arn="arn:aws:s3:us-west-2:111122223333:vaults/astrodata")
    assert (allowing.allowing(elsewhere) is not None) is (
        "*" in resource if isinstance(resource, list) else resource == "*"
    )


@pytest.mark.parametrize(("access", "lock", "asking", "verdict"), rows(EVALUATIONS))
def test_policies_add_up(access: list[Any], lock: list[Any], asking: dict[str, Any], verdict: Verdict) -> None:
    """The key's scope, the access policy and the lock policy together give this verdict."""
    policies = [FULL]
    policies += [policy(*access)] if access else []
    policies += [policy(*lock, kind=Kind.LOCK)] if lock else []
    assert decide(request(**asking), policies).verdict is verdict


@pytest.mark.parametrize(("scope", "operation", "verdict"), rows(SCOPES))
def test_scope_limits_a_key(scope: str, operation: str, verdict: Verdict) -> None:
    """What a scope takes away no vault gives back."""
    asked = request(operation=operation, sent_tags={})
    assert decide(asked, [scope_policy(scope), policy(statement(Effect="Allow"))]).verdict is verdict


def test_identity_without_an_allow_leaves_it_to_the_vault() -> None:
    """Within an account, one Allow is enough, be it the vault's; between accounts the caller's own is missing."""
    allowing = policy(statement(Effect="Allow"))
    assert decide(request(), [NOBODY, allowing]).is_allowed
    refused = decide(request(caller=EVE), [NOBODY, allowing])
    assert refused.verdict is NO
    assert refused.reason == "no policy of the caller's own allows it"


def test_identity_policy_names_vaults() -> None:
    """An identity's statements are about the vaults that they name, also when they deny."""
    words = {"Action": "glacier:*", "Resource": "arn:aws:glacier:*:*:vaults/other"}
    identity = parse_identity_policy(text({"Effect": "Deny", **words}, {"Effect": "Allow", **words}))
    assert decide(request(), [identity]).verdict is NO
    assert decide(request(vault_arn=VAULT.replace("astrodata", "other")), [identity]).verdict is DENIED
    assert decide(request(operation="ListVaults", vault_arn=None), [identity]).verdict is NO


def test_decision_tells_its_reason() -> None:
    """Log and caller learn what each of them may: which statement, and only whether it was explicit."""
    locked = policy(statement(Effect="Allow"), statement(Sid="Keep", **DELETING), kind=Kind.LOCK)
    denied = decide(request(caller=BOB), [FULL, locked])
    assert denied.reason == 'vault lock policy, statement 2 ("Keep")'
    assert denied.message == (
        f"User: arn:aws:iam::{OWNER}:user/Bob is not authorized to perform: glacier:DeleteArchive "
        f"on resource: {VAULT} with an explicit deny"
    )
    missing = decide(request(caller=FOREIGN_ROOT, at=NOW), [FULL])
    assert missing.reason == "no policy of the vault allows it"
    assert missing.message.endswith(f"perform: glacier:DeleteArchive on resource: {VAULT}")
    assert decide(request(), [FULL]).reason == 'identity policy, statement 1 ("Everything")'
