"""The vault service keeps the contract of every cold store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from coldframe.testing.contract import ColdStoreContract

if TYPE_CHECKING:
    from coldframe.ports import ColdStore
    from coldframe.service import VaultService


class TestVaultService(ColdStoreContract):
    """`VaultService` over SQLite and a disk."""

    @pytest.fixture
    def store(self, service: VaultService) -> ColdStore:
        """An embedded store on the fake clock."""
        return service
