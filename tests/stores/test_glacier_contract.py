"""The contract of the port, closed loop: GlacierStore -> boto3 -> face -> service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from coldframe.testing.contract import ColdStoreContract

if TYPE_CHECKING:
    from coldframe.ports import ColdStore
    from coldframe.stores.glacier import GlacierStore


class TestGlacierStoreInProcess(ColdStoreContract):
    """A store that is reached through both sides of the wire keeps the contract as the embedded one does."""

    @pytest.fixture
    def store(self, closed_loop: GlacierStore) -> ColdStore:
        """Reached through boto3, in process."""
        return closed_loop
