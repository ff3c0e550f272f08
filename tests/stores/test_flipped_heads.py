"""A bit that turned on its way makes no store of another name, and no ID that the store does not know."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from coldframe.errors import ColdframeError
from coldframe.stores import opening
from coldframe.stores.opening import open_glacier
from coldframe.testing.faulty_line import Fault, Trouble, Way, faulty_line
from stores.loopback import listening
from wire.world import KEY, REGION, make_face

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.service import VaultService
    from coldframe.stores.glacier import GlacierStore
    from coldframe.testing.faulty_line import FaultyLine


@pytest.fixture
def line(service: VaultService, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyLine]:
    """A line to a served store."""
    monkeypatch.setattr(opening, "_SILENCE_SECONDS", 0.3)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY.secret_access_key)
    with listening(make_face(service).face) as url, faulty_line(url) as made:
        yield made


@pytest.fixture
def store(line: FaultyLine) -> Iterator[GlacierStore]:
    """The store at the end of the line."""
    store = open_glacier(f"{line.url}?region={REGION}")
    yield store
    store.close()


def test_identity_that_was_flipped_is_not_believed(
    service: VaultService, line: FaultyLine, store: GlacierStore
) -> None:
    """Under another name all that is archived would be unknown to the next run, and recorded in a store that is not."""
    clean = line.set(None)
    assert store.identity == service.identity
    told = set()
    for at in range([*clean.starts[Way.ANSWER], clean.passed[Way.ANSWER]][1])[::2]:
        store._client._endpoint.http_session.close()
        store.__dict__.pop("identity", None)
        line.set(Fault(Trouble.FLIP, Way.ANSWER, at))
        with suppress(ColdframeError):
            told.add(store.identity)
    assert told == {service.identity}
