"""The accounts that are served from one folder: whose store is where, who has keys, and who may do what."""

from __future__ import annotations

import os
import re
from contextlib import ExitStack, contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Protocol, Self

from coldframe.clock import SystemClock
from coldframe.composition.authorizing import PolicyAuthorizer
from coldframe.composition.stores import OWN_ACCOUNT, is_embedded_store, open_embedded, store_folder
from coldframe.errors import BadUsage, ColdframeError, FormatError
from coldframe.files import DiskFiles
from coldframe.keyring import Keys, KeyState, SealFile, require_account
from coldframe.wire.access import KeyScope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from types import TracebackType
    from typing import Unpack

    from coldframe.clock import Clock
    from coldframe.composition.library import Coldframe
    from coldframe.composition.stores import Governing
    from coldframe.files import Files
    from coldframe.model import TierWaits
    from coldframe.service import VaultService
    from coldframe.wire.access import Key

REGION = "us-east-1"
"""The region that clients sign for where nobody chose another."""
SEAL_NAME = "seal.key"
ACCOUNTS_NAME = "accounts"
_ACCOUNT = re.compile(r"[0-9]{12}")


class OpenStore(Protocol):
    """Opens the store of one account."""

    def __call__(self, folder: str, account_id: str, *, create: bool) -> VaultService:
        """The store in a folder, made if it is not there and `create` says so."""
        ...


