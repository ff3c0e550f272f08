"""The main way: what was archived comes back, byte for byte."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from coldframe.model import MIB
from coldframe.progress import Outcome
from retriever.world import MODIFIED_NS, frame

if TYPE_CHECKING:
    from retriever.world import World


def test_retrieve_brings_back_bytes_names_and_times(world: World) -> None:
    """A file comes back under its own path, with its bytes and its modification time to the nanosecond."""
    data = frame(1)
    archive = world.add("Light/Blue/M33_Light_Blue_180sec__1x1_frame1.fit", data)

    (result,) = world.retrieve("blue")

    assert result.outcome is Outcome.RETRIEVED
    assert result.placed_at == result.path == "Light/Blue/M33_Light_Blue_180sec__1x1_frame1.fit"
    assert (result.archive_id, result.tree_hash, result.size) == (archive.archive_id, archive.tree_hash, len(data))
    assert result.job_id
    assert world.files() == {result.path: data}
    assert os.stat(os.path.join(world.into, result.path)).st_mtime_ns == MODIFIED_NS


def test_retrieve_brings_only_what_was_asked_for(world: World) -> None:
    """Of a tree only the files that match come back, each by one job."""
    for colour in ("Blue", "Red"):
        for number in range(3):
            world.add(f"Light/{colour}/frame{number}.fit", frame(number, 100))

    results = world.retrieve("Light/Blue/*")

    assert sorted(world.files()) == [f"Light/Blue/frame{number}.fit" for number in range(3)]
    assert len(results) == len(world.jobs()) == 3


def test_retrieve_fetches_many_segments_of_a_large_file(world: World) -> None:
    """A file of several segments is put together in order, whoever of the threads was quicker."""
    data = frame(2, 21 * MIB + 17)
    world.add("large.fit", data)

    world.retrieve("large")

    assert world.files() == {"large.fit": data}


def test_retrieve_finds_what_is_there(world: World) -> None:
    """A file that is at the destination with the right bytes is verified and not retrieved again."""
    data = frame(3)
    world.add("a.fit", data)
    world.retrieve("a.fit")

    (result,) = world.retrieve("a.fit")

    assert result.outcome is Outcome.PRESENT
    assert len(world.jobs()) == 1


def test_retrieve_never_overwrites_another_file(world: World) -> None:
    """Where another file has the name, the retrieved one takes a name beside it and says so."""
    world.add("x/a.fit", frame(4))
    os.makedirs(os.path.join(world.into, "x"))
    with open(os.path.join(world.into, "x", "a.fit"), "wb") as file:
        file.write(b"mine")

    (result,) = world.retrieve("a.fit")

    assert result.placed_at == "x/a (2).fit"
    assert "x/a (2).fit" in result.detail
    assert world.files() == {"x/a.fit": b"mine", "x/a (2).fit": frame(4)}


def test_retrieve_replaces_another_file_if_told_to(world: World) -> None:
    """With overwrite, the archived file takes its own name back."""
    world.add("a.fit", frame(4))
    os.makedirs(world.into)
    with open(os.path.join(world.into, "a.fit"), "wb") as file:
        file.write(b"mine")

    world.retrieve("a.fit", overwrite=True)

    assert world.files() == {"a.fit": frame(4)}


def test_retrieve_makes_empty_files_without_a_job(world: World) -> None:
    """An empty file is made from what the catalog knows; no job is started for it."""
    world.add("empty.txt", b"")

    (result,) = world.retrieve("empty")

    assert result.outcome is Outcome.RETRIEVED
    assert world.files() == {"empty.txt": b""}
    assert world.jobs() == []
    assert os.stat(os.path.join(world.into, "empty.txt")).st_mtime_ns == MODIFIED_NS


def test_retrieve_fetches_equal_content_once(world: World) -> None:
    """Two paths that share an archive are filled by one job."""
    archive = world.add("a/one.fit", frame(5))
    world.add_again(archive, "b/two.fit", 5000)

    results = world.retrieve("")

    assert world.files() == {"a/one.fit": frame(5), "b/two.fit": frame(5)}
    assert len(world.jobs()) == 1
    assert {result.outcome for result in results} == {Outcome.RETRIEVED}


def test_retrieve_copies_from_a_file_that_is_there(world: World) -> None:
    """If one of the paths that share an archive is at the destination, the other is copied from it, with no job."""
    archive = world.add("a/one.fit", frame(5))
    world.retrieve("one")
    world.add_again(archive, "b/two.fit", 5000)

    world.retrieve("")

    assert world.files() == {"a/one.fit": frame(5), "b/two.fit": frame(5)}
    assert len(world.jobs()) == 1


def test_retrieve_brings_both_of_two_files_with_one_path(world: World) -> None:
    """Two archives under one path come back both, the second under a name beside it."""
    first = world.add("a.fit", frame(6))
    second = world.add("a.fit", frame(7))

    world.retrieve("", archive_ids=(first.archive_id, second.archive_id), all_versions=True)

    assert sorted(world.files()) == ["a (2).fit", "a.fit"]
    assert set(world.files().values()) == {frame(6), frame(7)}


def test_retrieve_works_with_eight_threads(world: World) -> None:
    """Large and small files, shared ones and members come back through eight threads as through one."""
    expected = {f"large{number}.fit": frame(number, 9 * MIB + number) for number in range(3)}
    expected |= {f"small/{number}.fit": frame(100 + number, 3000) for number in range(40)}
    for path, data in expected.items():
        archive = world.add(path, data)
        if path.endswith("0.fit"):
            world.add_again(archive, f"again/{path}", len(data))
    expected |= {f"again/{path}": data for path, data in expected.items() if path.endswith("0.fit")}
    members = {f"m{number}.fit": frame(200 + number, 2000) for number in range(10)}
    world.add_bundle("Bias.zip", members)
    expected |= {f"Bias/{name}": data for name, data in members.items()}

    results = list(world.retriever(jobs=8).carry_on(world.order("*[!p]", members=True)))

    assert world.files() == expected
    assert len(results) == len(expected)


def test_retrieve_leaves_nothing_unfinished_behind(world: World) -> None:
    """Neither names of unfinished files nor locks stay at the destination."""
    world.add("deep/er/a.fit", frame(8))

    world.retrieve("")

    assert [name for _, _, names in os.walk(world.into) for name in names] == ["a.fit"]
