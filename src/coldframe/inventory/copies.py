"""Copies of the inventory CSV, where the user wants them: a folder, a file, an S3 bucket.

A copy counts as written only when it was read back or, on a disk, is durable: `--delete-source` relies on it.
"""

from __future__ import annotations

import os
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from coldframe.errors import (
    AccessDenied,
    BadUsage,
    ResourceNotFound,
    ServiceUnavailable,
    TreeHashMismatch,
)
from coldframe.files import DiskFiles, durable_write
from coldframe.inventory.csv_file import check_inventory
from coldframe.names import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.errors import ColdframeError
    from coldframe.files import Files

_PIECE = 1 << 20
_MAX_PUT = 5 * 1024**3
_DENIED = frozenset(
    {"AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"}
)
_ABSENT = frozenset({"NoSuchBucket", "404"})


@dataclass(frozen=True, slots=True)
class S3Target:
    """A place for a file in an S3 bucket; a key that is empty or ends in `/` is a folder."""

    bucket: str
    key: str

    def named(self, name: str) -> S3Target:
        """The object for a file of that name."""
        is_folder = not self.key or self.key.endswith("/")
        return S3Target(self.bucket, self.key + name) if is_folder else self

    def __str__(self) -> str:
        """The URL."""
        return f"s3://{self.bucket}/{self.key}"


def check_target(target: str) -> None:
    """Refuse, before any work is done, a target that can never work.

    Raises:
        BadUsage: It is a URL of a kind that we do not know, or names no bucket, or its folder is not there: a name
            that is not there and does not end like a file's is meant as a folder.
    """
    if "://" in target:
        read_s3_url(target)
        return
    is_file = os.path.isfile(target) or bool(os.path.splitext(target)[1])
    folder = os.path.dirname(os.path.abspath(target)) if is_file else target
    if not os.path.isdir(folder):
        raise BadUsage(f"the inventory cannot be copied to {target}: the folder {folder} is not there; make it first")
    check_writable(folder)


def check_writable(folder: str) -> None:
    """Refuse a folder into which nothing can be written, as far as that can be known beforehand.

    Raises:
        BadUsage: This user may not, or its file system is read-only.
    """
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BadUsage(
            f"{printable(folder)} cannot be written to: this user may not, or its disk is read-only."
            " Name another place for the inventory."
        )


def copy_inventory(path: str, target: str, *, files: Files | None = None) -> str:
    """Copy an inventory CSV to a folder, a file or `s3://bucket/prefix/`; answers where the copy lies.

    A file that is there is replaced if it is an inventory, and otherwise refused.

    Raises:
        BadUsage: The target is none that we know.
        FormatError: The target is a file that is not an inventory.
        AccessDenied: There are no credentials, or they may not.
        ResourceNotFound: There is no such bucket.
        ServiceUnavailable: S3 cannot be reached or cannot do it now.
        TreeHashMismatch: What S3 kept is not what was sent.
        OSError: The copy on the disk could not be made durable.
    """
    if "://" in target:
        return _copy_to_s3(path, read_s3_url(target).named(os.path.basename(path)))
    return _copy_to_disk(path, target, files or DiskFiles())


def read_s3_url(url: str) -> S3Target:
    """The place that `s3://bucket/key` names.

    Raises:
        BadUsage: It is another URL, or has no bucket.
    """
    parts = urlsplit(url)
    if parts.scheme.lower() != "s3":
        raise BadUsage(f"{url}: an inventory can be copied to a folder, a file or s3://BUCKET/PREFIX/")
    if not parts.netloc or "@" in parts.netloc or ":" in parts.netloc or parts.query or parts.fragment:
        raise BadUsage(f"{url} names no bucket; write s3://BUCKET/PREFIX/")
    return S3Target(parts.netloc, unquote(parts.path.lstrip("/")))


def _copy_to_disk(path: str, target: str, files: Files) -> str:
    check_target(target)
    place = os.path.join(target, os.path.basename(path)) if os.path.isdir(target) else target
    place = os.path.realpath(place)
    if place == os.path.realpath(path):
        raise BadUsage(f"the inventory cannot be copied onto itself ({place})")
    check_inventory(place)
    with open(path, "rb") as file:
        durable_write(files, os.path.dirname(place), os.path.basename(place), iter(lambda: file.read(_PIECE), b""))
    return place


def _copy_to_s3(path: str, target: S3Target) -> str:
    size, digest = _measure(path)
    if size > _MAX_PUT:
        raise BadUsage(f"{path} is too long for one S3 object of 5 GiB")
    checksum = b64encode(digest).decode("ascii")
    with _explained(target):
        client = _s3_client()
        with open(path, "rb") as file:
            client.put_object(
                Bucket=target.bucket,
                Key=target.key,
                Body=file,
                ContentLength=size,
                ContentType="text/csv",
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=checksum,
            )
        is_there = _is_kept(client, target, size=size, checksum=checksum)
    if not is_there:
        raise TreeHashMismatch(f"what {target} holds is not what was sent; the copy does not count")
    return str(target)


def _is_kept(client: Any, target: S3Target, *, size: int, checksum: str) -> bool:
    """Whether the object is there with our bytes: by its checksum, or by reading it where the store keeps none."""
    head = client.head_object(Bucket=target.bucket, Key=target.key, ChecksumMode="ENABLED")
    if head["ContentLength"] != size:
        return False
    if "ChecksumSHA256" in head:
        return bool(head["ChecksumSHA256"] == checksum)
    digest = sha256()
    for piece in client.get_object(Bucket=target.bucket, Key=target.key)["Body"].iter_chunks(_PIECE):
        digest.update(piece)
    return b64encode(digest.digest()).decode("ascii") == checksum


def _measure(path: str) -> tuple[int, bytes]:
    digest, size = sha256(), 0
    with open(path, "rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return size, digest.digest()


def _s3_client() -> Any:
    """A client as the user's AWS configuration wants it: profile, region, endpoint."""
    import boto3  # noqa: PLC0415 - half a second that only this needs
    from botocore.config import Config  # noqa: PLC0415 - likewise

    config = Config(retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=10, read_timeout=60)
    return boto3.session.Session().client("s3", config=config)


@contextmanager
def _explained(target: S3Target) -> Iterator[None]:
    """Turn botocore's errors into ours."""
    from botocore import exceptions  # noqa: PLC0415 - with boto3

    try:
        yield
    except exceptions.ClientError as error:
        raise _refused(target, error) from error
    except (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.ProfileNotFound,
        exceptions.TokenRetrievalError,
        exceptions.UnauthorizedSSOTokenError,
    ) as error:
        raise AccessDenied(
            f"no AWS credentials for {target}: {error}. Set up a profile with `aws configure`"
        ) from error
    except exceptions.ParamValidationError as error:
        raise BadUsage(f"{target} is no S3 place: {error}") from error
    except exceptions.BotoCoreError as error:
        raise ServiceUnavailable(f"{target} cannot be reached: {error}. The inventory itself is written") from error


def _refused(target: S3Target, error: Any) -> ColdframeError:
    details = error.response.get("Error", {})
    code, message = str(details.get("Code", "")), details.get("Message", "")
    if code in _ABSENT:
        return ResourceNotFound(f"{target}: there is no bucket {target.bucket}; make it, or name another")
    if code in _DENIED:
        return AccessDenied(f"{target}: S3 refuses these credentials ({code}): {message}")
    return ServiceUnavailable(f"{target}: S3 did not keep the copy ({code}): {message}")