class Accounts:
    """The stores of all accounts of one folder. The folder's own account has the folder; others lie below it.

    An account is known from its first key on, whatever becomes of the key: its vaults stay. Each store is opened when
    it is first asked for, and stays open. Any number of threads may ask.

    Args:
        folder: The folder.
        own: The store of the folder's own account, which keeps the keys of all.
        own_id: That account.
        keyring: The keys.
        region: The region in ARNs.
        open_store: Opens the store of another account.
    """

    def __init__(  # noqa: PLR0913 - what composition has made, by name
        self, folder: str, *, own: VaultService, own_id: str, keyring: Keys, region: str, open_store: OpenStore
    ) -> None:
        """Only the own store is open yet."""
        self._folder = folder
        self._own_id = own_id
        self._open_store = open_store
        self._opened = {own_id: own}
        self._lock = Lock()
        self.keyring = keyring
        self.authorizer = PolicyAuthorizer(self.store, region)

    def store(self, account_id: str) -> VaultService | None:
        """The store of an account; None if no key was ever made for it.

        Raises:
            FormatError: The account has keys, and its store is not there.
            FormatError, ServiceUnavailable: It is there and cannot be opened.
        """
        found = self._opened.get(account_id)
        if found is not None:
            return found
        if not _ACCOUNT.fullmatch(account_id) or not self.keyring.has_account(account_id):
            return None
        if not is_embedded_store(account_place(self._folder, account_id)):
            raise FormatError(f"The store of the account {account_id} is not there. Restore it from a copy.")
        return self._open(account_id)

    def all(self) -> list[VaultService]:
        """The stores that are there, each account's, for what must reach every byte: sweeping, scrubbing, notices."""
        return [self._opened[self._own_id], *map(self._open, accounts_in(self._folder))]

    def usable(self) -> tuple[list[VaultService], list[str]]:
        """The stores that can be opened, and why others that should be there cannot: they keep nobody from the rest."""
        known = {key.account_id for key in self.keyring.list() if key.state is KeyState.ACTIVE} - {self._own_id}
        stores, problems = [self._opened[self._own_id]], []
        for account_id in sorted(known.union(accounts_in(self._folder))):
            try:
                stores.append(self.store(account_id) or self._open(account_id))
            except ColdframeError as error:
                problems.append(f"The account {account_id} cannot be served: {error}")
        return stores, problems

    def create_key(
        self, *, account_id: str | None = None, scope: KeyScope = KeyScope.FULL, expires_at: datetime | None = None
    ) -> Key:
        """A new key. With an account's first one comes its store, which is there before the key is.

        Args:
            account_id: Whose; by default the folder's own account.
            scope: What it may do at most.
            expires_at: When it ends; None for never.

        Raises:
            BadUsage: That is no account, or the key would be worth nothing.
            CredentialsProblem: The sealing key that belongs to the other keys is not at hand.
            FormatError: Likewise; or the account has keys, and its store is not there.
            ServiceUnavailable: It could not be written.
        """
        account_id = self._own_id if account_id is None else account_id
        require_account(account_id)
        self._settle()
        if self.store(account_id) is None:
            self._open(account_id, create=True)
        return self.keyring.create(account_id=account_id, scope=scope, expires_at=expires_at)

    def close(self) -> None:
        """Let go of all stores."""
        with self._lock:
            for store in self._opened.values():
                store.close()

    def __enter__(self) -> Self:
        """The accounts themselves."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def _settle(self) -> None:
        """Have the ledger know whose the folder is, before anybody holds a key that says so."""
        own = self._opened[self._own_id].ledger
        if own.read(lambda facts: facts.own_account()) is None:
            own.write(lambda changes: changes.settle_own_account(self._own_id))
        owner = own.read(lambda facts: facts.own_account())
        if owner is not None and owner != self._own_id:
            raise _another_owner(owner, self._own_id)

    def _open(self, account_id: str, *, create: bool = False) -> VaultService:
        with self._lock:
            if account_id not in self._opened:
                self._opened[account_id] = self._open_store(
                    account_place(self._folder, account_id), account_id, create=create
                )
            return self._opened[account_id]


def open_accounts(  # noqa: PLR0913 - each has a default; together they are all that serving can differ in
    folder: str,
    *,
    clock: Clock | None = None,
    files: Files | None = None,
    vfs: str = "",
    waits: TierWaits | None = None,
    create: bool = True,
    seal_key: str | None = None,
    **governing: Unpack[Governing],
) -> Accounts:
    """Open the embedded store of a folder, with the keys and the accounts that it keeps, to serve them.

    Args:
        folder: The folder.
        clock: What the stores take for the time.
        files: How they change the file system.
        vfs: The SQLite VFS of their ledgers, "" for the system's.
        waits: How long their jobs take.
        create: Whether a store that is not there is made.
        seal_key: The file of the sealing key; by default `seal.key` in the folder.
        governing: As `open_embedded` has it, for every account; `account_id` is the folder's own.

    Raises:
        BadUsage, ResourceNotFound, FormatError, ServiceUnavailable: As `open_embedded`.
    """
    clock, files = clock or SystemClock(), files or DiskFiles()
    told, region = governing.get("account_id"), governing.get("region", REGION)

    def open_store(folder: str, account_id: str, *, create: bool) -> VaultService:
        settings: Governing = {**governing, "account_id": account_id, "region": region}
        return open_embedded(folder, clock=clock, files=files, vfs=vfs, waits=waits, create=create, **settings)

    own, own_id = _open_own(open_store, folder, told, create=create)
    seal_file = SealFile(seal_key or os.path.join(folder, SEAL_NAME), files)
    return Accounts(
        folder,
        own=own,
        own_id=own_id,
        keyring=Keys(own.ledger, seal_file, clock),
        region=region,
        open_store=open_store,
    )


@contextmanager
def all_stores(coldframe: Coldframe) -> Iterator[list[VaultService]]:
    """The embedded store, and those of the other accounts that lie below its folder, for whoever looks after all bytes.

    Raises:
        BadUsage: The store is of another kind.
        FormatError, ServiceUnavailable: One of them cannot be opened.
    """
    own, folder = coldframe.embedded(), store_folder(coldframe.store_url)
    with ExitStack() as opened:
        stores = [own]
        for account_id in accounts_in(folder):
            store = open_embedded(
                account_place(folder, account_id),
                clock=coldframe.clock,
                files=coldframe.files,
                vfs=coldframe.vfs,
                create=False,
                account_id=account_id,
            )
            opened.callback(store.close)
            stores.append(store)
        yield stores


def accounts_in(folder: str) -> list[str]:
    """The accounts whose stores lie below the folder of a store, in order."""
    try:
        names = sorted(os.listdir(os.path.join(folder, ACCOUNTS_NAME)))
    except FileNotFoundError:
        return []
    return [name for name in names if _ACCOUNT.fullmatch(name) and is_embedded_store(account_place(folder, name))]


def account_place(folder: str, account_id: str) -> str:
    """The folder of the store of an account other than the folder's own."""
    return os.path.join(folder, ACCOUNTS_NAME, account_id)


def _open_own(open_store: OpenStore, folder: str, told: str | None, *, create: bool) -> tuple[VaultService, str]:
    """The store of a folder, and whose it is: as its ledger has it, or as told where that is not settled yet."""
    account_id = told or OWN_ACCOUNT
    own = open_store(folder, account_id, create=create)
    owner = own.ledger.read(lambda facts: facts.own_account())
    if owner is None or owner == account_id:
        return own, account_id
    own.close()
    if told is not None:
        raise _another_owner(owner, told)
    return open_store(folder, owner, create=False), owner


def _another_owner(owner: str, account_id: str) -> BadUsage:
    return BadUsage(
        f"The store belongs to the account {owner} since its first access key was made, and cannot be served as "
        f"{account_id}'s. Leave the account out."
    )
