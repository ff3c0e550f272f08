"""The store port: what every store does, whoever keeps the bytes.

The archiver, the retriever and the HTTP face know stores only through :class:`ColdStore`. Its three roles carry the
protocol's verbs. The rules below are the contract; `coldframe.testing.contract` runs them over every implementation.

For all operations:

* A name, ID, size or range that breaks the protocol's rules raises `InvalidParameterValue`; a vault, upload, archive or
  job that is not there raises `ResourceNotFound`; trouble inside the store raises `ServiceUnavailable`, and then
  nothing was acknowledged.
* Any operation may be called from any thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self, TypeGuard, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from coldframe.model import (
        Buffer,
        ByteRange,
        JobDescription,
        JobRequest,
        JobStatus,
        Page,
        PartsPage,
        Receipt,
        UploadDescription,
        VaultDescription,
    )
    from coldframe.ports.blobs import Hashes
    from coldframe.throttle import Throttle


IDENTITY_HEADER = "x-coldframe-store"
"""The header in which a store that is reached by HTTP tells its identity, beside what the protocol knows."""


class Body(Protocol):
    """Bytes on their way into a store.

    Iterating yields buffers that hold `size` bytes together. A buffer is valid only until the next one is asked for, so
    a store that keeps bytes copies them. A body may be iterated once; whoever retries makes a new one.
    """

    @property
    def size(self) -> int:
        """How many bytes the body holds."""
        ...

    def __iter__(self) -> Iterator[Buffer]:
        """The bytes in order, in buffers of any length."""
        ...


@runtime_checkable
class SelfHashing(Body, Protocol):
    """A body that hashes its bytes in the pass in which it reads them, so that no store in this process need again."""

    def hashes(self) -> Hashes:
        """What the bytes were hashed to; to be asked when the last buffer has been handed out."""
        ...


@runtime_checkable
class HeldBack(Body, Protocol):
    """A body that is to leave no faster than a throttle allows.

    Iterating it keeps the limit. A store that must have all bytes before it sends the first takes them from `content`
    instead, and asks the throttle, slice by slice, when they leave.
    """

    @property
    def content(self) -> Body:
        """The same bytes, as fast as they can be read."""
        ...

    @property
    def throttle(self) -> Throttle:
        """What holds them back."""
        ...


class JobOutput(Protocol):
    """The bytes that a finished job offers, or a range of them; close it, or use it in a `with`.

    Iterating yields buffers valid until the next is asked for. Bytes are checked before they are handed out: damage
    raises `DamagedArchive` instead of a wrong byte.
    """

    @property
    def range(self) -> ByteRange:
        """Which bytes of the job's output these are."""
        ...

    @property
    def total_size(self) -> int:
        """The length of the job's whole output."""
        ...

    @property
    def content_type(self) -> str:
        """`application/octet-stream`, `application/json` or `text/csv`."""
        ...

    @property
    def tree_hash(self) -> str | None:
        """The tree hash of these bytes where the alignment allows one (glacier-api 7)."""
        ...

    @property
    def archive_description(self) -> str | None:
        """The archive's description; None for an inventory or an empty description."""
        ...

    def __iter__(self) -> Iterator[Buffer]:
        """The bytes in order."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...

    def __enter__(self) -> Self:
        """The output itself."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        ...


class HashedOutput(JobOutput, Protocol):
    """An output that tells what its bytes hash to, so that nobody in this process need hash them again."""

    def hashes(self) -> Hashes | None:
        """Of the bytes handed out so far: whole chunks, except at the end. None if the range does not allow that."""
        ...


def is_hashed(output: JobOutput) -> TypeGuard[HashedOutput]:
    """Whether an output is a hashed one by its own type; one that passes another's bytes on is not."""
    return hasattr(type(output), "hashes")


class Vaults(Protocol):
    """Named containers of archives."""

    def create_vault(self, vault_name: str) -> None:
        """Make a vault. One that is there already stays as it is, and that is no error.

        Raises `LimitExceeded` beyond 1,000 vaults.
        """
        ...

    def describe_vault(self, vault_name: str) -> VaultDescription:
        """The vault, with the numbers of its last inventory."""
        ...

    def list_vaults(self, *, limit: int | None = None, marker: str | None = None) -> Page[VaultDescription]:
        """The account's vaults in ASCII order of their names, at most 10 a page."""
        ...

    def delete_vault(self, vault_name: str) -> None:
        """Delete a vault whose last inventory counted nothing and that was not written to since.

        Otherwise raises `InvalidParameterValue`. A vault that is not there is no error. Open uploads are dropped.
        """
        ...


