"""Who may do what, end to end: boto3 clients of two accounts before one face, with policies and locks on the vaults."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config

from coldframe.errors import AccessDenied
from coldframe.testing.bodies import BytesBody
from coldframe.testing.clock import START
from coldframe.wire.access import Access, AccountAuthorizer, KeyScope
from coldframe.wire.operations import load_operations
from permission_world import OTHER, OWNER, arn, face_of, is_refused, policy, refusal
from wire.signing import send, signed, unsigned

if TYPE_CHECKING:
    from coldframe.composition.accounts import Accounts
    from coldframe.testing.clock import FakeClock
    from coldframe.wire.access import Authorizer, Key
    from permission_world import Clients

TRUSTED = {"AWS": f"arn:aws:iam::{OTHER}:root"}


@pytest.fixture
def owner(clients: Clients) -> Any:
    """The owner of the vault `v`, with a full key."""
    owner = clients.of()
    owner.create_vault(vaultName="v")
    return owner


def _upload(client: Any, **parameters: str) -> str:
    return str(client.upload_archive(vaultName="v", body=b"light", **parameters)["archiveId"])


# --- scopes -----------------------------------------------------------------------------------------------------------


def test_read_only_key_reads(clients: Clients, owner: Any) -> None:
    """It lists, describes and retrieves, and changes nothing."""
    archive_id = _upload(owner)
    reader = clients.of(scope=KeyScope.READ_ONLY)
    job = reader.initiate_job(vaultName="v", jobParameters={"Type": "archive-retrieval", "ArchiveId": archive_id})
    assert reader.get_job_output(vaultName="v", jobId=job["jobId"])["body"].read() == b"light"
    assert reader.list_vaults()["VaultList"][0]["VaultName"] == "v"
    for act in (
        lambda: reader.create_vault(vaultName="w"),
        lambda: _upload(reader),
        lambda: reader.delete_archive(vaultName="v", archiveId=archive_id),
        lambda: reader.add_tags_to_vault(vaultName="v", Tags={"k": "v"}),
        lambda: reader.initiate_vault_lock(vaultName="v", policy=policy("Deny", "glacier:DeleteArchive")),
        lambda: reader.set_data_retrieval_policy(Policy={"Rules": [{"Strategy": "FreeTier"}]}),
    ):
        assert is_refused(act)
    assert owner.describe_vault(vaultName="v")["NumberOfArchives"] == 1


def test_no_delete_key_archives(clients: Clients, owner: Any) -> None:
    """It uploads and retrieves; whoever steals it can neither delete nor give himself the right to (A18)."""
    keeper = clients.of(scope=KeyScope.NO_DELETE)
    archive_id = _upload(keeper)
    keeper.create_vault(vaultName="w")
    for act in (
        lambda: keeper.delete_archive(vaultName="v", archiveId=archive_id),
        lambda: keeper.delete_vault(vaultName="w"),
        lambda: keeper.set_vault_access_policy(vaultName="v", policy=policy("Allow", "glacier:*")),
        lambda: keeper.delete_vault_access_policy(vaultName="v"),
        lambda: keeper.abort_vault_lock(vaultName="v"),
        lambda: keeper.remove_tags_from_vault(vaultName="v", TagKeys=["k"]),
    ):
        assert is_refused(act)
    owner.set_vault_access_policy(vaultName="v", policy=policy("Allow", "glacier:DeleteArchive"))
    assert is_refused(lambda: keeper.delete_archive(vaultName="v", archiveId=archive_id))


def test_no_delete_key_cannot_have_others_delete(clients: Clients, owner: Any) -> None:
    """A lock policy may let another account in, so beginning or completing one is not such a key's to do."""
    archive_id = _upload(owner)
    thief, helper = clients.of(scope=KeyScope.NO_DELETE), clients.of(OTHER)
    opening = policy("Allow", "glacier:DeleteArchive", principal=TRUSTED)
    assert is_refused(lambda: thief.initiate_vault_lock(vaultName="v", policy=opening))
    assert is_refused(lambda: helper.delete_archive(vaultName="v", accountId=OWNER, archiveId=archive_id))
    lock_id = owner.initiate_vault_lock(vaultName="v", policy=policy("Deny", "glacier:DeleteArchive"))["lockId"]
    assert is_refused(lambda: thief.complete_vault_lock(vaultName="v", lockId=lock_id))


