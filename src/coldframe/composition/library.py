"""Everything that the command line does, for programs: typed, and without printing."""

from __future__ import annotations

from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Self

from coldframe.clock import SystemClock
from coldframe.composition.stores import (
    folder_url,
    is_embedded_store,
    is_remote,
    open_store,
    require_access,
    store_folder,
)
from coldframe.errors import BadUsage, ResourceNotFound
from coldframe.files import DiskFiles
from coldframe.progress import ignore
from coldframe.settings import find_home, load_settings

if TYPE_CHECKING:
    from types import TracebackType

    from coldframe.catalog import Catalog
    from coldframe.catalog.orders import Orders
    from coldframe.clock import Clock
    from coldframe.composition.archiving import ArchiveJob, ArchiveRun
    from coldframe.composition.terms import Terms
    from coldframe.files import Files
    from coldframe.ports.admin import GovernedStore
    from coldframe.progress import Observer
    from coldframe.retriever.line import Line
    from coldframe.retriever.pricing import Pricing
    from coldframe.retriever.retriever import Retriever
    from coldframe.service import VaultService
    from coldframe.settings import Home, Settings

_EMBEDDED_JOBS = 8
_REMOTE_JOBS = 4


class Coldframe:
    """One user's coldframe: the settings, the catalog, and the store that the settings name.

    Nothing is opened before it is wanted. Close it, or use it in a `with`.

    Args:
        home: Where catalog and embedded store lie.
        settings: What applies; `settings.store` names the store, else the embedded one in `home`.
        clock: For all that asks the time.
        files: For all that changes the file system.
        vfs: The SQLite VFS of catalog and ledger, "" for the system's.
    """

    def __init__(
        self,
        home: Home,
        settings: Settings,
        *,
        clock: Clock | None = None,
        files: Files | None = None,
        vfs: str = "",
    ) -> None:
        """Store the arguments."""
        self.home = home
        self.settings = settings
        self.clock = clock or SystemClock()
        self.files = files or DiskFiles()
        self.vfs = vfs

    @property
    def store_url(self) -> str:
        """The store that the settings name, or else the embedded one."""
        return self.settings.store or self.home.store

    @cached_property
    def catalog(self) -> Catalog:
        """What went where; made if it is not there."""
        from coldframe.catalog import open_catalog  # noqa: PLC0415 - opened, and loaded, when first wanted

        return open_catalog(self.home.catalog, clock=self.clock, files=self.files, vfs=self.vfs)

    @cached_property
    def orders(self) -> Orders:
        """What is being retrieved."""
        from coldframe.catalog.orders import Orders  # noqa: PLC0415 - as above

        return Orders(self.catalog.database)

    @cached_property
    def store(self) -> GovernedStore:
        """The store.

        Raises:
            ResourceNotFound: It is not there; :meth:`create_store` makes it.
        """
        return self._open_store(create=False)

    @property
    def is_remote(self) -> bool:
        """Whether the store is somewhere else: on a server, or Amazon's."""
        return is_remote(self.store_url)

    @cached_property
    def terms(self) -> Terms:
        """What the store charges, and how long its jobs take."""
        from coldframe.composition.terms import terms_of  # noqa: PLC0415 - loaded when first wanted

        return terms_of(self.store_url, self.settings.tiers, price_file=self.settings.prices)

    @cached_property
    def pricing(self) -> Pricing:
        """What a retrieval costs here and now: by the store's terms, after what the month has transferred."""
        terms = self.terms
        if terms.prices is None:
            return terms.pricing
        from coldframe.composition.transfer import MonthlyPricing  # noqa: PLC0415 - loaded when first wanted

        return MonthlyPricing(self, terms.prices)

    @cached_property
    def line(self) -> Line:
        """What the user's own line brings from the store; the embedded one needs none."""
        from coldframe.retriever.line import Line  # noqa: PLC0415 - loaded when first wanted

        configured = self.settings.download_rate if self.is_remote else inf
        limit, clock = self.settings.limit_rate, self.clock
        return Line(self.catalog, self.store_identity, clock=clock, configured=configured, limit=limit)

    @property
    def has_store(self) -> bool:
        """Whether the store is there to be opened; one that is somewhere else tells only when it is asked."""
        return self.is_remote or is_embedded_store(store_folder(self.store_url))

    @property
    def jobs(self) -> int:
        """How many parts or files travel at once: what the settings say, else what suits the store.

        On their way to a store elsewhere parts wait in memory, and a line is full with few of them.
        """
        return self.settings.jobs or (_REMOTE_JOBS if self.is_remote else _EMBEDDED_JOBS)

    @property
    def store_identity(self) -> str:
        """The store's name in the catalog; one that is somewhere else is asked only if the catalog does not know it.

        Raises:
            ResourceNotFound: There is no such store.
        """
        is_open = "store" in self.__dict__
        known = self.catalog.identity_at(self.store_url) if self.is_remote and not is_open else None
        return known or self.store.identity

    def create_store(self) -> GovernedStore:
        """The store, made if it is not there and can be made from here."""
        if "store" not in self.__dict__:
            self.__dict__["store"] = self._open_store(create=True)
        return self.store

    def embedded(self) -> VaultService:
        """The vault service itself, for what only the keeper of the bytes can do: sweep and scrub.

        Raises:
            BadUsage: The store is of another kind.
        """
        from coldframe.service import VaultService  # noqa: PLC0415 - as above

        if self.is_remote or not isinstance(self.store, VaultService):
            raise BadUsage(
                f"Only the keeper of a store can do that, and {self.store_url} is kept somewhere else. "
                "Do it there, on the folder of the store."
            )
        return self.store

    def archive(self, job: ArchiveJob, *, observer: Observer = ignore) -> ArchiveRun:
        """One run of an archive job, to be used in a `with`."""
        from coldframe.composition.archiving import ArchiveRun  # noqa: PLC0415 - as above

        return ArchiveRun(self, job, observer=observer)

    def retriever(self, observer: Observer = ignore) -> Retriever:
        """The way out of the store."""
        from coldframe.retriever.retriever import Retriever  # noqa: PLC0415 - as above

        terms = self.terms
        return Retriever(
            self.store,
            self.catalog,
            self.orders,
            clock=self.clock,
            jobs=self.jobs,
            observer=observer,
            files=self.files,
            pricing=self.pricing,
            waits=terms.waits,
            line=self.line,
            limit_rate=self.settings.limit_rate,
        )

    def close(self) -> None:
        """Let go of what was opened; what is wanted afterwards is opened anew."""
        self.__dict__.pop("orders", None)
        for name in ("store", "catalog"):
            opened = self.__dict__.pop(name, None)
            if opened is not None:
                opened.close()

    def __enter__(self) -> Self:
        """The coldframe itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def _open_store(self, *, create: bool) -> GovernedStore:
        if not (create or self.has_store):
            self._tell_moved()
        store = open_store(
            self.store_url,
            clock=self.clock,
            files=self.files,
            vfs=self.vfs,
            waits=self.settings.tiers,
            create=create,
        )
        try:
            self.catalog.store_seen(store.identity, store.url)
        except BaseException:
            store.close()
            raise
        return store

    def _tell_moved(self) -> None:
        """Tell a store that was there once from one that never was: making another would help nobody.

        Raises:
            ResourceNotFound: The catalog knows archives of it, and the folder can be looked into.
        """
        folder = store_folder(self.store_url)
        known = self.catalog.identity_at(folder_url(folder))
        if known is None or not self.catalog.vault_names(known):
            return
        require_access(folder)
        raise ResourceNotFound(
            f"The store is not in {folder} any more, and the catalog knows archives there. Is its disk mounted?"
            " If it was moved, name its folder with --store, or as `store` in the configuration."
        )


def open_coldframe(  # noqa: PLR0913 - each has a default; together they are all that may differ
    *,
    home: Home | None = None,
    settings: Settings | None = None,
    profile: str | None = None,
    clock: Clock | None = None,
    files: Files | None = None,
    vfs: str = "",
) -> Coldframe:
    """The user's coldframe: places and settings as the command line finds them, unless given.

    Args:
        home: Where configuration and catalog are.
        settings: What applies in place of the configuration.
        profile: The profile of the configuration; means nothing where `settings` are given.
        clock: For all that asks the time.
        files: For all that changes the file system.
        vfs: The SQLite VFS of catalog and ledger, "" for the system's.

    Raises:
        BadSettings: The configuration is wrong, or has no such profile.
    """
    home = home or find_home()
    return Coldframe(home, settings or load_settings(home, profile=profile), clock=clock, files=files, vfs=vfs)
