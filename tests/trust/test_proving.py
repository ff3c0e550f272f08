"""Which local files are safe to delete: only those whose every proof holds."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog import ArchiveRecord, Query
from coldframe.catalog.deleting import Deletions
from coldframe.composition.archives import find_archives
from coldframe.composition.freeing import free
from coldframe.composition.locks import run_lock
from coldframe.errors import Busy
from coldframe.inventory.importing import import_inventory
from coldframe.testing.catalogs import digest
from trust.world import VAULT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ran
    from coldframe.composition.proving import Proof
    from trust.world import World


def _why(world: World, name: str) -> str:
    return world.prove()[1][name].detail


def _safe(world: World) -> set[str]:
    return {name for name, proof in world.prove()[1].items() if proof.is_safe}


def test_file_is_safe_only_with_the_vault_s_own_word(world: World) -> None:
    """Not when it is archived, and not by an inventory from before; but when one has named its archive."""
    world.compare()  # made before the vault had anything
    world.clock.advance(hours=1)
    world.archive(a=b"a", empty=b"", Bias__b=b"b")
    assert "archived after the vault's last inventory" in _why(world, "a")
    world.compare()
    assert _safe(world) == set()
    world.clock.advance(days=1)
    world.compare()
    proving, proofs = world.prove()
    assert {name for name, proof in proofs.items() if proof.is_safe} == {"a", "empty", "b"}
    assert {proof.copies for name, proof in proofs.items() if name != "empty"} == {1}
    assert all(tally.is_safe for tally in proving.folders.values())
    world.clock.advance(hours=1)
    world.archive(new=b"new")
    assert "archived after the vault's last inventory" in _why(world, "new")
    assert _safe(world) == {"a", "empty", "b"}


def test_members_of_a_bundle_are_safe_by_their_sha256(prompt: World) -> None:
    """Each for itself; one that was changed is not, and neither is its folder."""
    prompt.archive("Bias", Bias__b1=b"one", Bias__b2=b"two", light=b"light")
    prompt.compare()
    assert _safe(prompt) == {"b1", "b2", "light"}
    (prompt.folder / "Bias/b1.fit").write_bytes(b"ONE")
    proving, proofs = prompt.prove()
    assert {name for name, proof in proofs.items() if proof.is_safe} == {"b2", "light"}
    bias = proving.folders[str(prompt.folder / "Bias")]
    assert (bias.files, bias.safe, bias.is_safe) == (2, 1, False)
    assert not proving.folders[str(prompt.folder)].is_safe


def test_changed_damaged_and_touched_files_differ(prompt: World) -> None:
    """Other bytes are never safe, whatever the file's time says; the same bytes with another time are."""
    prompt.archive(grown=b"x", changed=b"xx", rotten=b"yy", touched=b"zz")
    prompt.compare()
    times = {path.stem: path.stat().st_mtime_ns for path in prompt.folder.iterdir()}
    for name, data in (("grown", b"longer"), ("changed", b"XX"), ("rotten", b"YY"), ("touched", b"zz")):
        (prompt.folder / f"{name}.fit").write_bytes(data)
        time = times[name] + (10**9 if name != "rotten" else 0)
        os.utime(prompt.folder / f"{name}.fit", ns=(time, time))
    _, proofs = prompt.prove()
    assert {name: proof.is_safe for name, proof in proofs.items()} == {
        "grown": False,
        "changed": False,
        "rotten": False,
        "touched": True,
    }
    assert "its size differs" in proofs["grown"].detail
    assert "its bytes differ, its time does not" in proofs["rotten"].detail
    assert "modification time" in proofs["touched"].detail


def test_archive_that_is_gone_or_going_is_no_proof(prompt: World) -> None:
    """Missing in the last inventory, about to be deleted, or deleted: not safe."""
    prompt.archive(gone=b"gone", going=b"going", stays=b"stays")
    prompt.compare()
    prompt.clock.advance(1)
    prompt.store.delete_archive(VAULT, prompt.archive_id("gone"))
    assert _safe(prompt) == {"gone", "going", "stays"}  # nobody can know before the next inventory
    deletions = Deletions(prompt.coldframe.catalog.database, prompt.store.identity)
    deletions.begin(VAULT, [prompt.archive_id("going")])
    prompt.clock.advance(hours=1)
    prompt.compare()
    assert _safe(prompt) == {"stays"}
    assert "not in the vault's last inventory" in _why(prompt, "gone")
    assert "being deleted" in _why(prompt, "going")


def test_inventory_that_is_too_old_proves_nothing(prompt: World) -> None:
    """A month is enough to delete everything; who knows better says so."""
    prompt.archive(a=b"a")
    prompt.compare()
    prompt.clock.advance(days=31)
    assert "31d" in _why(prompt, "a")
    assert prompt.prove(max_age=timedelta(days=40))[1]["a"].is_safe
    prompt.compare()
    assert _safe(prompt) == {"a"}