def _may(authorizer: Authorizer, key: Key, operation: str) -> bool:
    access = Access(
        key=key,
        operation=operation,
        account_id=key.account_id,
        vault_name="v",
        archive_id=None,
        at=START,
        peer="127.0.0.1",
        is_secure=True,
        user_agent="",
    )
    try:
        authorizer.authorize(access)
    except AccessDenied:
        return False
    return True


@pytest.mark.parametrize("scope", KeyScope)
def test_scope_means_the_same_in_process_and_served(accounts: Accounts, scope: KeyScope) -> None:
    """For each of the 33 operations, on a vault without policies."""
    key = accounts.create_key(scope=scope)
    allowed = {name for name in load_operations() if _may(AccountAuthorizer(), key, name)}
    assert allowed == {name for name in load_operations() if _may(accounts.authorizer, key, name)}
    assert len(allowed) == {KeyScope.FULL: 33, KeyScope.NO_DELETE: 23, KeyScope.READ_ONLY: 14}[scope]


def test_refusal_is_worded_as_the_originals(clients: Clients, owner: Any) -> None:
    """Who, what, on what, and that it was denied (glacier-api 13)."""
    reader = clients.of(scope=KeyScope.READ_ONLY)
    who, what = f"arn:aws:iam::{OWNER}:root", f"glacier:DeleteVault on resource: {arn('v')}"
    told = f"User: {who} is not authorized to perform: {what} with an explicit deny"
    assert refusal(lambda: reader.delete_vault(vaultName="v")) == (403, "AccessDeniedException", told)


def test_revoked_key_is_refused_at_the_next_request(clients: Clients, owner: Any) -> None:
    """In the original's words for a key that is not one."""
    key = clients.accounts.create_key()
    client = clients.with_key(key)
    assert client.list_vaults()["VaultList"]
    clients.accounts.keyring.revoke(key.access_key_id)
    assert refusal(client.list_vaults)[:2] == (400, "UnrecognizedClientException")


def test_expired_key_is_refused(accounts: Accounts, clock: FakeClock) -> None:
    """From the moment of its end on, in the original's words for a session that is over."""
    key = accounts.create_key(expires_at=clock.now() + timedelta(days=90))
    face = face_of(accounts, clock=clock)

    def ask() -> tuple[int, bytes]:
        response, body = send(face, signed(unsigned("GET", "/-/vaults", at=clock.now()), key=key))
        return response.status, body

    clock.advance(days=90, seconds=-1)
    assert ask()[0] == 200
    clock.advance(1)
    status, body = ask()
    assert (status, json.loads(body)["code"]) == (403, "ExpiredTokenException")


# --- other accounts ---------------------------------------------------------------------------------------------------


def test_accounts_see_nothing_of_each_other(clients: Clients, owner: Any) -> None:
    """Each has its own vaults, under the same names if it likes; ARNs and paths tell them apart."""
    other = clients.of(OTHER)
    assert other.list_vaults()["VaultList"] == []
    assert other.create_vault(vaultName="v")["location"] == f"/{OTHER}/vaults/v"
    archive_id = _upload(owner)
    assert other.describe_vault(vaultName="v")["VaultARN"] == arn("v", OTHER)
    assert refusal(lambda: other.delete_archive(vaultName="v", archiveId=archive_id))[0] == 404
    assert owner.describe_vault(vaultName="v")["NumberOfArchives"] == 1


def test_stranger_hears_one_answer(clients: Clients, owner: Any) -> None:
    """Whether account and vault are there or not, forbidden or merely not granted: the same words (A14)."""
    owner.create_vault(vaultName="denied")
    everything = policy("Deny", "glacier:*", vault_name="denied")
    owner.set_vault_access_policy(vaultName="denied", policy=everything)
    other = clients.of(OTHER)
    for account_id in (OWNER, "999999999999"):
        for vault_name in ("v", "none", "denied"):
            where = {"accountId": account_id, "vaultName": vault_name}
            told = (403, "AccessDeniedException", f"Access denied for account ID: {account_id}")
            assert refusal(lambda where=where: other.describe_vault(**where)) == told  # type: ignore[misc]
            assert refusal(lambda where=where: other.delete_archive(archiveId="x", **where)) == told  # type: ignore[misc]
        assert refusal(lambda account_id=account_id: other.list_vaults(accountId=account_id)) == told  # type: ignore[misc]


