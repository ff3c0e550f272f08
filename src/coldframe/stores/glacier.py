"""The store port over a boto3 client: Amazon's vaults, and any server that speaks their protocol."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from coldframe.errors import (
    InvalidParameterValue,
    ResourceNotFound,
    ServiceUnavailable,
    StoreError,
    StoreUnreachable,
    TreeHashMismatch,
)
from coldframe.model import (
    MAX_PARTS,
    MAX_SINGLE_UPLOAD,
    Page,
    PartsPage,
    Receipt,
)
from coldframe.ports.store import IDENTITY_HEADER
from coldframe.stores import decode
from coldframe.stores.bodies import PreparedBody, hand_over_hashes, require_tree_hash
from coldframe.stores.encode import job_parameters
from coldframe.stores.governing import GlacierGoverning
from coldframe.stores.output import GlacierOutput
from coldframe.stores.quick import QUICK, NotPlain
from coldframe.stores.translation import translated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coldframe.model import ByteRange, JobDescription, JobRequest, JobStatus, UploadDescription, VaultDescription
    from coldframe.ports import Body, JobOutput
    from coldframe.stores.quick import QuickRequests

_LOST_NAMES = frozenset({"", ".", ".."})
OWN_ACCOUNT = "-"
"""In the place of an account's number: that of the credentials."""
_NO_VAULT = "coldframe.asks.whose.vaults.these.are"
_ARN = re.compile(r"arn:[a-z-]+:glacier:([^:\s]+):([0-9]{12}):")
_COLDFRAME = re.compile(r"coldframe:[0-9a-f]{32}")
_AMAZON = re.compile(r"glacier\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")