def test_what_a_csv_says_is_no_proof(prompt: World, tmp_path: Path) -> None:
    """An archive that came into the catalog by an import after the inventory was read was not seen by anybody."""
    prompt.archive(a=b"a")
    prompt.compare()
    (entry,) = prompt.coldframe.catalog.select(Query())
    (prompt.folder / "b.fit").write_bytes(b"b")
    lie = replace(entry.archive, archive_id="x" * 138, tree_hash=digest(1), row=0)
    source = str(prompt.folder / "b.fit")
    prompt.coldframe.catalog.record(lie, [replace(entry, path="b.fit", source=source, archive=lie, row=0, size=1)])
    path = tmp_path / "inv.csv"
    path.write_text(f"FilePath,ArchiveId,Checksum,Vault\nc.fit,{'y' * 138},{digest(2)},{VAULT}\n", encoding="utf-8")
    import_inventory(str(path), prompt.coldframe.catalog, store=prompt.store.identity)
    assert _safe(prompt) == {"a"}


def test_everything_in_a_folder_counts(prompt: World) -> None:
    """A link, a file that archiving leaves out, a name that is no Unicode: whatever would go with the folder."""
    prompt.coldframe.settings = replace(prompt.coldframe.settings, exclude=("*.tmp",))
    prompt.archive(Light__a=b"a", Dark__d=b"d")
    prompt.compare()
    assert prompt.prove()[0].total.is_safe
    (prompt.folder / "Light/left.tmp").write_bytes(b"left out")
    assert not prompt.prove()[0].folders[str(prompt.folder / "Light")].is_safe
    assert prompt.prove()[0].folders[str(prompt.folder / "Dark")].is_safe
    (prompt.folder / "Light/left.tmp").unlink()
    (prompt.folder / "Light/link").symlink_to("a.fit")
    assert not prompt.prove()[0].folders[str(prompt.folder)].is_safe
    (prompt.folder / "Light/link").unlink()
    if os.name != "nt":
        odd = os.fsencode(prompt.folder / "Dark") + b"/\xff.fit"
        with open(odd, "wb") as file:
            file.write(b"odd")
        proving, _ = prompt.prove()
        assert not proving.folders[str(prompt.folder / "Dark")].is_safe
        assert not proving.folders[str(prompt.folder)].is_safe


def test_folder_named_twice_counts_for_the_outer_one(prompt: World) -> None:
    """`verify A A/B`: what is in B is in A, too."""
    prompt.archive(Light__a=b"a")
    prompt.compare()
    (prompt.folder / "Light/new.fit").write_bytes(b"new")
    proving, _ = prompt.prove(prompt.folder, prompt.folder / "Light")
    assert not proving.folders[str(prompt.folder)].is_safe
    assert proving.total.files == 2


def test_copies_are_counted_where_they_are_proven(prompt: World) -> None:
    """Two archives with the same bytes, alone or in bundles, count when inventories have named them."""
    prompt.store.create_vault("other")
    prompt.archive(a=b"same")
    receipt_of = {entry.path: entry for entry in prompt.coldframe.catalog.select(Query())}
    (entry,) = receipt_of.values()
    other = ArchiveRecord(
        **{f: getattr(entry.archive, f) for f in entry.archive.__dataclass_fields__} | {"vault_name": "other", "row": 0}
    )
    prompt.coldframe.catalog.record(other, [replace(entry, archive=other, source=None, row=0)])
    prompt.compare()
    assert prompt.prove()[1]["a"].copies == 1


# --- the consequence --------------------------------------------------------------------------------------------------


def _free(world: World, meanwhile: Callable[[], object] = lambda: None) -> dict[str, str]:
    proving, proofs = world.prove()
    meanwhile()
    return {freed.proof.path.rpartition("/")[2]: freed.kept for freed in free(proving, proofs.values())}


def _left(world: World) -> set[str]:
    return {path.stem for path in world.folder.rglob("*") if path.is_file()}


def test_only_proven_files_are_removed(prompt: World) -> None:
    """Folders stay, and so does what is not safe."""
    prompt.archive(Light__a=b"a", b=b"b")
    prompt.compare()
    prompt.clock.advance(1)
    (prompt.folder / "new.fit").write_bytes(b"new")
    assert _free(prompt) == {"a.fit": "", "b.fit": ""}
    assert _left(prompt) == {"new"}
    assert (prompt.folder / "Light").is_dir()


def test_file_that_changes_after_its_proof_stays(prompt: World) -> None:
    """It is looked at once more, just before."""
    prompt.archive(a=b"a", b=b"b")
    prompt.compare()
    kept = _free(prompt, lambda: (prompt.folder / "a.fit").write_bytes(b"A"))
    assert "changed" in kept["a.fit"]
    assert _left(prompt) == {"a"}