def test_other_account_needs_both_sides(clients: Clients, owner: Any) -> None:
    """The vault's policy and its own key's scope: neither alone lets it in, and the archive is the owner's."""
    other, reader = clients.of(OTHER), clients.of(OTHER, KeyScope.READ_ONLY)
    assert is_refused(lambda: _upload(other, accountId=OWNER))
    grant = policy("Allow", ["glacier:UploadArchive", "glacier:DescribeVault"], principal=TRUSTED)
    owner.set_vault_access_policy(vaultName="v", policy=grant)
    assert _upload(other, accountId=OWNER)
    assert reader.describe_vault(vaultName="v", accountId=OWNER)["NumberOfArchives"] == 1
    assert is_refused(lambda: _upload(reader, accountId=OWNER))
    assert is_refused(lambda: other.delete_vault(vaultName="v", accountId=OWNER))
    third = clients.of("222222222222")
    assert is_refused(lambda: third.describe_vault(vaultName="v", accountId=OWNER))
    owner.delete_vault_access_policy(vaultName="v")
    assert is_refused(lambda: other.describe_vault(vaultName="v", accountId=OWNER))


def test_grant_to_all_the_world_is_not_one_of_what_is_the_owners(clients: Clients, owner: Any) -> None:
    """Locks, tags and the account itself are never another's (glacier-api 8)."""
    owner.set_vault_access_policy(vaultName="v", policy=policy("Allow", "*"))
    other = clients.of(OTHER)
    assert other.describe_vault(vaultName="v", accountId=OWNER)["VaultName"] == "v"
    lock = policy("Deny", "glacier:DeleteArchive")
    for act in (
        lambda: other.add_tags_to_vault(vaultName="v", accountId=OWNER, Tags={"k": "v"}),
        lambda: other.list_tags_for_vault(vaultName="v", accountId=OWNER),
        lambda: other.initiate_vault_lock(vaultName="v", accountId=OWNER, policy=lock),
        lambda: other.create_vault(vaultName="w", accountId=OWNER),
        lambda: other.list_vaults(accountId=OWNER),
    ):
        assert is_refused(act)


def test_vaults_grant_in_one_account_is_none_in_another(clients: Clients, owner: Any) -> None:
    """A policy speaks of the vault on which it hangs, not of another's of the same name."""
    other = clients.of(OTHER)
    other.create_vault(vaultName="v")
    grant = {"Effect": "Allow", "Principal": "*", "Action": "glacier:*", "Resource": arn("v", OTHER)}
    text = json.dumps({"Statement": [grant]})
    other.set_vault_access_policy(vaultName="v", policy={"Policy": text})
    assert owner.describe_vault(vaultName="v", accountId=OTHER)["VaultARN"] == arn("v", OTHER)
    assert is_refused(lambda: other.describe_vault(vaultName="v", accountId=OWNER))


# --- policies of the vault --------------------------------------------------------------------------------------------


def test_deny_binds_the_owner(clients: Clients, owner: Any) -> None:
    """An access policy takes away from the root of the account too, and what it takes away it can be given back."""
    archive_id = _upload(owner)
    owner.set_vault_access_policy(vaultName="v", policy=policy("Deny", "glacier:DeleteArchive"))
    assert is_refused(lambda: owner.delete_archive(vaultName="v", archiveId=archive_id))
    owner.delete_vault_access_policy(vaultName="v")
    owner.delete_archive(vaultName="v", archiveId=archive_id)


def test_deny_by_tag(owner: Any) -> None:
    """A vault on hold keeps its archives; the tag decides at the moment of the request."""
    archive_id = _upload(owner)
    hold = policy("Deny", "glacier:DeleteArchive", StringEquals={"glacier:ResourceTag/hold": "true"})
    owner.set_vault_access_policy(vaultName="v", policy=hold)
    owner.add_tags_to_vault(vaultName="v", Tags={"hold": "true"})
    assert is_refused(lambda: owner.delete_archive(vaultName="v", archiveId=archive_id))
    owner.remove_tags_from_vault(vaultName="v", TagKeys=["hold"])
    owner.delete_archive(vaultName="v", archiveId=archive_id)