class GlacierStore(GlacierGoverning):
    """Implements `ports.admin.GovernedStore` over a boto3 Glacier client.

    Nothing is retried here: make the client without retries, and retry where the work is known (`open_glacier` does).

    Args:
        client: The client; closed with the store.
        url: The store URL that opens it.
        account_id: Whose vaults are meant; `-` for those of the credentials.
        quick: Asks what comes once for each file or part; without it the client does.
    """

    def __init__(
        self, client: Any, *, url: str, account_id: str = OWN_ACCOUNT, quick: QuickRequests | None = None
    ) -> None:
        """Have the client take the hashes that are computed here."""
        self._quick = quick
        self._client = client
        self._url = url
        self._account_id = account_id
        self._part_sizes: dict[str, int] = {}
        hand_over_hashes(client)

    @cached_property
    def identity(self) -> str:
        """A coldframe server's own name for the store; of any other `glacier:<region>:<account>`.

        Others than Amazon get `@<host>` behind it. The store tells region and account in the ARN of a vault, also of
        one that is not there, or that the caller may not see (glacier-api 3.3 and 13). It is asked twice: all that is
        archived is recorded under this name, and nothing else would show that a bit of it turned on its way.
        """
        name = self._ask_identity()
        if self._ask_identity() != name:
            raise StoreUnreachable(f"{self._url} told two different names of itself: the line to it is bad. Try again.")
        return name

    def _ask_identity(self) -> str:
        try:
            answer: Mapping[str, Any] = self._ask("describe_vault", vaultName=_NO_VAULT)
            text = str(answer["VaultARN"])
        except StoreError as error:
            answer, text = getattr(error.__cause__, "response", None) or {}, str(error)
            if not (_told_name(answer) or _ARN.search(text)):
                raise
        host = urlsplit(self._client.meta.endpoint_url).netloc
        is_amazon, name, found = _AMAZON.fullmatch(host), _told_name(answer), _ARN.search(text)
        if name and not is_amazon:
            return name
        if found is None:
            raise ServiceUnavailable(f"{self._url} names its vaults in a way that makes no sense.")
        return f"glacier:{found[1]}:{found[2]}" + ("" if is_amazon else f"@{host}")

    @property
    def url(self) -> str:
        """The store URL that opens it."""
        return self._url

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def create_vault(self, vault_name: str) -> None:
        """Make a vault."""
        if vault_name in _LOST_NAMES:
            raise InvalidParameterValue(f"Invalid vault name: {vault_name}")
        self._ask("create_vault", vaultName=vault_name)

    def describe_vault(self, vault_name: str) -> VaultDescription:
        """The vault, with the numbers of its last inventory."""
        return decode.read(decode.vault, self._ask("describe_vault", vaultName=_name(vault_name)))

    def list_vaults(self, *, limit: int | None = None, marker: str | None = None) -> Page[VaultDescription]:
        """One page of the account's vaults."""
        answer = self._ask("list_vaults", **_page(limit, marker))
        return Page([decode.read(decode.vault, each) for each in answer["VaultList"]], answer.get("Marker") or None)

    def delete_vault(self, vault_name: str) -> None:
        """Delete a vault; one that is not there is no error, also where the store makes it one (glacier-api 19.16)."""
        try:
            self._ask("delete_vault", vaultName=_name(vault_name))
        except ResourceNotFound:
            return

    def upload_archive(
        self, vault_name: str, body: Body, *, tree_hash: str | None = None, description: str = ""
    ) -> Receipt:
        """Keep an archive of 1 byte to 4 GiB."""
        if not 1 <= body.size <= MAX_SINGLE_UPLOAD:
            raise InvalidParameterValue(f"Invalid Content-Length: {body.size}")
        parameters = {"vaultName": _name(vault_name), **_description(description)}
        with PreparedBody(body) as prepared:
            require_tree_hash(prepared, tree_hash)
            answer = self._ask("upload_archive", body=prepared, checksum=prepared.tree_hash, **parameters)
            return Receipt(
                answer["archiveId"], _confirmed(answer, prepared.tree_hash, f"archive {answer['archiveId']}")
            )

    def initiate_multipart_upload(self, vault_name: str, *, part_size: int, description: str = "") -> str:
        """Open an upload."""
        parameters = {"vaultName": _name(vault_name), "partSize": str(part_size), **_description(description)}
        upload_id = str(self._ask("initiate_multipart_upload", **parameters)["uploadId"])
        self._part_sizes[upload_id] = part_size
        return upload_id

    def upload_multipart_part(
        self, vault_name: str, upload_id: str, body: Body, *, start: int, tree_hash: str | None = None
    ) -> str:
        """Keep one part. One that has no place in its upload is refused before its body is read."""
        place = f"bytes {start}-{start + body.size - 1}/*"
        part_size = self._part_size(vault_name, upload_id)
        if not (0 <= start < MAX_PARTS * part_size and start % part_size == 0 and 1 <= body.size <= part_size):
            raise InvalidParameterValue(f"Invalid Content-Range: {place}")
        parameters = {"vaultName": _name(vault_name), "uploadId": _id(upload_id, "upload"), "range": place}
        with PreparedBody(body) as prepared:
            require_tree_hash(prepared, tree_hash)
            answer = self._ask("upload_multipart_part", body=prepared, checksum=prepared.tree_hash, **parameters)
            return _confirmed(answer, prepared.tree_hash, f"part at {start} of upload {upload_id}")

    def complete_multipart_upload(
        self, vault_name: str, upload_id: str, *, archive_size: int, tree_hash: str
    ) -> Receipt:
        """Turn the parts into an archive."""
        answer = self._ask(
            "complete_multipart_upload",
            vaultName=_name(vault_name),
            uploadId=_id(upload_id, "upload"),
            archiveSize=str(archive_size),
            checksum=tree_hash,
        )
        self._part_sizes.pop(upload_id, None)
        return Receipt(answer["archiveId"], _confirmed(answer, tree_hash.lower(), f"archive {answer['archiveId']}"))

    def abort_multipart_upload(self, vault_name: str, upload_id: str) -> None:
        """Drop an upload."""
        self._part_sizes.pop(upload_id, None)
        self._ask("abort_multipart_upload", vaultName=_name(vault_name), uploadId=_id(upload_id, "upload"))

    def list_parts(
        self, vault_name: str, upload_id: str, *, limit: int | None = None, marker: str | None = None
    ) -> PartsPage:
        """One page of an upload's parts."""
        answer = self._ask(
            "list_parts", vaultName=_name(vault_name), uploadId=_id(upload_id, "upload"), **_page(limit, marker)
        )
        parts = [decode.read(decode.part, each) for each in answer["Parts"]]
        return PartsPage(decode.read(decode.upload, answer), parts, answer.get("Marker") or None)

    def list_multipart_uploads(
        self, vault_name: str, *, limit: int | None = None, marker: str | None = None
    ) -> Page[UploadDescription]:
        """One page of the vault's open uploads."""
        answer = self._ask("list_multipart_uploads", vaultName=_name(vault_name), **_page(limit, marker))
        uploads = [decode.read(decode.upload, each) for each in answer["UploadsList"]]
        return Page(uploads, answer.get("Marker") or None)

    def delete_archive(self, vault_name: str, archive_id: str) -> None:
        """Delete an archive."""
        if archive_id in _LOST_NAMES:
            raise InvalidParameterValue(f"Invalid archive ID: {archive_id}")
        self._ask("delete_archive", vaultName=_name(vault_name), archiveId=archive_id)

    def initiate_job(self, vault_name: str, request: JobRequest) -> str:
        """Start a retrieval."""
        answer = self._ask("initiate_job", vaultName=_name(vault_name), jobParameters=job_parameters(request))
        return str(answer["jobId"])

    def describe_job(self, vault_name: str, job_id: str) -> JobDescription:
        """The job now."""
        return decode.read(decode.job, self._ask("describe_job", vaultName=_name(vault_name), jobId=_id(job_id, "job")))

    def list_jobs(
        self,
        vault_name: str,
        *,
        completed: bool | None = None,
        status: JobStatus | None = None,
        limit: int | None = None,
        marker: str | None = None,
    ) -> Page[JobDescription]:
        """One page of the vault's jobs."""
        filters = {} if completed is None else {"completed": "true" if completed else "false"}
        filters |= {} if status is None else {"statuscode": status.value}
        answer = self._ask("list_jobs", vaultName=_name(vault_name), **filters, **_page(limit, marker))
        return Page([decode.read(decode.job, each) for each in answer["JobList"]], answer.get("Marker") or None)

    def get_job_output(self, vault_name: str, job_id: str, *, byte_range: ByteRange | None = None) -> JobOutput:
        """The output of a job that has succeeded."""
        parameters = {"vaultName": _name(vault_name), "jobId": _id(job_id, "job")}
        if byte_range is not None:
            if byte_range.start < 0 or byte_range.size < 1:
                raise InvalidParameterValue(f"Invalid range: bytes={byte_range.start}-{byte_range.end - 1}")
            parameters["range"] = f"bytes={byte_range.start}-{byte_range.end - 1}"
        answer = self._ask("get_job_output", **parameters)
        return decode.read(lambda found: GlacierOutput(found, byte_range, self._url), answer)

    def _part_size(self, vault_name: str, upload_id: str) -> int:
        """The part size of an upload; asked for once if another process opened it."""
        known = self._part_sizes.get(upload_id)
        if known is None:
            known = self._part_sizes[upload_id] = self.list_parts(vault_name, upload_id, limit=1).upload.part_size
        return known

    def _ask(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """Ask once, and translate what goes wrong."""
        with translated(self._url):
            if self._quick is not None and operation in QUICK:
                with suppress(NotPlain):
                    return decode.whole(self._quick.ask(operation, {"accountId": self._account_id, **parameters}))
            return decode.whole(getattr(self._client, operation)(accountId=self._account_id, **parameters))


def _told_name(answer: Mapping[str, Any]) -> str:
    """The name by which a coldframe server calls its store; "" of any other."""
    told = str(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get(IDENTITY_HEADER, ""))
    return told if _COLDFRAME.fullmatch(told) else ""


def _name(vault_name: str) -> str:
    """The name, unless a URL would lose it (glacier-api 4)."""
    if vault_name in _LOST_NAMES:
        raise ResourceNotFound(f"Vault not found for ARN: {vault_name}")
    return vault_name


def _id(text: str, what: str) -> str:
    """The ID of something, unless a URL would lose it."""
    if text in _LOST_NAMES:
        raise ResourceNotFound(f"The {what} ID was not found: {text}")
    return text


def _description(text: str) -> dict[str, str]:
    """The description, if there is one; other characters would not survive a header."""
    if not (text.isascii() and text.isprintable()):
        raise InvalidParameterValue("Invalid x-amz-archive-description: it may hold printable ASCII characters only.")
    return {"archiveDescription": text} if text.strip() else {}


def _page(limit: int | None, marker: str | None) -> dict[str, str]:
    found = {} if limit is None else {"limit": str(limit)}
    return found if marker is None else {**found, "marker": marker}


def _confirmed(answer: Mapping[str, Any], own: str, what: str) -> str:
    """Our own tree hash, if the store says the same: it is the proof that the bytes arrived (design I7).

    Raises:
        TreeHashMismatch: It says another.
    """
    told = answer.get("checksum") or own
    if told.lower() != own:
        raise TreeHashMismatch(f"The store confirms the {what} with the tree hash {told}, but {own} was sent.")
    return own
