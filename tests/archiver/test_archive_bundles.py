"""Archiving folders as zips: members known, bytes the same on every run, nothing sent twice."""

from __future__ import annotations

import io
import os
import random
import zipfile
import zlib
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from archiver.people import nobody
from coldframe.archiver import bundle_try, members, part_buffer
from coldframe.archiver.members import list_bundle
from coldframe.archiver.scan import FoundBundle, Rules, Unreadable, find_roots, scan
from coldframe.catalog import Kind, Query
from coldframe.inventory.description import decode_description
from coldframe.model import MIB
from coldframe.patterns import Patterns
from coldframe.progress import Advanced, Outcome
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from pathlib import Path

    from archiver.conftest import World
    from coldframe.archiver import FileResult
    from coldframe.catalog import Entry

MEMBERS = {
    "bias 1.fit": random.Random(1).randbytes(MIB + 5),
    "bias 2.fit": b"sky" * 900_000,
    "deep/er/note": b"",
    "deep/žluťoučký\n🌌": b"note",
}


def fill(world: World, folder: str = "Bias") -> None:
    """Write the members."""
    for path, data in MEMBERS.items():
        world.write(f"{folder}/{path}", data)


def zip_run(world: World, **options: object) -> dict[str, FileResult]:
    """A run that zips Bias."""
    return world.run(zip_patterns=("Bias",), **options)


def members_of(world: World, result: FileResult) -> list[Entry]:
    """The members that the catalog has of a bundle."""
    assert result.archive_id is not None
    found = world.catalog.select(Query(archive_ids=(result.archive_id,), members=True))
    return [entry for entry in found if entry.kind is Kind.MEMBER]


@pytest.mark.parametrize("part_size", [MIB, 64 * MIB], ids=["parts", "single request"])
def test_a_folder_becomes_one_zip_that_holds_its_files(world: World, part_size: int) -> None:
    """The archive is a zip with a folder of that name; its entry and its description say what it is."""
    fill(world)
    world.write("beside")
    results = world.by_path(world.archiver(part_size=part_size).archive(world.request(zip_patterns=("Bias",))))
    assert {path: result.kind for path, result in results.items()} == {"Bias.zip": Kind.BUNDLE, "beside": Kind.FILE}
    result = results["Bias.zip"]
    data = world.fetch(result.archive_id)
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert {info.orig_filename: opened.read(info) for info in opened.infolist()} == {
            f"Bias/{path}": content for path, content in MEMBERS.items()
        }
    assert result.tree_hash == tree_hash(data)
    entry = result.entry
    assert entry is not None
    assert (entry.kind, entry.size, entry.archive.size) == (Kind.BUNDLE, len(data), len(data))
    described = decode_description(entry.archive.description)
    assert described is not None
    assert (described.path, described.kind) == (result.path, Kind.BUNDLE)
    assert described.size == result.size == sum(map(len, MEMBERS.values()))


def test_members_are_recorded_with_their_places(world: World) -> None:
    """From the catalog alone each member can be cut out of the archive, unpacked and checked."""
    fill(world)
    result = zip_run(world)["Bias.zip"]
    data = world.fetch(result.archive_id)
    found = members_of(world, result)
    assert {world.short(entry.path).removeprefix("Bias/") for entry in found} == set(MEMBERS)
    for entry in found:
        place = entry.member
        assert place is not None
        raw = data[place.data_offset : place.data_offset + place.compressed_size]
        content = zlib.decompress(raw, -15) if place.method == "deflated" else raw
        assert content == MEMBERS[place.name.removeprefix("Bias/")]
        assert (entry.size, place.sha256) == (len(content), sha256(content).hexdigest())
        assert entry.source == os.path.join(world.subs, place.name)
        assert entry.modified_ns == os.stat(entry.source).st_mtime_ns


def test_an_unchanged_folder_is_not_zipped_again(world: World) -> None:
    """A bundle whose members have the same names, sizes and times is unchanged; any change makes a new archive."""
    fill(world)
    first = zip_run(world)["Bias.zip"]
    again = zip_run(world)["Bias.zip"]
    assert (again.outcome, again.archive_id) == (Outcome.UNCHANGED, first.archive_id)
    assert len(again.read) == len(MEMBERS)
    world.write("Bias/new", b"one more")
    third = zip_run(world)["Bias.zip"]
    assert third.outcome is Outcome.ARCHIVED
    assert world.count_archives() == 2


