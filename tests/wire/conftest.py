"""A governed store, a face before it on a clock that stands still, and a boto3 client on the machine's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from coldframe.wire.in_process import open_client
from wire.world import KEY, REGION, make_face, open_governed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.testing.clock import FakeClock
    from wire.world import FaceWorld, GovernedService


@pytest.fixture
def governed(store_folder: str, clock: FakeClock) -> Iterator[GovernedService]:
    """The store behind the face."""
    service = open_governed(store_folder, clock)
    yield service
    service.close()


@pytest.fixture
def world(governed: GovernedService, clock: FakeClock) -> FaceWorld:
    """A face whose clock is the fake one: for requests that the tests sign themselves."""
    return make_face(governed, clock=clock)


@pytest.fixture
def client(governed: GovernedService) -> Iterator[Any]:
    """An ordinary boto3 client, answered in process."""
    client = open_client(make_face(governed).face, key=KEY, region=REGION)
    yield client
    client.close()
