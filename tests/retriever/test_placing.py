"""Placing in a hostile folder: nothing is written outside it, and nothing of the user's is lost."""

from __future__ import annotations

import errno
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog import Query
from coldframe.errors import UnsafeName
from coldframe.files import DiskFiles
from coldframe.names import write_path
from coldframe.progress import Outcome
from coldframe.retriever.folders import Destination
from retriever.taps import TappedFiles
from retriever.test_safe_names import REFUSED_EVERYWHERE
from retriever.world import frame, read_tree

if TYPE_CHECKING:
    from pathlib import Path

    from retriever.world import World

POSIX_ONLY = pytest.mark.skipif(os.name == "nt", reason="links need no privilege on POSIX alone")


def test_hostile_paths_are_refused_and_the_others_come(world: World) -> None:
    """An order full of paths that lead out of the destination places the honest file, and nothing anywhere else."""
    before = read_tree(world.folder)
    for number, path in enumerate(path for path in REFUSED_EVERYWHERE if path):
        world.add(path, frame(number, 10))
    world.add("honest.fit", frame(99))
    retriever = world.retriever()
    plan = retriever.plan(Query(), into=world.into)
    assert len(plan.refused) == plan.files - 1

    results = list(world.retriever().carry_on(retriever.place_order(plan, tier=plan.offers[0].tier)))

    assert {result.path for result in results if result.outcome is not Outcome.FAILED} == {"honest.fit"}
    assert world.files() == {"honest.fit": frame(99)}
    outside = {path for path in read_tree(world.folder) if not path.startswith(("into/", "store/", "catalog"))}
    assert outside <= set(before)
    assert len(world.jobs()) == 1


@POSIX_ONLY
def test_planted_folder_link_is_not_followed(world: World, tmp_path: Path) -> None:
    """A symlink where a folder should be fails that file; nothing is written through it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    os.mkdir(world.into)
    os.symlink(outside, os.path.join(world.into, "Light"))
    world.add("Light/a.fit", frame(1))
    world.add("Dark/b.fit", frame(2))

    results = {result.path: result for result in world.retrieve()}

    assert results["Light/a.fit"].outcome is Outcome.FAILED
    assert "not a folder" in results["Light/a.fit"].detail
    assert results["Dark/b.fit"].outcome is Outcome.RETRIEVED
    assert os.listdir(outside) == []


@POSIX_ONLY
@pytest.mark.parametrize("overwrite", [False, True])
def test_planted_file_link_is_not_followed(world: World, tmp_path: Path, overwrite: bool) -> None:  # noqa: FBT001 - pytest passes it
    """A symlink under the file's own name is left, or replaced as a name; what it points to stays as it is."""
    outside = tmp_path / "outside.txt"
    outside.write_bytes(b"precious")
    os.mkdir(world.into)
    os.symlink(outside, os.path.join(world.into, "a.fit"))
    world.add("a.fit", frame(1))

    (result,) = world.retrieve(overwrite=overwrite)

    assert outside.read_bytes() == b"precious"
    assert result.placed_at == ("a.fit" if overwrite else "a (2).fit")
    assert world.read(str(result.placed_at)) == frame(1)


@POSIX_ONLY
def test_planted_fifo_does_not_hang(world: World) -> None:
    """A FIFO under the file's name is not opened for good."""
    os.mkdir(world.into)
    os.mkfifo(os.path.join(world.into, "a.fit"))
    world.add("a.fit", frame(1))

    (result,) = world.retrieve()

    assert result.placed_at == "a (2).fit"


@POSIX_ONLY
def test_unfinished_file_with_a_second_name_is_not_written_through(world: World, tmp_path: Path) -> None:
    """A hard link planted under the unfinished name must not let bytes into a file elsewhere."""
    outside = tmp_path / "outside.txt"
    outside.write_bytes(b"precious")
    world.add("a.fit", frame(1, 9 << 20))
    number = world.order()
    token = world.orders.order(number).token
    (wanted,) = world.orders.find_wanted([number], [world.catalog_archive()])
    world.orders.mark_segment(wanted.row, 0, "ab" * 32)
    os.link(outside, os.path.join(world.into, f".coldframe-{token}-{wanted.row}.part"))

    (result,) = world.retriever().carry_on(number)

    assert outside.read_bytes() == b"precious"
    assert isinstance(result.error, UnsafeName)


