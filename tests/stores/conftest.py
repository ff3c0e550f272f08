"""A Glacier store over the closed loop: boto3 in process, the face, the embedded service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from coldframe.stores.glacier import GlacierStore
from coldframe.stores.opening import client_config
from coldframe.wire.in_process import open_client
from wire.world import KEY, REGION, make_face, open_governed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.testing.clock import FakeClock
    from wire.world import GovernedService


@pytest.fixture
def governed(store_folder: str, clock: FakeClock) -> Iterator[GovernedService]:
    """The service at the far end."""
    service = open_governed(store_folder, clock)
    yield service
    service.close()


@pytest.fixture
def closed_loop(governed: GovernedService) -> Iterator[GlacierStore]:
    """The near end."""
    client = open_client(make_face(governed).face, key=KEY, region=REGION, config=client_config())
    store = GlacierStore(client, url="http://coldframe.invalid")
    yield store
    store.close()
