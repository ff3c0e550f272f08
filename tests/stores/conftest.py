"""A Glacier store over the closed loop: boto3 in process, the face, the embedded service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from coldframe.stores.glacier import GlacierStore
from coldframe.stores.opening import client_config
from coldframe.wire.in_process import open_client
from wire.world import KEY, REGION, make_face

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.service import VaultService


@pytest.fixture
def closed_loop(service: VaultService) -> Iterator[GlacierStore]:
    """The near end."""
    client = open_client(make_face(service).face, key=KEY, region=REGION, config=client_config())
    store = GlacierStore(client, url="http://coldframe.invalid")
    yield store
    store.close()
