"""Removing local files that are archived: only with every proof, and only what is still the same."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from archiver.conftest import VAULT
from coldframe.archiver import CopiesProof, SourceRemover, removable
from coldframe.errors import BadUsage
from coldframe.files import DiskFiles
from coldframe.progress import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from archiver.conftest import World
    from coldframe.archiver import FileResult, Removable

NO_COPIES = CopiesProof(frozenset(), frozenset())


def remover(world: World) -> SourceRemover:
    """A remover to which no copies are missing."""
    return SourceRemover(world.catalog, files=DiskFiles(), proof=NO_COPIES)


def items(results: dict[str, FileResult]) -> list[Removable]:
    """What may be removed after a run."""
    return [item for result in results.values() if (item := removable(result)) is not None]


def test_archived_files_are_removed(world: World) -> None:
    """Files that were archived, recorded or found unchanged go, members of bundles too; folders stay."""
    world.write("a")
    world.write("Bias/b", b"bias")
    world.write("Bias/deep/c", b"deep")
    world.write("empty", b"")
    world.run(zip_patterns=("Bias",))
    world.write("twin")
    results = world.run(zip_patterns=("Bias",))
    assert {result.outcome for result in results.values()} == {Outcome.UNCHANGED, Outcome.RECORDED}
    for item in items(results):
        removal = remover(world).remove(item)
        assert (removal.removed, removal.kept, removal.reason) == (list(item.sources), (), "")
    left = [os.path.join(folder, name) for folder, _folders, names in os.walk(world.subs) for name in names]
    assert left == []
    assert os.path.isdir(os.path.join(world.subs, "Bias", "deep"))


def test_nothing_is_removed_before_every_copy_is_written(world: World) -> None:
    """Without proof of all copies there is no remover; the missing one is named."""
    with pytest.raises(BadUsage, match="s3://two"):
        SourceRemover(
            world.catalog, files=DiskFiles(), proof=CopiesProof(frozenset({"one", "s3://two"}), frozenset({"one"}))
        )


def swap_for_link(location: str) -> None:
    """Put a link to an equal file in a file's place."""
    os.rename(location, location + ".real")
    os.symlink(location + ".real", location)


def rewrite_longer(location: str) -> None:
    """More bytes."""
    with open(location, "ab") as file:
        file.write(b"more")


def rewrite_quietly(location: str) -> None:
    """Other bytes of the same size under the same time."""
    status = os.stat(location)
    with open(location, "r+b") as file:
        file.write(b"LIGHT"[: status.st_size])
    os.utime(location, ns=(0, status.st_mtime_ns))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (rewrite_longer, "changed after"),
        (rewrite_quietly, "changed after"),
        (swap_for_link, "symbolic link"),
        (lambda location: os.rename(location, location + ".gone"), "No such file"),
    ],
    ids=["changed", "changed quietly", "link", "gone"],
)
def test_a_file_that_is_not_what_was_archived_is_kept(world: World, change: Callable[[str], None], reason: str) -> None:
    """A file that was changed, even quietly, replaced by a link or moved away is kept, and the reason told."""
    location = world.write("a")
    (item,) = items(world.run())
    change(location)
    before = sorted(os.listdir(world.subs))
    removal = remover(world).remove(item)
    assert removal.removed == ()
    assert reason in removal.reason
    assert sorted(os.listdir(world.subs)) == before


def test_a_bundle_goes_all_or_not_at_all(world: World) -> None:
    """If one member was changed, none of the bundle's files is removed."""
    for name in "abc":
        world.write(f"Bias/{name}", name.encode())
    (item,) = items(world.run(zip_patterns=("Bias",)))
    world.write("Bias/b", b"changed")
    removal = remover(world).remove(item)
    assert len(removal.kept) == 3
    assert sorted(os.listdir(os.path.join(world.subs, "Bias"))) == ["a", "b", "c"]


def test_a_file_that_the_catalog_does_not_have_is_kept(world: World) -> None:
    """The catalog is read again: if it lost the archive in the meantime, the file stays."""
    location = world.write("a")
    (item,) = items(world.run())
    world.catalog.forget_archives(world.store.identity, VAULT, [item.archive.archive_id])
    removal = remover(world).remove(item)
    assert "the catalog does not have" in removal.reason
    assert os.path.exists(location)


def test_what_was_not_archived_cannot_be_removed(world: World) -> None:
    """Failed and left-out results and those of a dry run give nothing to remove."""
    world.write("a")
    os.symlink("a", os.path.join(world.subs, "link"))
    results = world.run(world.subs, os.path.join(world.subs, "missing"), dry_run=True)
    assert items(results) == []
    assert len(results) == 3
