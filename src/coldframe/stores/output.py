"""The output of a job, as it comes from far away."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from coldframe.errors import ServiceUnavailable, StoreUnreachable
from coldframe.model import MIB, ByteRange
from coldframe.stores.decode import content_range
from coldframe.stores.translation import translate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from coldframe.model import Buffer

_STEP = MIB


class GlacierOutput:
    """Implements `ports.JobOutput` over an answer of GetJobOutput.

    The store has checked the bytes before it sent them; whoever keeps them checks them against `tree_hash` again. A
    connection that breaks, or ends too early, raises `StoreUnreachable`.
    """

    def __init__(self, answer: Mapping[str, Any], wanted: ByteRange | None, url: str) -> None:
        """Read the head of the answer; the bytes come when they are asked for."""
        self._answer = answer
        self._url = url
        self._body = answer["body"]
        self._range, self._total_size = _place(answer, wanted, url)

    @property
    def range(self) -> ByteRange:
        """Which bytes of the job's output these are."""
        return self._range

    @property
    def total_size(self) -> int:
        """The length of the job's whole output."""
        return self._total_size

    @property
    def content_type(self) -> str:
        """The media type."""
        return str(self._answer.get("contentType") or "application/octet-stream")

    @property
    def tree_hash(self) -> str | None:
        """The tree hash of these bytes, where the store tells it."""
        return self._answer.get("checksum")

    @property
    def archive_description(self) -> str | None:
        """The archive's description."""
        return self._answer.get("archiveDescription") or None

    def __iter__(self) -> Iterator[Buffer]:
        """The bytes in order."""
        left = self._range.size
        while left:
            try:
                data = self._body.read(min(_STEP, left))
            except Exception as error:
                raise _broken(error, self._url) from error
            if not data:
                raise StoreUnreachable(f"{self._url} broke off {left} bytes before the end of the output.")
            left -= len(data)
            yield data

    def close(self) -> None:
        """Let go of the connection."""
        with suppress(OSError):
            self._body.close()

    def __enter__(self) -> Self:
        """The output itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()


def _place(answer: Mapping[str, Any], wanted: ByteRange | None, url: str) -> tuple[ByteRange, int]:
    """Where the bytes lie in the whole; a store that sends others than were asked for is refused."""
    told = answer.get("contentRange")
    length = int(answer["ResponseMetadata"]["HTTPHeaders"]["content-length"])
    place, total = content_range(told) if told else (ByteRange(0, length), length)
    end = total if wanted is None else min(wanted.end, total)
    if place != ByteRange(0 if wanted is None else wanted.start, end) or place.size != length:
        raise ServiceUnavailable(
            f"{url} sent the bytes {place.start}-{place.end - 1} of {total}, which were not asked for."
        )
    return place, total


def _broken(error: Exception, url: str) -> Exception:
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - loaded already by now

    if isinstance(error, HTTPError | OSError):
        return StoreUnreachable(f"{url} broke off: {error}")
    return translate(error, url)
