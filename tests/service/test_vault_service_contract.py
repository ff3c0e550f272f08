"""The vault service keeps the contract of every cold store, and that of every governed one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from coldframe.testing.contract import ColdStoreContract, VaultAdminContract

if TYPE_CHECKING:
    from coldframe.ports import ColdStore
    from coldframe.ports.admin import GovernedStore
    from coldframe.service import VaultService


class TestVaultService(ColdStoreContract):
    """`VaultService` over SQLite and a disk."""

    @pytest.fixture
    def store(self, service: VaultService) -> ColdStore:
        """An embedded store on the fake clock."""
        return service


class TestGovernedVaultService(VaultAdminContract):
    """The same service, governed."""

    @pytest.fixture
    def store(self, service: VaultService) -> GovernedStore:
        """An embedded store on the fake clock."""
        return service