def test_archive_that_goes_after_the_proof_keeps_its_file(prompt: World) -> None:
    """Also if a deletion was only begun and its run was killed: it is finished first."""
    prompt.archive(a=b"a", b=b"b")
    prompt.compare()

    def meanwhile() -> None:
        prompt.delete("a")
        Deletions(prompt.coldframe.catalog.database, prompt.store.identity).begin(VAULT, [prompt.archive_id("b")])

    kept = _free(prompt, meanwhile)
    assert all(kept.values())
    assert _left(prompt) == {"a", "b"}


def test_bundle_that_is_not_safe_as_a_whole_stays(prompt: World) -> None:
    """What is left of one would become another bundle; the same if only a part of it is named."""
    prompt.archive("Bias", Bias__b1=b"one", Bias__sub__b2=b"two", light=b"light")
    prompt.compare()
    proving, proofs = prompt.prove(prompt.folder / "Bias/sub")
    assert ["name the whole folder" in freed.kept for freed in free(proving, proofs.values())] == [True]
    (prompt.folder / "Bias/new.fit").write_bytes(b"new")
    kept = _free(prompt)
    assert {name for name, why in kept.items() if not why} == {"light.fit"}
    (prompt.folder / "Bias/new.fit").unlink()
    assert not any(_free(prompt).values())
    assert _left(prompt) == set()


def test_nothing_is_removed_while_another_run_is_at_work(prompt: World) -> None:
    """An archive run or a deletion holds the catalog."""
    prompt.archive(a=b"a")
    prompt.compare()
    coldframe = prompt.coldframe
    with run_lock(coldframe.home.locks, "archive", clock=coldframe.clock, files=coldframe.files), pytest.raises(Busy):
        _free(prompt)
    assert _left(prompt) == {"a"}


def test_member_whose_hash_nobody_knows_is_not_safe(prompt: World) -> None:
    """A CRC-32 from a zip's directory is no proof."""
    prompt.archive("Bias", Bias__b1=b"one")
    prompt.compare()
    catalog = prompt.coldframe.catalog
    bundle, member = (*catalog.select(Query()), *(each for each in catalog.select(Query(members=True)) if each.member))
    ((archive),) = find_archives(prompt.coldframe, VAULT, [bundle.path])
    catalog.forget_archives(prompt.store.identity, VAULT, [archive.archive_id])
    assert member.member is not None
    unknown: list[Proof] = []
    catalog.record(bundle.archive, [bundle, replace(member, member=replace(member.member, sha256=""))])
    prompt.clock.advance(1)
    prompt.compare()
    unknown.extend(prompt.prove()[1].values())
    assert [proof.is_safe for proof in unknown] == [False]
    assert "SHA-256" in unknown[0].detail


# --- the command ------------------------------------------------------------------------------------------------------


def test_command_says_by_its_code_what_a_script_wants_to_know(cli: Callable[..., Ran], archived: Path) -> None:
    """3 before the vault has said anything and 0 after; --delete-source asks, rehearses, and frees."""
    command = ("verify", "Subs", "--vault", "astro", "--safe-to-delete")
    ran = cli(*command)
    assert (ran.code, ran.out.count("no inventory of the vault")) == (3, 1)
    with_csv = cli(*command, "-o", "csv")
    assert with_csv.out.splitlines()[0].startswith("verdict,size,copies,file_path,kind,")
    while cli(*command).code == 3:  # an inventory of the second in which a file was archived does not name it yet
        assert cli("inventory", "refresh", "--vault", "astro").code == 0
    ran = cli(*command, "-o", "json")
    assert {row["verdict"] for row in ran.rows} == {"safe"}
    assert {row["kind"] for row in ran.rows} == {"file", "member", "folder"}
    assert len(cli(*command).out.splitlines()) == 2
    asked = cli(*command, "--delete-source")
    assert (asked.code, "--yes" in asked.err) == (2, True)
    assert cli(*command, "--delete-source", "--dry-run").code == 0
    assert any(path.is_file() for path in archived.rglob("*"))
    ran = cli(*command, "--delete-source", "--yes", "-o", "json")
    assert ran.code == 0, ran.err
    assert {row["verdict"] for row in ran.rows} == {"safe", "removed"}
    assert not any(path.is_file() for path in archived.rglob("*"))
    assert cli(*command).code == 4
    assert cli("retrieve", "*", "--into", "back", "--vault", "astro", "--yes").code == 0


@pytest.mark.parametrize(
    "flags",
    [
        ("--safe-to-delete",),
        ("--safe-to-delete", "--deep", "Subs"),
        ("--delete-source", "Subs"),
        ("--max-age", "3d", "Subs"),
        ("--safe-to-delete", "--max-age", "long ago", "Subs"),
    ],
)
def test_flags_that_make_no_sense_are_refused(cli: Callable[..., Ran], archived: Path, flags: tuple[str, ...]) -> None:
    """Nothing is looked at."""
    assert cli("verify", "--vault", "astro", *flags).code == 2


def test_place_that_is_not_there_is_not_safe(cli: Callable[..., Ran], archived: Path) -> None:
    """A script that mistypes a folder hears no 0."""
    assert cli("verify", "Sub", "--vault", "astro", "--safe-to-delete").code == 3
