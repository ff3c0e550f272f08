"""The contract of the port, closed loop: GlacierStore -> boto3 -> face -> service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from coldframe.stores.opening import open_glacier
from coldframe.testing.contract import ColdStoreContract, VaultAdminContract
from stores.loopback import listening
from wire.world import KEY, REGION, make_face

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.ports import ColdStore
    from coldframe.ports.admin import GovernedStore
    from coldframe.service import VaultService
    from coldframe.stores.glacier import GlacierStore


class TestGlacierStoreInProcess(ColdStoreContract):
    """A store that is reached through both sides of the wire keeps the contract as the embedded one does."""

    @pytest.fixture
    def store(self, closed_loop: GlacierStore) -> ColdStore:
        """Reached through boto3, in process."""
        return closed_loop


class TestGovernedGlacierStoreInProcess(VaultAdminContract):
    """So does the second half of the port."""

    @pytest.fixture
    def store(self, closed_loop: GlacierStore) -> GovernedStore:
        """Reached through boto3, in process."""
        return closed_loop


class TestGlacierStoreOverSockets(ColdStoreContract):
    """The same over real HTTP, through the server that is shipped."""

    @pytest.fixture
    def store(self, far_store: GlacierStore) -> ColdStore:
        """Reached through boto3 and a socket."""
        return far_store


class TestGovernedGlacierStoreOverSockets(VaultAdminContract):
    """So does the second half of the port."""

    @pytest.fixture
    def store(self, far_store: GlacierStore) -> GovernedStore:
        """Reached through boto3 and a socket."""
        return far_store


@pytest.fixture
def far_store(service: VaultService, monkeypatch: pytest.MonkeyPatch) -> Iterator[GlacierStore]:
    """Reached through boto3 and a socket, with keys from the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY.secret_access_key)
    with listening(make_face(service).face) as url:
        store = open_glacier(f"{url}?region={REGION}")
        yield store
        store.close()
