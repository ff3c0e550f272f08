"""The contracts of `ports.ColdStore` and of `ports.admin.VaultAdmin` as tests.

An adapter that passes them may take any other's place.

Usage, in a test module of the adapter::

    class TestMyStore(ColdStoreContract):
        @pytest.fixture
        def store(self) -> Iterator[ColdStore]:
            ...

The store that the fixture gives is empty, its jobs are ready at once, and its inventories show the present. Nothing
here looks at message texts or waits for time to pass: what only one adapter can show, its own tests do.
"""

from __future__ import annotations

from coldframe.testing.contract.admin import LocksContract, NoticesContract, PoliciesContract, TagsContract
from coldframe.testing.contract.archives import ArchivesContract
from coldframe.testing.contract.inventories import InventoriesContract
from coldframe.testing.contract.jobs import JobsContract
from coldframe.testing.contract.limits import GovernedLifeContract, LimitsContract
from coldframe.testing.contract.multipart import MultipartContract
from coldframe.testing.contract.vaults import VaultsContract

__all__ = ["ColdStoreContract", "VaultAdminContract"]


class ColdStoreContract(VaultsContract, ArchivesContract, MultipartContract, JobsContract, InventoriesContract):
    """All of the first half."""


class VaultAdminContract(
    TagsContract, NoticesContract, PoliciesContract, LocksContract, LimitsContract, GovernedLifeContract
):
    """All of the second half, on a store that has both: the fixture gives a `GovernedStore`."""
