"""A folder's vaults on the network: the stores, the face, the listeners, and what is done beside them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from coldframe.clock import SystemClock
from coldframe.composition.accounts import open_accounts
from coldframe.composition.health import Examiner
from coldframe.composition.notifying import open_deliverer, open_notifier
from coldframe.composition.stores import is_embedded_store
from coldframe.composition.sweeping import SWEEP_SECONDS, Sweeper
from coldframe.errors import BadUsage
from coldframe.files import DiskFiles
from coldframe.model import AMAZON_WAITS
from coldframe.server.access_log import AccessLog
from coldframe.server.admin import AdminFace
from coldframe.server.binding import is_loopback, listen
from coldframe.server.descriptors import connections_within, raise_descriptor_limit
from coldframe.server.limits import ADMIN_LIMITS
from coldframe.server.listener import Listener
from coldframe.server.metrics import Metrics
from coldframe.server.records import Watches
from coldframe.server.tls import server_context
from coldframe.wire.face import Face

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from types import TracebackType

    from coldframe.clock import Clock
    from coldframe.composition.accounts import Accounts
    from coldframe.composition.stores import Governing
    from coldframe.files import Files
    from coldframe.server.limits import Limits
    from coldframe.server.records import Watch
    from coldframe.settings import Settings
    from coldframe.wire.access import Key

_LEAST_SECONDS = 1.0
"""What a notice on its way has left when the requests have used up the time: if it is cut off, it is sent again."""
AMAZON_CADENCE_SECONDS = 24 * 3600.0
"""How old an inventory may be at the original (glacier-api 10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeRequest:
    """What is to be served, and how.

    Args:
        folder: The folder of the embedded store; made if it is not there.
        settings: What applies.
        certificate: The file of the certificate, or None for plain HTTP.
        certificate_key: The file of its key.
        is_plain_allowed: Whether plain HTTP may be spoken beyond this machine.
        access_log: Takes a line for each request; None for no log.
        sweep_seconds: How often the stores are swept.
    """

    folder: str
    settings: Settings
    certificate: str | None = None
    certificate_key: str | None = None
    is_plain_allowed: bool = False
    access_log: Callable[[str], None] | None = None
    sweep_seconds: float = SWEEP_SECONDS


class Serving:
    """A folder that is ready to be served. Use it in a `with`; start it, then stop it.

    Args:
        request: What is wanted.
        clock: For all that asks the time.
        files: For all that changes the file system.

    Raises:
        BadUsage: An address, a file or the folder is not what it should be, or plain HTTP is not allowed there.
        Busy: A port is taken.
        CredentialsProblem, FormatError, ServiceUnavailable: The store or its keys cannot be opened.
    """

    def __init__(self, request: ServeRequest, *, clock: Clock | None = None, files: Files | None = None) -> None:
        """Listen and open everything; nobody is served yet."""
        self._request = request
        self._clock = clock or SystemClock()
        self._files = files or DiskFiles()
        self._settings = request.settings
        self.is_new_store = not is_embedded_store(request.folder)
        self.new_key: Key | None = None
        self.problems: list[str] = []
        with ExitStack() as opened:
            self._open(opened)
            self._opened = opened.pop_all()

    @property
    def url(self) -> str:
        """Where the vaults are served."""
        return self._listener.url

    @property
    def region(self) -> str:
        """What clients sign for."""
        return self._settings.region

    @property
    def admin_url(self) -> str | None:
        """Where health and metrics are told; None if nowhere."""
        return None if self._admin is None else self._admin.url

    def start(self) -> None:
        """Serve, in threads of their own."""
        self._deliverer.start()
        self._sweeper.start()
        if self._admin is not None:
            self._admin.start()
        self._listener.start()

    def stop(self, grace_seconds: float) -> bool:
        """Take no more requests, let those at work finish, and end; whether all could finish in time."""
        end = self._clock.monotonic() + grace_seconds
        self._examiner.stopping()
        is_done = self._listener.stop(grace_seconds)
        if self._admin is not None:
            self._admin.stop(0)
        self._sweeper.stop()
        self._deliverer.stop(timeout=max(_LEAST_SECONDS, end - self._clock.monotonic()))
        return is_done

    def close(self) -> None:
        """Let go of what was opened."""
        self._opened.close()

    def __enter__(self) -> Self:
        """The serving itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def _open(self, opened: ExitStack) -> None:
        """Open what may fail for the user's mistakes first, so that none of them leaves a store behind."""
        request, settings = self._request, self._settings
        tls = _tls(request)
        limits = self._limits()
        listening = opened.enter_context(listen(settings.listen))
        if tls is None and not request.is_plain_allowed and not is_loopback(listening):
            raise _plain_refused(settings)
        admin_listening = opened.enter_context(listen(settings.admin_listen)) if settings.admin_listen else None
        accounts = opened.enter_context(self._open_accounts())
        self._prepare_keys(accounts)
        metrics = Metrics()
        watches: list[Watch] = [metrics, *([AccessLog(request.access_log)] if request.access_log else [])]
        self._listener = Listener(
            listening,
            self._face(accounts).handle,
            clock=self._clock,
            limits=limits,
            tls=tls,
            watch=Watches(watches),
        )
        opened.callback(self._listener.close)
        self._examiner = Examiner(request.folder, accounts, clock=self._clock, files=self._files)
        self._admin: Listener | None = None
        if admin_listening is not None:
            admin = AdminFace(self._examiner, metrics)
            self._admin = Listener(admin_listening, admin.handle, clock=self._clock, limits=ADMIN_LIMITS)
            opened.callback(self._admin.close)
        self._deliverer = open_deliverer(
            lambda: accounts.usable()[0], open_notifier(settings, clock=self._clock), count=metrics.noticed
        )
        self._sweeper = Sweeper(accounts, seconds=request.sweep_seconds, clock=self._clock)

    def _limits(self) -> Limits:
        """The limits that are wanted, within what the system grants."""
        limits = self._settings.limits
        possible = connections_within(raise_descriptor_limit(), limits.max_connections)
        if possible < limits.max_connections:
            self.problems.append(
                f"There will be {possible} connections at most, not {limits.max_connections}: this user may not open "
                "more files (ulimit -n)."
            )
        return replace(limits, max_connections=possible)

    def _face(self, accounts: Accounts) -> Face:
        return Face(
            accounts.store,
            keyring=accounts.keyring,
            authorizer=accounts.authorizer,
            clock=self._clock,
            region=self._settings.region,
        )

    def _open_accounts(self) -> Accounts:
        settings = self._settings
        governing: Governing = {
            "region": settings.region,
            "inventory_cadence_seconds": AMAZON_CADENCE_SECONDS if settings.tiers == AMAZON_WAITS else 0.0,
            "is_expedited_scarce": settings.scarce_expedited,
        }
        if settings.account is not None:
            governing["account_id"] = settings.account
        if settings.free_daily_bytes is not None:
            governing["free_daily_bytes"] = settings.free_daily_bytes
        return open_accounts(
            self._request.folder,
            clock=self._clock,
            files=self._files,
            waits=settings.tiers,
            seal_key=settings.seal_key,
            **governing,
        )

    def _prepare_keys(self, accounts: Accounts) -> None:
        """Make the first key where there is none, so that somebody can come in; else see that those there are work."""
        if accounts.keyring.list():
            accounts.keyring.require_usable()
        else:
            self.new_key = accounts.create_key()
        self.problems += accounts.usable()[1]


def _tls(request: ServeRequest) -> ssl.SSLContext | None:
    if request.certificate is None and request.certificate_key is None:
        return None
    if request.certificate is None or request.certificate_key is None:
        raise BadUsage("--cert and --key go together: a certificate, and the file with its private key.")
    return server_context(request.certificate, request.certificate_key)


def _plain_refused(settings: Settings) -> BadUsage:
    return BadUsage(
        f"{settings.listen} can be reached from other machines, and without TLS whoever is on the way can read every "
        "archive. Add --cert FILE --key FILE; or --plain-http, if something in front of this server encrypts."
    )
