"""The seam to whoever decides: what an authorizer is told, when it is asked, and what its refusal prevents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from coldframe.errors import AccessDenied
from coldframe.model import ArchiveRetrieval
from coldframe.testing.bodies import BytesBody
from coldframe.wire.operations import OWNER_ONLY, load_operations
from wire.signing import changed, hashes, send, signed, unsigned
from wire.world import ACCOUNT, KEY, make_face

if TYPE_CHECKING:
    from coldframe.service import VaultService
    from coldframe.testing.clock import FakeClock
    from coldframe.wire.access import Access
    from wire.world import FaceWorld

_OTHER = "123456789012"


class _Remembering:
    """Allows everything but some operations, and remembers what it was asked."""

    def __init__(self, *denied: str) -> None:
        """Deny these."""
        self.denied = denied
        self.asked: list[Access] = []

    def authorize(self, access: Access) -> None:
        """Remember, and decide."""
        self.asked.append(access)
        if access.operation in self.denied:
            raise AccessDenied(f"not authorized to perform: glacier:{access.operation}")


class _Failing:
    """Cannot find out what is allowed."""

    def authorize(self, access: Access) -> None:
        """Fail."""
        raise LookupError(access.operation)


def _open(service: VaultService, clock: FakeClock, authorizer: _Remembering | _Failing) -> FaceWorld:
    service.create_vault("v")
    return make_face(service, clock=clock, authorizer=authorizer, find_store=lambda _account_id: service)


def test_authorizer_is_told_all_that_a_policy_may_ask(service: VaultService, clock: FakeClock) -> None:
    """Who, what, on what, when, from where and how."""
    authorizer = _Remembering()
    world = _open(service, clock, authorizer)
    request = unsigned("GET", "/-/vaults/v", at=clock.now(), headers={"User-Agent": "aws-cli/2"})
    assert send(world.face, signed(request))[0].status == 200
    (access,) = authorizer.asked
    assert (access.key, access.operation, access.account_id) == (KEY, "DescribeVault", ACCOUNT)
    assert (access.vault_name, access.archive_id, access.at) == ("v", None, clock.now())
    assert (access.peer, access.is_secure, access.user_agent) == ("192.0.2.7", False, "aws-cli/2")
    assert not access.is_foreign


@pytest.mark.parametrize(
    "form", ['{"Type": "archive-retrieval", "ArchiveId": "%s"}', '{"jobParameters": {"ArchiveId": "%s"}}']
)
def test_authorizer_is_told_the_archive(service: VaultService, clock: FakeClock, form: str) -> None:
    """Of a deletion and of a job, bare or wrapped: age conditions hang on it (glacier-api 12.2)."""
    authorizer = _Remembering()
    world = _open(service, clock, authorizer)
    archive_id = service.upload_archive("v", BytesBody(b"x")).archive_id
    send(world.face, signed(unsigned("POST", "/-/vaults/v/jobs", at=clock.now(), body=(form % archive_id).encode())))
    send(world.face, signed(unsigned("DELETE", f"/-/vaults/v/archives/{archive_id}", at=clock.now())))
    assert [access.archive_id for access in authorizer.asked] == [archive_id, archive_id]


@pytest.mark.parametrize(
    ("target", "body", "sent"),
    [
        ("tags?operation=add", b'{"Tags": {"hold": "true", "note": ""}}', {"hold": "true", "note": ""}),
        ("tags?operation=remove", b'{"TagKeys": ["hold", "note"]}', {"hold": None, "note": None}),
        ("tags?operation=add", b'{"Tags": "hold"}', None),
        ("tags?operation=add", b"{", None),
        ("tags?operation=remove", b"", None),
        ("jobs", b'{"Tags": {"hold": "true"}, "Type": "inventory-retrieval"}', None),
    ],
)
def test_authorizer_is_told_the_sent_tags(
    service: VaultService, clock: FakeClock, target: str, body: bytes, sent: dict[str, str | None] | None
) -> None:
    """What is to be set, or the keys of what is to be removed; None, which is unknown, if the body does not tell."""
    authorizer = _Remembering()
    world = _open(service, clock, authorizer)
    send(world.face, signed(unsigned("POST", f"/-/vaults/v/{target}", at=clock.now(), body=body)))
    assert [access.sent_tags for access in authorizer.asked] == [sent]


def test_refusal_prevents(service: VaultService, clock: FakeClock) -> None:
    """What is refused is not done: 403 in the authorizer's words, and the body of an upload is not read."""
    world = _open(service, clock, _Remembering("DeleteArchive", "UploadArchive", "InitiateJob"))
    archive_id = service.upload_archive("v", BytesBody(b"x")).archive_id
    requests = [
        unsigned("DELETE", f"/-/vaults/v/archives/{archive_id}", at=clock.now()),
        unsigned("POST", "/-/vaults/v/archives", at=clock.now(), headers=hashes(b"y"), body=b"y"),
        unsigned("POST", "/-/vaults/v/jobs", at=clock.now(), body=b'{"Type": "inventory-retrieval"}'),
    ]
    for request in requests:
        response, body = send(world.face, signed(request))
        assert (response.status, json.loads(body)["code"]) == (403, "AccessDeniedException")
        assert "not authorized to perform" in json.loads(body)["message"]
    assert service.describe_vault("v").number_of_archives == 1
    assert service.list_jobs("v").items == []
    assert service.initiate_job("v", ArchiveRetrieval(archive_id))


