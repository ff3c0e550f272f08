"""Between the catalog and the inventory CSV, both ways."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog import UNKNOWN_SIZE, Kind, Query, open_catalog
from coldframe.clock import EPOCH
from coldframe.errors import FormatError
from coldframe.inventory.csv_file import read_inventory, write_inventory
from coldframe.inventory.csv_rows import InventoryRow
from coldframe.inventory.export import export_inventory, with_members
from coldframe.inventory.importing import import_inventory
from coldframe.testing.catalogs import STORE, VAULT, a_bundle, a_file, an_archive, digest

if TYPE_CHECKING:
    from pathlib import Path

    from coldframe.catalog import Catalog, Entry
    from coldframe.testing.clock import FakeClock


@pytest.fixture
def filled(catalog: Catalog) -> Catalog:
    """Two files, an empty one, and a bundle of two."""
    for number in (1, 2):
        catalog.record(an_archive(number), [a_file(f"Subs/{number}.fit", an_archive(number))])
    empty = an_archive(3, size=1)
    catalog.record(empty, [replace(a_file("Subs/empty.txt", empty), size=0)])
    entries = a_bundle("Subs/Bias.zip", an_archive(4), ("b1.fit", "b2.fit"))
    catalog.record(entries[0].archive, entries)
    return catalog


def _known(catalog: Catalog) -> list[Entry]:
    """All entries, without what only a local run knows: rows, sources, signatures, hashes of first chunks."""
    return [
        replace(entry, row=0, source=None, signature=None, head_hash=None, archive=replace(entry.archive, row=0))
        for entry in catalog.select(Query(members=True, all_versions=True))
    ]


def test_export_and_import_give_the_same_catalog(
    filled: Catalog, csv_path: str, tmp_path: Path, clock: FakeClock
) -> None:
    """A catalog that was lost comes back from its inventory: files, empty files, bundles and members."""
    written = export_inventory(filled, Query(), csv_path)
    assert written.added == 6
    with open_catalog(str(tmp_path / "other.sqlite"), clock=clock) as other:
        report = import_inventory(csv_path, other)
        assert _known(other) == _known(filled)
        assert not list(other.find_damage())
    assert (report.rows, report.archives_added, report.entries_added, report.known, report.unusable) == (6, 4, 6, 0, 0)


def test_second_import_changes_nothing(filled: Catalog, csv_path: str) -> None:
    """What the catalog knows is left alone, with its sources."""
    export_inventory(filled, Query(), csv_path)
    before = list(filled.select(Query(members=True)))
    report = import_inventory(csv_path, filled)
    assert (report.archives_added, report.entries_added, report.known) == (0, 0, 6)
    assert list(filled.select(Query(members=True))) == before


def test_members_may_stand_before_their_bundle(
    filled: Catalog, csv_path: str, tmp_path: Path, clock: FakeClock
) -> None:
    """A file that was sorted in a spreadsheet imports as well."""
    export_inventory(filled, Query(), csv_path)
    with open(csv_path, encoding="utf-8") as file:
        header, *rows = file.readlines()
    with open(csv_path, "w", encoding="utf-8") as file:
        file.writelines([header, *reversed(rows)])
    with open_catalog(str(tmp_path / "other.sqlite"), clock=clock) as other:
        report = import_inventory(csv_path, other)
        assert report.unusable == 0
        assert _known(other) == _known(filled)


def test_members_come_back_to_a_rebuilt_bundle(catalog: Catalog, csv_path: str) -> None:
    """A bundle that is known without members gets them from an inventory."""
    entries = a_bundle("Subs/Bias.zip", an_archive(4), ("b1.fit", "b2.fit"))
    write_inventory(csv_path, entries)
    catalog.record(entries[0].archive, [replace(entries[0], source=None)])
    report = import_inventory(csv_path, catalog)
    assert (report.archives_added, report.entries_added) == (0, 2)
    assert [entry.path for entry in catalog.members(entries[0])] == ["Subs/Bias/b1.fit", "Subs/Bias/b2.fit"]


def test_powershell_inventory_is_placed_by_arguments(catalog: Catalog, csv_path: str) -> None:
    """Rows that name neither store nor vault go where the caller says; their sizes are unknown."""
    with open(csv_path, "w", encoding="utf-16") as file:
        file.write(
            f'"FilePath","ArchiveId","Checksum"\r\n"C:\\Subs\\a.fit","{an_archive(1).archive_id}","{digest(1)}"\r\n'
        )
    report = import_inventory(csv_path, catalog, store=STORE, vault_name=VAULT)
    (entry,) = catalog.select(Query("Subs/a.fit", store=STORE, vault_name=VAULT))
    assert report.archives_added == 1
    assert (entry.path, entry.source, entry.size, entry.archive.size) == (
        "C/Subs/a.fit",
        None,
        UNKNOWN_SIZE,
        UNKNOWN_SIZE,
    )
    assert entry.archive.archived_at == EPOCH


def test_unknown_size_is_an_empty_field_again(catalog: Catalog, csv_path: str) -> None:
    """What came without a size goes out without one."""
    archive = replace(an_archive(1, size=UNKNOWN_SIZE), archived_at=EPOCH)
    catalog.record(archive, [a_file("a.fit", archive, source=None)])
    export_inventory(catalog, Query(), csv_path)
    (row,) = read_inventory(csv_path)
    assert isinstance(row, InventoryRow)
    assert (row.size, row.archived_at) == (None, None)


def test_rows_without_a_place_are_refused(catalog: Catalog, csv_path: str) -> None:
    """Without a vault or store nobody could find the archive again."""
    with open(csv_path, "w", encoding="utf-8") as file:
        file.write(f"FilePath,ArchiveId,Checksum\na.fit,{an_archive(1).archive_id},{digest(1)}\n")
    no_vault = import_inventory(csv_path, catalog, store=STORE)
    no_store = import_inventory(csv_path, catalog, vault_name=VAULT)
    assert [error.problem for error in no_vault.errors] == ["it names no vault, and none was given"]
    assert [error.problem for error in no_store.errors] == ["it names no store, and none was given"]
    assert catalog.count(Query()) == (0, 0)


def test_contradictions_and_bad_rows_are_counted(filled: Catalog, csv_path: str) -> None:
    """A row that lies about a known archive, or twice about a new one, is told with its line and changes nothing."""
    lie = an_archive(1, content=77)
    new, twin = an_archive(9), an_archive(9, content=78)
    write_inventory(csv_path, [a_file("lie.fit", lie), a_file("new.fit", new), a_file("twin.fit", twin)])
    with open(csv_path, "a", encoding="utf-8") as file:
        file.write("bad,,\n")
    report = import_inventory(csv_path, filled)
    assert report.archives_added == 1
    assert report.unusable == 3
    assert sorted(error.line for error in report.errors) == [2, 4, 5]
    assert "lie.fit" not in {entry.path for entry in filled.select(Query())}


def test_members_of_an_unknown_bundle_are_refused(catalog: Catalog, csv_path: str) -> None:
    """Members whose bundle has no row, and members of what is a plain file, lie nowhere."""
    entries = a_bundle("Subs/Bias.zip", an_archive(4), ("b1.fit", "b2.fit"))
    write_inventory(csv_path, entries[1:])
    report = import_inventory(csv_path, catalog)
    assert report.unusable == 2
    assert not list(catalog.archives(STORE, VAULT))


def test_import_of_something_else_is_refused(catalog: Catalog, csv_path: str) -> None:
    """A file that is no inventory imports nothing."""
    with open(csv_path, "w", encoding="utf-8") as file:
        file.write("a,b,c\n1,2,3\n")
    with pytest.raises(FormatError):
        import_inventory(csv_path, catalog)


def test_export_follows_the_query(filled: Catalog, csv_path: str) -> None:
    """Only what was asked for is written, a bundle always with its members, a found member alone."""
    assert export_inventory(filled, Query("Subs/1.fit"), csv_path).added == 1
    assert export_inventory(filled, Query("Bias.zip"), csv_path).added == 3
    assert export_inventory(filled, Query("b2.fit"), csv_path).added == 0
    assert export_inventory(filled, Query(members=True), csv_path).added == 2


def test_members_follow_a_bundle_that_has_no_row(filled: Catalog) -> None:
    """An entry that comes from a run rather than from the catalog has its members too."""
    bundle = replace(next(iter(filled.select(Query("Bias.zip")))), row=0)
    assert [entry.kind for entry in with_members(filled, [bundle])] == [Kind.BUNDLE, Kind.MEMBER, Kind.MEMBER]


def test_same_bytes_under_two_paths_keep_both(
    catalog: Catalog, csv_path: str, tmp_path: Path, clock: FakeClock
) -> None:
    """One archive that was recorded under two paths has two rows, and both come back."""
    archive = an_archive(1)
    catalog.record(archive, [a_file("a.fit", archive), a_file("copy/a.fit", archive)])
    assert export_inventory(catalog, Query(), csv_path).added == 2
    with open_catalog(str(tmp_path / "other.sqlite"), clock=clock) as other:
        report = import_inventory(csv_path, other)
        assert (report.archives_added, report.entries_added) == (1, 2)
        assert _known(other) == _known(catalog)
