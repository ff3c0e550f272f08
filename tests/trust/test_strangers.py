"""A vault that holds what the catalog does not know: nothing is sent again without a word."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from coldframe.archiver.request import ArchiveRequest
from coldframe.cli.app import App
from coldframe.composition import open_coldframe
from coldframe.composition.archiving import ArchiveJob
from coldframe.composition.strangers import find_strangers
from coldframe.errors import UnknownArchives
from coldframe.testing.bodies import BytesBody
from trust.world import VAULT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ran
    from trust.world import World

ARCHIVE = ("archive", "Subs", "--vault", "astro", "--zip", "Bias", "--zip", "Flat")


def _lose_catalog(home: Path) -> None:
    for path in home.glob("catalog.sqlite*"):
        path.unlink()


def _archives() -> int:
    with open_coldframe() as coldframe:
        return coldframe.store.describe_vault("astro").number_of_archives


def test_lost_catalog_does_not_send_everything_again(cli: Callable[..., Ran], archived: Path, home: Path) -> None:
    """Refused with 8, also with --yes, until the catalog is rebuilt; then nothing is sent."""
    before = _archives()
    _lose_catalog(home)
    for flags in ((), ("--yes",)):
        ran = cli(*ARCHIVE, *flags)
        assert (ran.code, "coldframe inventory rebuild --vault astro" in ran.err) == (8, True)
    rehearsed = cli(*ARCHIVE, "--dry-run")
    assert (rehearsed.code, f"holds {before} archives" in rehearsed.err) == (0, True)
    assert cli("inventory", "rebuild", "--vault", "astro", "--members").code == 0
    assert cli(*ARCHIVE).code == 0
    assert _archives() == before


def test_who_means_it_says_so_once(cli: Callable[..., Ran], archived: Path, home: Path) -> None:
    """With --anew; from then on the catalog knows the vault."""
    before = _archives()
    _lose_catalog(home)
    assert cli(*ARCHIVE, "--anew").code == 0
    assert _archives() == 2 * before
    os.utime(archived / "Bias/b1.fit")
    assert cli(*ARCHIVE).code == 0


@pytest.mark.parametrize(("answer", "code"), [(True, 0), (False, 1)])
def test_terminal_is_asked(
    cli: Callable[..., Ran], archived: Path, home: Path, monkeypatch: pytest.MonkeyPatch, *, answer: bool, code: int
) -> None:
    """And goes by the answer."""
    _lose_catalog(home)
    asked: list[str] = []

    def confirm(question: str, **_: object) -> bool:
        asked.append(question)
        return answer

    monkeypatch.setattr(App, "has_terminal", True)
    monkeypatch.setattr("click.confirm", confirm)
    assert cli(*ARCHIVE).code == code
    assert asked == ["Archive all the same?"]


def test_vault_is_no_stranger_when_the_catalog_has_known_it(world: World) -> None:
    """Empty, or emptied from here, or begun from here: whatever its last inventory says."""
    coldframe = world.coldframe
    assert find_strangers(coldframe, VAULT) is None
    world.archive(a=b"a")
    world.clock.advance(days=1)
    world.delete("a")
    assert world.store.describe_vault(VAULT).number_of_archives == 1
    assert find_strangers(coldframe, VAULT) is None


def test_library_refuses_too(prompt: World) -> None:
    """A program hears it as an error, and may say that it means it."""
    prompt.store.upload_archive(VAULT, BytesBody(b"theirs"))
    (prompt.folder / "a.fit").write_bytes(b"a")
    request = ArchiveRequest(paths=(str(prompt.folder),), vault_name=VAULT)
    with (
        pytest.raises(UnknownArchives, match="holds 1 archive"),
        prompt.coldframe.archive(ArchiveJob(request=request)),
    ):
        pass
    with prompt.coldframe.archive(ArchiveJob(request=request, anew=True)) as run:
        assert len(list(run.results())) == 1