@pytest.mark.parametrize("operation", ["DeleteArchive", "InitiateJob"])
def test_deny_by_age(owner: Any, clock: FakeClock, operation: str) -> None:
    """By the archive's age in whole days, in the service's own time; an archive of a year may go."""
    archive_id = _upload(owner)
    young = policy("Deny", f"glacier:{operation}", NumericLessThan={"glacier:ArchiveAgeInDays": "365"})
    owner.set_vault_access_policy(vaultName="v", policy=young)
    wanted = {"Type": "archive-retrieval", "ArchiveId": archive_id}
    acts = {
        "DeleteArchive": lambda: owner.delete_archive(vaultName="v", archiveId=archive_id),
        "InitiateJob": lambda: owner.initiate_job(vaultName="v", jobParameters=wanted),
    }
    assert is_refused(acts[operation])
    clock.advance(days=365, seconds=-1)
    assert is_refused(acts[operation])
    clock.advance(1)
    acts[operation]()


def test_age_of_an_inventory_is_absent(owner: Any) -> None:
    """An inventory has no archive whose age could be too small (glacier-api 12.2)."""
    young = policy("Deny", "glacier:InitiateJob", NumericLessThan={"glacier:ArchiveAgeInDays": "365"})
    owner.set_vault_access_policy(vaultName="v", policy=young)
    assert owner.initiate_job(vaultName="v", jobParameters={"Type": "inventory-retrieval"})


def test_archive_of_another_vault_lends_no_age(owner: Any, clock: FakeClock) -> None:
    """Its age says nothing about this vault, which does not know the archive."""
    archive_id = _upload(owner)
    owner.create_vault(vaultName="w")
    clock.advance(days=1000)
    old = policy("Deny", "glacier:DeleteArchive", vault_name="w", NumericGreaterThan={"glacier:ArchiveAgeInDays": "1"})
    owner.set_vault_access_policy(vaultName="w", policy=old)
    assert refusal(lambda: owner.delete_archive(vaultName="w", archiveId=archive_id))[0] == 400


def test_sent_tags_are_asked_about(owner: Any) -> None:
    """Which tags may be set and removed hangs on what is sent."""
    text = {
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "glacier:AddTagsToVault",
                "Resource": arn("v"),
                "Condition": {"StringNotEquals": {"aws:RequestTag/season": ["spring", "autumn"]}},
            },
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "glacier:RemoveTagsFromVault",
                "Resource": arn("v"),
                "Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": "hold"}},
            },
        ]
    }
    owner.add_tags_to_vault(vaultName="v", Tags={"hold": "true", "note": "x"})
    owner.set_vault_access_policy(vaultName="v", policy={"Policy": json.dumps(text)})
    owner.add_tags_to_vault(vaultName="v", Tags={"season": "spring"})
    assert is_refused(lambda: owner.add_tags_to_vault(vaultName="v", Tags={"season": "winter"}))
    assert is_refused(lambda: owner.add_tags_to_vault(vaultName="v", Tags={"note": "y"}))
    owner.remove_tags_from_vault(vaultName="v", TagKeys=["note"])
    assert is_refused(lambda: owner.remove_tags_from_vault(vaultName="v", TagKeys=["season", "hold"]))
    assert owner.list_tags_for_vault(vaultName="v")["Tags"] == {"hold": "true", "season": "spring"}


def test_caller_is_asked_about(clients: Clients, owner: Any) -> None:
    """Address, program and encryption of the caller: in process, 127.0.0.1, botocore, and nobody who could listen."""
    for denied in (
        policy("Deny", "glacier:DescribeVault", NotIpAddress={"aws:SourceIp": "192.0.2.0/24"}),
        policy("Deny", "glacier:DescribeVault", StringLike={"aws:UserAgent": "Boto3*"}),
        policy("Deny", "glacier:DescribeVault", StringEquals={"aws:PrincipalAccount": OWNER}),
    ):
        owner.set_vault_access_policy(vaultName="v", policy=denied)
        assert is_refused(lambda: owner.describe_vault(vaultName="v"))
    insecure = policy("Deny", "glacier:DescribeVault", Bool={"aws:SecureTransport": "false"})
    owner.set_vault_access_policy(vaultName="v", policy=insecure)
    assert owner.describe_vault(vaultName="v")


# --- locks ------------------------------------------------------------------------------------------------------------


