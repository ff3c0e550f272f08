"""A network that fails at hundreds of points: identical bytes or a clear error, and the same command goes on."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import pytest
from botocore.loaders import JSONFileLoader

from coldframe.testing.faulty_line import faulty_line
from network.journey import Journey, make_fault
from remote.conftest import serving, use_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from coldframe.testing.faulty_line import Fault

_SHARDS = 4
"""So many tests share the points, for the cores there are."""
shards = pytest.mark.parametrize("shard", range(_SHARDS))


@pytest.fixture
def journey(tmp_path: Path, key: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journey]:
    """A journey; botocore reads megabytes of JSON for each client, and here it reads each file once."""
    read = cache(JSONFileLoader().load_file)
    monkeypatch.setattr(JSONFileLoader, "load_file", lambda _self, path: read(path))
    with serving(tmp_path / "store") as server:
        assert server.new_key is not None
        use_key(monkeypatch, server.new_key)
        with faulty_line(server.url) as line:
            made = Journey(tmp_path / "here", server.url, line)
            yield made
            made.direct.close()
        server.stop(1)


@pytest.fixture
def points(request: pytest.FixtureRequest) -> Callable[[int], Iterator[tuple[int, int]]]:
    """The points of a shard, by number, with the seed."""
    count, seed = request.config.getoption("--network-points"), request.config.getoption("--network-seed")
    only = request.config.getoption("--network-only")
    chosen = range(count) if only is None else [only]
    return lambda shard: ((number, seed) for number in chosen if number % _SHARDS == shard)


@contextmanager
def telling(number: int, fault: Fault) -> Iterator[None]:
    """Have a failure say with which point it can be repeated."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"--network-only {number}: {fault}")
        raise


@shards
def test_archive_over_a_failing_network(
    journey: Journey,
    points: Callable[[int], Iterator[tuple[int, int]]],
    tried: Callable[[str, Mapping[str, int]], None],
    shard: int,
) -> None:
    """Whatever fails, what the catalog records is in the vault, and the same command completes the work."""
    clean = journey.try_archive(-1, None)
    journey.tried.clear()
    for number, seed in points(shard):
        fault = make_fault(number, seed=seed, clean=clean)
        with telling(number, fault):
            journey.try_archive(number, fault)
        journey.tried["points"] += 1
    tried("archive over a failing network", journey.tried)


@shards
def test_retrieve_over_a_failing_network(
    journey: Journey,
    points: Callable[[int], Iterator[tuple[int, int]]],
    tried: Callable[[str, Mapping[str, int]], None],
    shard: int,
) -> None:
    """Whatever fails, no wrong byte gets a file's own name, and the same command completes the work."""
    assert journey.wanted
    clean = journey.try_retrieve(-1, None)
    journey.tried.clear()
    for number, seed in points(shard):
        fault = make_fault(number, seed=seed, clean=clean)
        with telling(number, fault):
            journey.try_retrieve(number, fault)
        journey.tried["points"] += 1
    tried("retrieve over a failing network", journey.tried)