@POSIX_ONLY
def test_folder_swapped_while_files_are_placed_leads_nowhere(world: World, tmp_path: Path) -> None:
    """While somebody swaps a folder for a symlink as fast as possible, nothing lands where the link points."""
    outside = tmp_path / "outside"
    outside.mkdir()
    light = os.path.join(world.into, "Light")
    for number in range(60):
        world.add(f"Light/{number}.fit", frame(number, 20))
    order = world.order()
    os.makedirs(light)
    done = threading.Event()
    swaps = 0

    def swap() -> None:
        nonlocal swaps
        while not done.is_set():
            swaps += 1
            with suppress(OSError):
                os.rename(light, f"{light}-{swaps}")
            with suppress(OSError):
                os.symlink(outside, light)
            with suppress(OSError):
                os.unlink(light)  # noqa: TID251 - the attacker's own

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for _ in range(40):
            try:
                list(world.retriever(jobs=4).carry_on(order, wait=False))
                break
            except Exception as error:  # noqa: BLE001 - the swap may hit anywhere; only where bytes land matters
                assert type(error).__module__.startswith("coldframe"), error  # noqa: PT017 - of every error
    finally:
        done.set()
        thread.join()

    assert swaps > 10
    assert os.listdir(outside) == []
    for path, data in world.files().items():
        if path.endswith(".fit"):
            assert data == frame(int(os.path.basename(path).split(" ")[0].removesuffix(".fit")), 20)


def test_folder_that_cannot_be_held_open_is_checked_for_links(tmp_path: Path) -> None:
    """The way of Windows, walked here: every folder is looked at before it is used."""
    outside = tmp_path / "outside"
    outside.mkdir()
    into = tmp_path / "into"
    into.mkdir()
    os.symlink(outside, into / "link")
    destination = Destination(str(into), DiskFiles(), hold=False)

    with destination.folder(("a", "b"), make=True) as folder:
        os.close(folder.create("x"))
    with pytest.raises(UnsafeName), destination.folder(("link",), make=True):
        pass

    assert (into / "a" / "b" / "x").exists()
    assert os.listdir(outside) == []


def test_name_that_the_file_system_forbids_is_escaped(world: World) -> None:
    """On exFAT, NTFS and the like a forbidden name is written another way, folders too."""
    world.add("a:b/c?.fit", frame(1))

    def forbid(_verb: str, path: str) -> None:
        if set(os.path.basename(path)) & set(':?*"<>|'):
            raise OSError(errno.EINVAL, "Invalid argument")

    order = world.order()
    (result,) = world.retriever(files=TappedFiles(forbid)).carry_on(order)

    assert result.placed_at == "a%3Ab/c%3F.fit"
    assert world.files() == {"a%3Ab/c%3F.fit": frame(1)}


def test_names_that_are_too_long_fail_alone(world: World) -> None:
    """A name that cannot exist here fails its file before a byte is fetched; the others come."""
    world.add("x" * 300 + ".fit", frame(1))
    world.add("y" * 251 + ".fit", frame(2))

    outcomes = {result.path[0]: result.outcome for result in world.retrieve()}

    assert [path[0] for path in world.files()] == ["y"]
    assert outcomes == {"x": Outcome.FAILED, "y": Outcome.RETRIEVED}


def test_deep_path_beyond_path_max_comes_back(world: World) -> None:
    """A path of 6,000 characters is walked folder by folder."""
    path = "/".join(["d" * 200] * 30) + "/a.fit"
    world.add(path, frame(1))

    (result,) = world.retrieve()

    assert result.outcome is Outcome.RETRIEVED
    with Destination(world.into, DiskFiles()).folder(path.split("/")[:-1], make=False) as folder:
        status = folder.find("a.fit")
    assert status is not None
    assert status.st_size == 5000


@pytest.mark.parametrize(
    "name",
    [
        "ü.fit",
        "u\u0308.fit",
        "\u05d0\u05d1.fit",
        "\U0001f30c.fit",
        "a\nb.fit",
        " a .fit",
        "-a.fit",
        "bytes:x",
        "\udcff\udc80.fit",
        "x" * 255,
        "\u202egpj.exe",
    ],
)
def test_odd_name_comes_back_as_it_was(world: World, name: str) -> None:
    """NFC, NFD, RTL, emoji, newlines and bytes that are not UTF-8 are names like any other."""
    world.add(write_path(f"x/{name}"), frame(1))

    (result,) = world.retrieve()

    assert result.outcome is Outcome.RETRIEVED
    assert os.listdir(os.path.join(world.into, "x")) == [name]


def test_names_that_differ_in_case_or_form_both_come(world: World) -> None:
    """On a file system that tells them apart, names that differ only in case or normalisation keep their own."""
    names = ["A.fit", "a.fit", "\u00fc.fit", "u\u0308.fit", "Stra\u00dfe", "STRASSE"]
    for number, name in enumerate(names):
        world.add(name, frame(number))

    world.retrieve()

    assert world.files() == {name: frame(number) for number, name in enumerate(names)}


def test_file_and_folder_of_one_name_both_come(world: World) -> None:
    """An archived file whose name is now a folder's takes another name."""
    world.add("a", frame(1))
    world.add("a/b.fit", frame(2))

    results = world.retrieve("", all_versions=True)

    failed = [result for result in results if result.outcome is Outcome.FAILED]
    assert len(failed) <= 1
    assert len(world.files()) + len(failed) == 2