def test_lock_denies_from_its_beginning(owner: Any, clock: FakeClock) -> None:
    """In progress and when complete, whoever asks; one that was not completed in a day is over."""
    archive_id = _upload(owner)
    lock = policy("Deny", "glacier:DeleteArchive")
    owner.initiate_vault_lock(vaultName="v", policy=lock)
    assert is_refused(lambda: owner.delete_archive(vaultName="v", archiveId=archive_id))
    clock.advance(days=1)
    lock_id = owner.initiate_vault_lock(vaultName="v", policy=lock)["lockId"]
    owner.complete_vault_lock(vaultName="v", lockId=lock_id)
    clock.advance(days=10_000)
    assert is_refused(lambda: owner.delete_archive(vaultName="v", archiveId=archive_id))
    assert is_refused(lambda: owner.abort_vault_lock(vaultName="v"))


def test_lock_that_is_over_denies_nothing(owner: Any, clock: FakeClock) -> None:
    """After its 24 hours the face and the service agree that it is gone."""
    archive_id = _upload(owner)
    owner.initiate_vault_lock(vaultName="v", policy=policy("Deny", "glacier:DeleteArchive"))
    clock.advance(days=1)
    owner.delete_archive(vaultName="v", archiveId=archive_id)


def test_lock_may_let_another_account_in(clients: Clients, owner: Any) -> None:
    """The lock policy is a further policy of the vault: what it allows counts, from in progress on."""
    other = clients.of(OTHER)
    both = [
        {"Effect": "Deny", "Principal": "*", "Action": "glacier:DeleteArchive", "Resource": arn("v")},
        {"Effect": "Allow", "Principal": TRUSTED, "Action": "glacier:DescribeVault", "Resource": arn("v")},
    ]
    owner.initiate_vault_lock(vaultName="v", policy={"Policy": json.dumps({"Statement": both})})
    assert other.describe_vault(vaultName="v", accountId=OWNER)["VaultName"] == "v"
    owner.abort_vault_lock(vaultName="v")
    assert is_refused(lambda: other.describe_vault(vaultName="v", accountId=OWNER))


def test_lock_holds_without_any_face(accounts: Accounts, owner: Any) -> None:
    """The face asks first; the store itself has the last word."""
    archive_id = _upload(owner)
    owner.initiate_vault_lock(vaultName="v", policy=policy("Deny", "glacier:DeleteArchive"))
    with pytest.raises(AccessDenied):
        accounts.all()[0].delete_archive("v", archive_id)


# --- failing closed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", "{", '{"Statement": [{"Effect": "Deny", "Bogus": 1}]}', '{"Version": "2099-01-01"}']
)
def test_policy_that_is_not_understood_denies(accounts: Accounts, owner: Any, text: str) -> None:
    """One that got into the ledger by whatever way: everybody is refused, the owner too."""
    accounts.all()[0].ledger.write(lambda changes: changes.set_access_policy(1, text))
    assert is_refused(lambda: owner.describe_vault(vaultName="v"))
    assert is_refused(lambda: _upload(owner))
    assert owner.list_vaults()["VaultList"]


def test_keyring_that_cannot_answer_lets_nobody_in(clients: Clients, owner: Any, seal_path: str) -> None:
    """A key that was tampered with is an error inside: the original's 500, told in the log and nowhere else."""
    ledger = clients.accounts.all()[0].ledger
    key = clients.accounts.create_key(scope=KeyScope.READ_ONLY)
    ledger.write(lambda changes: changes._connection.execute("UPDATE access_key SET scope = 'full'"))  # type: ignore[attr-defined]
    client = clients.with_key(key, config=Config(retries={"total_max_attempts": 1}))
    status, code, message = refusal(lambda: client.delete_vault(vaultName="v"))
    assert (status, code) == (500, "ServiceUnavailableException")
    assert key.access_key_id not in message
    told = json.loads(clients.lines[-1])
    assert "is not as it was made" in told["message"]
    assert key.secret_access_key not in clients.lines[-1]


def test_upload_by_a_stranger_leaves_nothing(accounts: Accounts, clients: Clients, owner: Any) -> None:
    """It is refused before a byte is kept."""
    store = accounts.all()[0]
    store.upload_archive("v", BytesBody(b"mine"))
    assert is_refused(lambda: _upload(clients.of(OTHER), accountId=OWNER))
    assert store.describe_vault("v").number_of_archives == 1
    assert store.rehearse_sweep().blobs == 0