def test_checksum_zips_a_folder_to_compare_it(world: World) -> None:
    """With checksum an unchanged bundle is proved by its tree hash, and hidden changes are found."""
    fill(world)
    first = zip_run(world)["Bias.zip"]
    assert zip_run(world, checksum=True)["Bias.zip"].outcome is Outcome.UNCHANGED
    location = os.path.join(world.subs, "Bias", "bias 1.fit")
    status = os.stat(location)
    world.write("Bias/bias 1.fit", bytes(status.st_size))
    os.utime(location, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert zip_run(world)["Bias.zip"].outcome is Outcome.UNCHANGED
    found = zip_run(world, checksum=True)["Bias.zip"]
    assert (found.outcome, found.archive_id == first.archive_id) == (Outcome.ARCHIVED, False)


def test_an_equal_folder_elsewhere_is_recorded(world: World) -> None:
    """A folder of the same name, files and times makes the same zip, which is not sent twice, members and all."""
    fill(world, "one/Bias")
    for path in MEMBERS:
        os.utime(os.path.join(world.subs, "one/Bias", path), ns=(0, 10**18))
    first = world.by_path(world.archiver(part_size=64 * MIB).archive(world.request(zip_patterns=("Bias",))))
    os.rename(os.path.join(world.subs, "one"), os.path.join(world.subs, "two"))
    again = world.by_path(world.archiver(part_size=64 * MIB).archive(world.request(zip_patterns=("Bias",))))
    assert again["two/Bias.zip"].outcome is Outcome.RECORDED
    assert again["two/Bias.zip"].archive_id == first["one/Bias.zip"].archive_id
    assert world.count_archives() == 1
    paths = {world.short(entry.path) for entry in members_of(world, again["two/Bias.zip"])}
    assert {path for path in paths if path.startswith("two/")} == {f"two/Bias/{path}" for path in MEMBERS}


def test_links_inside_are_left_out_and_told(world: World) -> None:
    """A link or FIFO inside a bundle is no member, and is answered with its reason, also when nothing changed."""
    fill(world)
    os.symlink("bias 1.fit", os.path.join(world.subs, "Bias", "link"))
    os.mkfifo(os.path.join(world.subs, "Bias", "fifo"))
    for expected in (Outcome.ARCHIVED, Outcome.UNCHANGED):
        results = zip_run(world)
        assert results["Bias.zip"].outcome is expected
        assert (results["Bias/link"].outcome, results["Bias/fifo"].detail) == (Outcome.LEFT_OUT, "a FIFO")
        assert len(members_of(world, results["Bias.zip"])) == len(MEMBERS)


def test_a_folder_with_nothing_to_zip_is_left_out(world: World) -> None:
    """An empty folder makes no archive."""
    os.makedirs(os.path.join(world.subs, "Bias", "empty"))
    (result,) = zip_run(world).values()
    assert (result.outcome, result.detail) == (Outcome.LEFT_OUT, "a folder with nothing to zip")


def test_a_folder_of_which_nothing_can_be_read_is_told_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be read has failed; that nothing is left to zip is no news beside that."""
    world.write("Bias/secret")
    monkeypatch.setattr(members, "is_readable", lambda _source: False)
    ((path, result),) = zip_run(world).items()
    assert (path, result.outcome) == ("Bias/secret", Outcome.FAILED)


def test_an_unreadable_member_is_told_and_left_out_of_the_zip(public_folder: Path) -> None:
    """A member without permission, or with a path that no zip can hold, is told; the others are listed."""
    (public_folder / "Bias").mkdir()
    for name in ("a", "secret"):
        (public_folder / "Bias" / name).write_bytes(b"x")
    os.chmod(public_folder / "Bias" / "secret", 0)
    rules = Rules(zipped=Patterns(["Bias"]))
    (found,) = scan(find_roots([str(public_folder)], rules), rules)
    assert isinstance(found, FoundBundle)
    with nobody():
        bundle = list_bundle(found, rules)
    assert [member.name for member in bundle.members] == ["Bias/a"]
    (other,) = bundle.others
    assert isinstance(other, Unreadable)
    assert "not in the zip" in other.reason


def test_parts_larger_than_memory_wait_in_a_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts beyond the limit for memory go through a temporary file and make the same archive."""
    fill(world)
    first = zip_run(world)["Bias.zip"]
    monkeypatch.setattr(part_buffer, "MOST_IN_MEMORY", MIB - 1)
    again = zip_run(world, checksum=True, dedupe=False)["Bias.zip"]
    assert again.outcome is Outcome.UNCHANGED
    world.catalog.forget_archives(world.store.identity, "astrodata", [first.archive_id or ""])
    sent = zip_run(world)["Bias.zip"]
    assert (sent.outcome, sent.tree_hash) == (Outcome.ARCHIVED, first.tree_hash)
    assert world.fetch(sent.archive_id) == world.fetch(first.archive_id)


@pytest.mark.parametrize("part_size", [MIB, 8 * MIB], ids=["parts", "single request"])
def test_the_head_of_a_zip_is_its_first_chunk(world: World, part_size: int) -> None:
    """As of a file, so that the same bytes are recognized whichever way they came."""
    world.write("Bias/noise", random.Random(2).randbytes(6 * MIB))
    request = world.request(zip_patterns=("Bias",))
    result = world.by_path(world.archiver(part_size=part_size).archive(request))["Bias.zip"]
    assert result.entry is not None
    assert result.entry.head_hash == sha256(world.fetch(result.archive_id)[:MIB]).hexdigest()


def test_parts_of_a_bundle_are_no_larger_than_32_mib(world: World) -> None:
    """Whatever part size is configured, what waits in memory is small."""
    assert bundle_try._PART_SIZE == 32 * MIB
    assert part_buffer.MOST_IN_MEMORY == 64 * MIB


def test_progress_of_a_bundle_counts_the_bytes_of_its_members(world: World) -> None:
    """Bytes told as safe add up to the members', not to the zip's."""
    fill(world)
    result = zip_run(world)["Bias.zip"]
    told = [event.size for event in world.events if isinstance(event, Advanced)]
    assert sum(told) == result.size
    assert len(told) > 1


def test_many_bundles_wait_for_their_turn(world: World) -> None:
    """More bundles than may be open at once are all archived."""
    for number in range(30):
        world.write(f"{number}/Bias/a", b"%d" % number)
    results = world.by_path(world.archiver(jobs=6).archive(world.request(zip_patterns=("Bias",))))
    assert len(results) == 30
    assert {result.outcome for result in results.values()} == {Outcome.ARCHIVED}
