"""Every failure coldframe can name.

Two families hang from :class:`ColdframeError`. :class:`StoreError` is what a store answers: no finer than the
protocol's own codes, because anything finer could not cross the wire. Everything else is the client's own knowledge.
A message names the thing, says what is wrong and what to do next; it never holds a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


class ColdframeError(Exception):
    """The root of all errors that coldframe raises on purpose."""


OPENING_WORDS = frozenset(
    "a an another archive entry it its line members no nothing order the there this what".split()  # noqa: SIM905 - read
)
"""With which messages begin that are also the second half of a longer line; any other small first word is a name."""


def in_words(error: ColdframeError) -> str:
    """What an error says to whoever sits at the machine, in whole sentences.

    Its notes are included, which never go over the wire.
    """
    text = str(error) or (type(error).__doc__ or type(error).__name__)
    return " ".join([sentence(text), *getattr(error, "__notes__", [])])


def sentence(text: str) -> str:
    """A message that stands alone: with a capital, unless it begins with somebody's name, and an end."""
    first, blank, rest = text.partition(" ")
    if first.removesuffix("'s") in OPENING_WORDS:
        text = first.capitalize() + blank + rest
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a message about a name that is not known: which one was meant, or which there are."""
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

    names = list(known)
    near = get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(names)}"


# --- what a store answers (glacier-api 3.2) ---------------------------------------------------------------------------


class StoreError(ColdframeError):
    """A store refused or could not do what was asked; `code` is the protocol's name for why."""

    code: ClassVar[str] = "ServiceUnavailableException"


class AccessDenied(StoreError):
    """The caller may not do this."""

    code = "AccessDeniedException"


class InsufficientCapacity(StoreError):
    """An Expedited retrieval cannot be served now."""

    code = "InsufficientCapacityException"


class InvalidParameterValue(StoreError):
    """A value, a range, an ID or a hash is wrong."""

    code = "InvalidParameterValueException"


class LimitExceeded(StoreError):
    """A limit of the account or the vault is reached."""

    code = "LimitExceededException"


class MissingParameterValue(StoreError):
    """Something required was not given."""

    code = "MissingParameterValueException"


class NoLongerSupported(StoreError):
    """Amazon takes no new customers for its vaults, and this account is too new."""

    code = "NoLongerSupportedException"


class PolicyEnforced(StoreError):
    """The account's data retrieval policy refuses the job."""

    code = "PolicyEnforcedException"


class RequestTimeout(StoreError):
    """The body arrived too slowly."""

    code = "RequestTimeoutException"


class ResourceNotFound(StoreError):
    """The vault, archive, upload or job does not exist."""

    code = "ResourceNotFoundException"


class ServiceUnavailable(StoreError):
    """The store cannot do its work: a full disk, a failed write, a broken ledger. Nothing was acknowledged."""

    code = "ServiceUnavailableException"


class StoreUnreachable(ServiceUnavailable):
    """The store did not answer, or broke off; whether it did what was asked is not known. Try again later."""


class Throttled(StoreError):
    """Too many requests; ask again later."""

    code = "ThrottlingException"


# --- what the client knows by itself ----------------------------------------------------------------------------------


class BadUsage(ColdframeError):
    """The caller asked for something that makes no sense."""


class BadSettings(BadUsage):
    """The configuration is wrong; the message names the file, the line and the key."""


class Busy(ColdframeError):
    """Another process holds what this one needs; the message says who. Try again later."""


class CredentialsProblem(ColdframeError):
    """The store does not know who asks: keys are missing, wrong or expired, or region or clock is wrong."""


class DamagedArchive(StoreError):
    """The store's own bytes do not match their tree hash. It serves nothing of them."""

    code = "ServiceUnavailableException"


class AgentUnavailable(ColdframeError):
    """The system's service manager is not there, or does not do what it is asked; the message says what to do."""


class TreeHashMismatch(ColdframeError):
    """Bytes that arrived are not the bytes that were promised."""


class CatalogUnavailable(ColdframeError):
    """The catalog cannot be read or written: a full disk, a failed write. Nothing was recorded."""


class SourceChanged(ColdframeError):
    """A local file changed, vanished or could not be read while it was being archived."""


class UnsafeName(ColdframeError):
    """A name would leave the destination folder, or cannot exist there."""


class DestinationUnavailable(ColdframeError):
    """The folder that an order fills is gone, full or broken. The order waits; carry it on when that is mended."""


class NothingMatched(ColdframeError):
    """The query selects nothing."""


class NotReady(ColdframeError):
    """Jobs are still in progress and the time to wait has run out."""


class LimitRefused(ColdframeError):
    """The price or the size is beyond what the user allowed."""


class UnknownArchives(LimitRefused):
    """A vault holds archives, and the catalog knows none of them: archiving would send everything again."""


class FormatError(ColdframeError):
    """A file that should be an inventory, a ledger, a blob or a catalog is not one we can read."""
