"""From a store URL to a store: the one place that knows which kinds there are."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import quote_from_bytes, unquote_to_bytes, urlsplit

from coldframe.clock import SystemClock
from coldframe.errors import BadUsage, CredentialsProblem, FormatError, ResourceNotFound, ServiceUnavailable
from coldframe.files import DiskFiles, ensure_folder
from coldframe.model import TierWaits

if TYPE_CHECKING:
    from typing import Unpack

    from coldframe.clock import Clock
    from coldframe.files import Files
    from coldframe.ports.admin import GovernedStore
    from coldframe.service import VaultService

LEDGER_NAME = "ledger.sqlite"
BLOBS_NAME = "blobs"
OWN_ACCOUNT = "000000000000"
"""Whose a store is, unless something else is said."""
LOCAL_REGION = "local"
"""Where it is while nobody serves it."""
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")  # two letters at least: C:\store is a folder
_REMOTE = {
    "http": "a coldframe server or another Glacier endpoint",
    "https": "a coldframe server or another Glacier endpoint",
    "glacier": "Amazon Glacier vaults",
}
_LATER = {"s3": "an S3 bucket with the Glacier storage classes"}
_KINDS = "a folder, file:///path, http://host:port, https://host or glacier://region"


class Governing(TypedDict, total=False):
    """The settings of a `VaultService` that matter where others are served; they mean there what they mean here."""

    account_id: str
    region: str
    inventory_cadence_seconds: float
    free_daily_bytes: int
    is_expedited_scarce: bool


def open_store(  # noqa: PLR0913 - each has a default; together they are all that a store can differ in
    url_or_path: str,
    *,
    clock: Clock | None = None,
    files: Files | None = None,
    vfs: str = "",
    waits: TierWaits | None = None,
    create: bool = True,
) -> GovernedStore:
    """Open the store that a URL or a folder names.

    Args:
        url_or_path: A folder or `file:///path`, the embedded store; `http(s)://host:port`, a server; or
            `glacier://region`, Amazon's vaults. The last two take `?profile=…&account=…&region=…`, and what they do not
            say from the AWS configuration. They are not asked anything before they are used.
        clock: What an embedded store takes for the time; this and the following mean nothing to any other.
        files: How it changes the file system.
        vfs: The SQLite VFS of its ledger, "" for the system's.
        waits: How long its jobs take.
        create: Whether an embedded store that is not there is made.

    Raises:
        BadUsage: The URL names no kind of store that this version knows.
        ResourceNotFound: The store is not there and `create` is False.
        FormatError, ServiceUnavailable: It is there and cannot be opened.
    """
    if is_remote(url_or_path):
        from coldframe.stores import open_glacier  # noqa: PLC0415 - adapters load where one is wanted

        return open_glacier(url_or_path)
    return open_embedded(store_folder(url_or_path), clock=clock, files=files, vfs=vfs, waits=waits, create=create)


def open_embedded(  # noqa: PLR0913 - as above
    folder: str,
    *,
    clock: Clock | None = None,
    files: Files | None = None,
    vfs: str = "",
    waits: TierWaits | None = None,
    create: bool = True,
    **governing: Unpack[Governing],
) -> VaultService:
    """Open the vault service over a folder, in this process; raises as :func:`open_store`.

    Args:
        folder: The folder.
        clock: What the store takes for the time.
        files: How it changes the file system.
        vfs: The SQLite VFS of its ledger, "" for the system's.
        waits: How long its jobs take.
        create: Whether a store that is not there is made.
        governing: What else a `VaultService` can be told; without it, it is the own account's, in no region.
    """
    from coldframe.blobs import open_blobs, owner_of  # noqa: PLC0415 - adapters load where one is wanted
    from coldframe.ledger import open_ledger  # noqa: PLC0415 - as above
    from coldframe.service import VaultService  # noqa: PLC0415 - as above

    clock, files = clock or SystemClock(), files or DiskFiles()
    if not create and not is_embedded_store(folder):
        require_access(folder)
        raise ResourceNotFound(f"There is no store in {folder} yet; `coldframe vault create NAME` makes one.")
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise BadUsage(f"{folder} is no folder, so no store can be in it.")
    try:
        ensure_folder(files, folder)
    except OSError as error:
        raise ServiceUnavailable(f"The folder {folder} could not be made: {error.strerror}.") from error
    ledger_path, blobs_path = os.path.join(folder, LEDGER_NAME), os.path.join(folder, BLOBS_NAME)
    owner = owner_of(blobs_path)  # asked first: whoever makes a store at this moment makes the ledger first
    if owner is not None and not os.path.exists(ledger_path):
        raise FormatError(f"The ledger of {owner} is not in {folder}, but its blobs are. Restore it from a copy.")
    ledger = open_ledger(ledger_path, vfs=vfs, files=files)
    try:
        blobs = open_blobs(blobs_path, files=files, ledger=ledger)
        url = folder_url(folder)
        governing = {"account_id": OWN_ACCOUNT, "region": LOCAL_REGION, **governing}
        return VaultService(ledger, blobs, clock=clock, waits=waits or TierWaits(), url=url, **governing)
    except BaseException:
        ledger.close()
        raise


def require_access(folder: str) -> None:
    """Tell a folder that is not there from one that this user may not look into.

    Raises:
        CredentialsProblem: This user may not.
    """
    try:
        os.stat(os.path.join(folder, LEDGER_NAME))
    except PermissionError as error:
        raise CredentialsProblem(
            f"This user may not look into {folder}, so nobody knows whether there is a store."
        ) from error
    except OSError:
        return


def is_embedded_store(folder: str) -> bool:
    """Whether a store was made in a folder. An empty mount point is none."""
    return os.path.exists(os.path.join(folder, LEDGER_NAME)) or os.path.exists(os.path.join(folder, BLOBS_NAME))


def is_remote(url_or_path: str) -> bool:
    """Whether a store is somewhere else, with bytes that no command of this machine can look after."""
    return _scheme(url_or_path) in _REMOTE


def is_url(url_or_path: str) -> bool:
    """Whether a store is named by a URL, not by a folder."""
    return bool(_scheme(url_or_path))


def store_folder(url_or_path: str) -> str:
    """The absolute folder of an embedded store.

    Raises:
        BadUsage: The URL names another kind of store.
    """
    scheme, shown = _scheme(url_or_path), _without_secrets(url_or_path)
    if scheme in _REMOTE:
        raise BadUsage(f"{shown} names {_REMOTE[scheme]}, which is somewhere else: use a folder or file:///path.")
    if scheme in _LATER:
        raise BadUsage(f"{shown} names {_LATER[scheme]}: not yet in this version. Use {_KINDS}.")
    if scheme == "file":
        return _folder_of(url_or_path)
    if scheme and url_or_path.startswith("://", len(scheme)):
        raise BadUsage(f"{shown} names no kind of store: use {_KINDS}.")
    if not url_or_path:
        raise BadUsage(f"The store is empty: use {_KINDS}.")
    return os.path.abspath(os.path.expanduser(url_or_path))


def folder_url(folder: str) -> str:
    """The URL of an embedded store."""
    path = os.path.abspath(folder).replace(os.sep, "/")
    return "file://" + quote_from_bytes(os.fsencode(path if path.startswith("/") else f"/{path}"), safe="/:")


def _scheme(url_or_path: str) -> str:
    """The lower-case scheme of a URL; "" for a path."""
    match = _SCHEME.match(url_or_path)
    return match[1].lower() if match else ""


def _folder_of(url: str) -> str:
    parts = urlsplit(url)
    if parts.netloc not in {"", "localhost"} or not parts.path.startswith("/") or parts.query or parts.fragment:
        raise BadUsage(f"{url} is not the URL of a folder: write file:///path, with three slashes.")
    path = os.fsdecode(unquote_to_bytes(parts.path))
    return os.path.abspath(path[1:] if re.match(r"/[A-Za-z]:", path) and os.name == "nt" else path)


def _without_secrets(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//", url)