class Uploads(Protocol):
    """The ways in, and out for ever."""

    def upload_archive(
        self, vault_name: str, body: Body, *, tree_hash: str | None = None, description: str = ""
    ) -> Receipt:
        """Keep an archive of 1 byte to 4 GiB.

        The receipt means durable. `tree_hash` is the caller's own: other bytes are refused with
        `InvalidParameterValue` and nothing is kept. A caller that learns the hash only while the body is read passes
        None and compares the receipt's. Each success is a new archive.
        """
        ...

    def initiate_multipart_upload(self, vault_name: str, *, part_size: int, description: str = "") -> str:
        """Open an upload and answer its ID. `part_size` is a power of two from 1 MiB to 4 GiB."""
        ...

    def upload_multipart_part(
        self, vault_name: str, upload_id: str, body: Body, *, start: int, tree_hash: str | None = None
    ) -> str:
        """Keep one part durably and answer its tree hash.

        `start` is a multiple of the part size and alone decides the part's place: a later part with the same start
        replaces the earlier. `tree_hash` as in `upload_archive`.
        """
        ...

    def complete_multipart_upload(
        self, vault_name: str, upload_id: str, *, archive_size: int, tree_hash: str
    ) -> Receipt:
        """Turn the parts into an archive, atomically.

        They must cover `archive_size` without gaps, all but the last full, and hash to `tree_hash`; otherwise
        `InvalidParameterValue`, and the upload stays open. Repeated within 24 hours with the same values, it answers
        the same receipt.
        """
        ...

    def abort_multipart_upload(self, vault_name: str, upload_id: str) -> None:
        """Drop an upload and its parts; repeating it for 24 hours is no error. A completed one is not found."""
        ...

    def list_parts(
        self, vault_name: str, upload_id: str, *, limit: int | None = None, marker: str | None = None
    ) -> PartsPage:
        """The confirmed parts of an open upload, by start, at most 50 a page."""
        ...

    def list_multipart_uploads(
        self, vault_name: str, *, limit: int | None = None, marker: str | None = None
    ) -> Page[UploadDescription]:
        """The vault's open uploads, oldest first, at most 50 a page."""
        ...

    def delete_archive(self, vault_name: str, archive_id: str) -> None:
        """Delete an archive; deleting it again is no error. Outputs of jobs that have succeeded stay readable."""
        ...


@dataclass(frozen=True, slots=True)
class Upload:
    """One of several archives that are sent together; what each field means, `Uploads.upload_archive` says."""

    body: Body
    tree_hash: str | None
    description: str


class TogetherStore(Protocol):
    """A store that can do several things in one act, for which it needs less than for each by itself."""

    def upload_archives(self, vault_name: str, uploads: Sequence[Upload]) -> Sequence[Receipt]:
        """Keep archives, each as by `upload_archive`: all of them or none. What any of them raises is raised."""
        ...

    def initiate_jobs(self, vault_name: str, requests: Sequence[JobRequest]) -> Sequence[str]:
        """Start retrievals, each as by `initiate_job`: all of them or none. What any of them raises is raised."""
        ...


def takes_together(store: object) -> TypeGuard[TogetherStore]:
    """Whether a store does so by its own type; one that passes calls on to another does not."""
    return hasattr(type(store), "upload_archives")


class Jobs(Protocol):
    """The way out: ask, wait, read."""

    def initiate_job(self, vault_name: str, request: JobRequest) -> str:
        """Start a retrieval and answer the job's ID. Each call is a new job."""
        ...

    def describe_job(self, vault_name: str, job_id: str) -> JobDescription:
        """The job now. Expired jobs are not found."""
        ...

    def list_jobs(
        self,
        vault_name: str,
        *,
        completed: bool | None = None,
        status: JobStatus | None = None,
        limit: int | None = None,
        marker: str | None = None,
    ) -> Page[JobDescription]:
        """The vault's jobs, newest first, at most 50 a page."""
        ...

    def get_job_output(self, vault_name: str, job_id: str, *, byte_range: ByteRange | None = None) -> JobOutput:
        """The output of a job that has succeeded; a range that ends beyond it is clipped.

        A job that has not succeeded, or a range that starts at or beyond the end, raises `InvalidParameterValue`.
        """
        ...


class ColdStore(Vaults, Uploads, Jobs, Protocol):
    """A place that keeps vaults."""

    @property
    def identity(self) -> str:
        """What tells this store from every other, wherever it is opened from; the catalog's name for it."""
        ...

    @property
    def url(self) -> str:
        """The store URL that opens it."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
