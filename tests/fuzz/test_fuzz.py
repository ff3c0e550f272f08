"""What strangers send: every target is tried with its corpus, and then with inputs that are made up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from fuzz import files, heads, policies, values
from fuzz.requests import open_requests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fuzz.target import Target
    from proof_options import Tried

pytestmark = pytest.mark.timeout(7200)  # as long as --fuzz-examples asks for
_TARGETS = {target.name: target for target in (*heads.TARGETS, *policies.TARGETS, *values.TARGETS, *files.TARGETS)}


@pytest.fixture(params=["requests", *_TARGETS])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    """Each target in turn."""
    if request.param in _TARGETS:
        yield _TARGETS[request.param]
        return
    with open_requests(str(tmp_path / "store")) as found:
        yield found


def test_target_survives_its_corpus(target: Target, tried: Tried) -> None:
    """What once was interesting is tried every time."""
    count = 0
    for name, data in target.corpus():
        try:
            target.run(data)
        except Exception as error:
            error.add_note(f"the input is {target.folder}/{name}")
            raise
        count += 1
    tried("corpus", {"inputs": count})
    assert count


def test_target_survives_what_is_made_up(target: Target, request: pytest.FixtureRequest, tried: Tried) -> None:
    """No input does what must never be done; one that does is kept in the corpus."""
    examples = max(1, int(request.config.getoption("--fuzz-examples") * target.share))
    count = 0
    failed: list[bytes] = []

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(target.inputs)
    def fuzz(data: bytes) -> None:
        nonlocal count
        count += 1
        try:
            target.run(data)
        except BaseException:
            failed.append(data)
            raise

    try:
        fuzz()
    except Exception as error:
        if failed:
            error.add_note(f"kept as {target.keep(min(failed, key=len))}")
        raise
    tried(f"fuzzed {target.name}", {"inputs": count})
