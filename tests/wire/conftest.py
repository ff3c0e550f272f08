"""A store, a face before it on a clock that stands still, and a boto3 client on the machine's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from coldframe.wire.in_process import open_client
from wire.world import KEY, REGION, make_face

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.service import VaultService
    from coldframe.testing.clock import FakeClock
    from wire.world import FaceWorld


@pytest.fixture
def world(service: VaultService, clock: FakeClock) -> FaceWorld:
    """A face whose clock is the fake one: for requests that the tests sign themselves."""
    return make_face(service, clock=clock)


@pytest.fixture
def client(service: VaultService) -> Iterator[Any]:
    """An ordinary boto3 client, answered in process."""
    client = open_client(make_face(service).face, key=KEY, region=REGION)
    yield client
    client.close()
