"""Every noun on an embedded store and on a server, by the same lines."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from cli.conftest import archived, cli, home, program, subs  # noqa: F401 - fixtures
from prices.conftest import prices  # noqa: F401 - fixtures
from remote.conftest import key, make_key, served, url  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ran


@pytest.fixture(params=["embedded", "server"])
def nouns(request: pytest.FixtureRequest, cli: Callable[..., Ran]) -> Callable[..., Ran]:  # noqa: F811 - the fixture
    """Runs a command on a store of either kind that holds the vault `astro`."""
    if request.param == "server":
        request.getfixturevalue("url")
    assert cli("vault", "create", "astro").code == 0
    return cli


@pytest.fixture
def pipe(cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:  # noqa: F811 - the fixture
    """Runs a command with a text on its standard input."""

    def call(text: str, *arguments: str) -> Ran:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        return cli(*arguments)

    return call


@pytest.fixture
def night(nouns: Callable[..., Ran], subs: Path) -> Path:  # noqa: F811 - the fixture
    """Archives in the vault `astro`: five lights, a text with an odd name, an empty one, and a bundle."""
    ran = nouns("archive", "Subs", "--vault", "astro", "--zip", "Bias")
    assert ran.code == 0, ran.err
    return subs
