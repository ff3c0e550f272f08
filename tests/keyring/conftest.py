"""Accounts of a folder on a clock that stands still, opened as often as other processes would."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from coldframe.composition.accounts import SEAL_NAME, open_accounts
from permission_world import Clients
from wire.world import REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coldframe.composition.accounts import Accounts
    from coldframe.keyring import Keys
    from coldframe.testing.clock import FakeClock

    OpenAccounts = Callable[..., Accounts]


@pytest.fixture
def open_again(store_folder: str, clock: FakeClock) -> Iterator[OpenAccounts]:
    """Opens the accounts of this test's folder, any number of times, and closes all at the end."""
    opened: list[Accounts] = []

    def open_one(*, seal_key: str | None = None) -> Accounts:
        opened.append(open_accounts(store_folder, clock=clock, seal_key=seal_key, region=REGION))
        return opened[-1]

    yield open_one
    for accounts in opened:
        accounts.close()


@pytest.fixture
def accounts(open_again: OpenAccounts) -> Accounts:
    """The accounts of this test's folder."""
    return open_again()


@pytest.fixture
def keys(accounts: Accounts) -> Keys:
    """Their keys."""
    return accounts.keyring


@pytest.fixture
def seal_path(store_folder: str) -> str:
    """Where the sealing key lies."""
    return os.path.join(store_folder, SEAL_NAME)


@pytest.fixture
def clients(accounts: Accounts) -> Iterator[Clients]:
    """Clients of the accounts."""
    clients = Clients(accounts)
    yield clients
    clients.close()