def test_permission_is_looked_at_before_vault_and_values(service: VaultService, clock: FakeClock) -> None:
    """Whoever may not ask does not learn whether a vault is there, or that his JSON is wrong (glacier-api 3.3, 13)."""
    world = _open(service, clock, _Remembering("DescribeVault", "InitiateJob"))
    for method, target, body in (
        ("GET", "/-/vaults/v", b""),
        ("GET", "/-/vaults/none", b""),
        ("POST", "/-/vaults/none/jobs", b"{"),
        ("POST", "/-/vaults/v/jobs", b""),
    ):
        response, _ = send(world.face, signed(unsigned(method, target, at=clock.now(), body=body)))
        assert response.status == 403


def test_authorizer_that_fails_allows_nothing(service: VaultService, clock: FakeClock) -> None:
    """What cannot be found out is not done (design I10)."""
    world = _open(service, clock, _Failing())
    response, _ = send(world.face, signed(unsigned("PUT", "/-/vaults/w", at=clock.now())))
    assert response.status == 500
    assert [vault.vault_name for vault in service.list_vaults().items] == ["v"]
    assert json.loads(world.lines[0])["error"] == "LookupError"


def test_unsigned_request_is_not_even_asked_about(service: VaultService, clock: FakeClock) -> None:
    """The authorizer hears only of callers who are who they say."""
    authorizer = _Remembering()
    world = _open(service, clock, authorizer)
    send(world.face, unsigned("GET", "/-/vaults/v", at=clock.now()))
    send(world.face, changed(signed(unsigned("GET", "/-/vaults/v", at=clock.now())), "Host", "another"))
    assert authorizer.asked == []


def test_some_operations_are_the_owners_alone(service: VaultService, clock: FakeClock) -> None:
    """Twelve operations no policy can grant to another account; the others are for the authorizer to decide."""
    authorizer = _Remembering()
    world = _open(service, clock, authorizer)
    for operation in load_operations().values():
        path = "/".join(operation.path).format(
            accountId=_OTHER, vaultName="v", archiveId="a", uploadId="u", jobId="j", lockId="l"
        )
        query = "&".join(f"{name}={value}" for name, value in operation.query.items())
        target = f"/{path}?{query}" if query else f"/{path}"
        asked = len(authorizer.asked)
        headers = hashes(b"") if operation.request.is_streaming else {}
        response, body = send(world.face, signed(unsigned(operation.method, target, at=clock.now(), headers=headers)))
        if operation.name in OWNER_ONLY:
            assert (response.status, len(authorizer.asked)) == (403, asked)
            assert json.loads(body)["message"] == f"Access denied for account ID: {_OTHER}"
        else:
            assert authorizer.asked[-1].is_foreign
            assert (authorizer.asked[-1].account_id, authorizer.asked[-1].operation) == (_OTHER, operation.name)
    assert len(OWNER_ONLY) == 12
