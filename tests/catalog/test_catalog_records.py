"""What is recorded is found again, once, in its newest version."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog import UNKNOWN_SIZE, Query, open_catalog
from coldframe.catalog.recording import Recording
from coldframe.clock import EPOCH
from coldframe.errors import FormatError
from coldframe.testing.catalogs import STORE, VAULT, a_bundle, a_file, an_archive, an_attempt, digest

if TYPE_CHECKING:
    from coldframe.catalog import Catalog, Entry
    from coldframe.testing.clock import FakeClock


def _plain(entry: Entry) -> Entry:
    """An entry without the catalog's own numbers."""
    return replace(entry, row=0, archive=replace(entry.archive, row=0))


def _paths(catalog: Catalog, query: Query | None = None) -> list[str]:
    return [entry.path for entry in catalog.select(query or Query())]


def test_entry_comes_back_as_it_was_recorded(catalog: Catalog) -> None:
    """Every field of a file, a bundle and its members survives."""
    file = a_file("Subs/é\n☃ a.fit", an_archive(1), modified_ns=-(2**62))
    entries = a_bundle("Subs/Bias.zip", an_archive(2), ("b1.fit", "b2.fit"))
    catalog.record(file.archive, [file])
    catalog.record(entries[0].archive, entries)

    found = [_plain(entry) for entry in catalog.select(Query(members=True))]

    members = [replace(member, head_hash=entries[0].head_hash) for member in entries[1:]]
    assert found == [entries[0], file, *members]


def test_record_survives_reopening(catalog_path: str, clock: FakeClock) -> None:
    """A second opening of the file finds what the first recorded."""
    with open_catalog(catalog_path, clock=clock) as first:
        first.record(an_archive(1), [a_file("a.fit", an_archive(1))])
    with open_catalog(catalog_path, clock=clock) as second:
        assert _paths(second) == ["a.fit"]


def test_record_is_idempotent(catalog: Catalog) -> None:
    """Recording the same archive again adds nothing."""
    entries = a_bundle("Bias.zip", an_archive(1), ("b1.fit",))
    for _ in range(3):
        catalog.record(entries[0].archive, entries)
    assert catalog.count(Query(members=True, all_versions=True)) == (2, entries[0].size + entries[1].size)


def test_newest_version_wins_whatever_the_order_of_recording(catalog: Catalog) -> None:
    """The version with the latest archive is found; all versions are when they are asked for."""
    for number, days in ((1, 5), (2, 9), (3, 7)):
        catalog.record(an_archive(number, days=days), [a_file("a.fit", an_archive(number, days=days))])

    newest = [entry.archive.archive_id for entry in catalog.select(Query())]
    versions = [entry.archive.archive_id for entry in catalog.select(Query(all_versions=True))]

    assert newest == [an_archive(2).archive_id]
    assert versions == [an_archive(number).archive_id for number in (2, 3, 1)]


def test_same_path_of_two_sources_are_two_entries(catalog: Catalog) -> None:
    """Files that are archived under one path from two places do not hide each other."""
    for number in (1, 2):
        archive = an_archive(number)
        catalog.record(archive, [a_file("a.fit", archive, source=f"/disk{number}/a.fit")])
    assert len(_paths(catalog)) == 2


def test_forgotten_archive_uncovers_the_older_version(catalog: Catalog) -> None:
    """Without the newest archive the one before it is the newest again, and its members are gone with a bundle."""
    for number in (1, 2):
        archive = an_archive(number, days=number)
        catalog.record(archive, [a_file("a.fit", archive)])
    entries = a_bundle("Bias.zip", an_archive(3), ("b1.fit",))
    catalog.record(entries[0].archive, entries)

    forgotten = catalog.forget_archives(STORE, VAULT, [an_archive(2).archive_id, an_archive(3).archive_id, "unknown"])

    assert forgotten == 2
    assert [entry.archive.archive_id for entry in catalog.select(Query(members=True))] == [an_archive(1).archive_id]
    assert not list(catalog.find_damage())


def test_contradiction_is_refused(catalog: Catalog) -> None:
    """An archive ID that is known with another tree hash changes nothing."""
    catalog.record(an_archive(1), [a_file("a.fit", an_archive(1))])
    other = an_archive(1, content=7)
    with pytest.raises(FormatError, match="another size or tree hash"):
        catalog.record(other, [a_file("b.fit", other)])
    assert _paths(catalog) == ["a.fit"]


def test_batch_is_recorded_but_for_what_contradicts(catalog: Catalog) -> None:
    """Archives that are recorded together stand or fall each by itself, and their attempts are done with them."""
    catalog.record(an_archive(1), [a_file("a.fit", an_archive(1))])
    rows = catalog.begin([an_attempt("b.fit"), an_attempt("c.fit"), an_attempt("d.fit")])
    archives = [an_archive(2), an_archive(1, content=7), an_archive(3)]
    paths = ["b.fit", "c.fit", "d.fit"]
    refusals = catalog.record_all(
        [
            Recording(archive, [a_file(path, archive)], row)
            for archive, path, row in zip(archives, paths, rows, strict=True)
        ]
    )
    assert [type(refusal) for refusal in refusals] == [type(None), FormatError, type(None)]
    assert _paths(catalog) == ["a.fit", "b.fit", "d.fit"]
    assert [attempt.path for attempt in catalog.attempts(STORE, VAULT)] == ["c.fit"]
    assert not list(catalog.find_damage())


def test_two_versions_in_one_batch_leave_one_newest(catalog: Catalog) -> None:
    """A path that is recorded twice in one transaction has the later archive as its newest version."""
    first, second = an_archive(1, days=1), an_archive(2, days=2)
    batch = [Recording(archive, [a_file("a.fit", archive)]) for archive in (second, first)]
    assert catalog.record_all(batch) == [None, None]
    assert [entry.archive.archive_id for entry in catalog.select(Query())] == [second.archive_id]
    assert catalog.record_all(batch) == [None, None]
    assert len(list(catalog.select(Query(all_versions=True)))) == 2


def test_entry_without_source_learns_it(catalog: Catalog) -> None:
    """After a rebuild, archiving the same file again gives the known entry its source instead of a twin."""
    archive = an_archive(1)
    catalog.record(archive, [a_file("a.fit", archive, source=None)])
    catalog.record_entries(archive, [a_file("a.fit", archive)])
    (entry,) = catalog.select(Query(all_versions=True))
    assert entry.source == "/home/me/a.fit"
    assert catalog.find_sources(STORE, VAULT, ["/home/me/a.fit"])["/home/me/a.fit"].path == "a.fit"


def test_entry_without_source_adds_nothing_to_one_with(catalog: Catalog) -> None:
    """Importing an inventory of what is known leaves the better row alone."""
    archive = an_archive(1)
    catalog.record(archive, [a_file("a.fit", archive)])
    catalog.record(archive, [a_file("a.fit", archive, source=None)])
    (entry,) = catalog.select(Query(all_versions=True))
    assert entry.source == "/home/me/a.fit"


def test_members_of_a_bundle_are_listed_in_its_order(catalog: Catalog) -> None:
    """A bundle's members come as they lie in the zip, for the bundle at hand only."""
    entries = a_bundle("Bias.zip", an_archive(1), ("z.fit", "a.fit"))
    catalog.record(entries[0].archive, entries)
    other = a_bundle("Dark.zip", an_archive(2), ("d.fit",))
    catalog.record(other[0].archive, other)
    assert [entry.path for entry in catalog.members(entries[0])] == ["Bias/z.fit", "Bias/a.fit"]


def test_members_without_a_bundle_are_refused(catalog: Catalog) -> None:
    """A member must lie in something."""
    archive = an_archive(1)
    with pytest.raises(FormatError, match="belong to a bundle"):
        catalog.record(archive, a_bundle("Bias.zip", archive, ("a.fit",))[1:])
    assert not list(catalog.archives(STORE, VAULT))


def test_sources_are_found_in_their_newest_version(catalog: Catalog) -> None:
    """Of a file that was archived twice, under two paths, the later archive is answered; members are no sources."""
    catalog.record(an_archive(1, days=1), [a_file("a.fit", an_archive(1, days=1), source="/x")])
    catalog.record(an_archive(2, days=2), [a_file("b.fit", an_archive(2, days=2), source="/x")])
    entries = a_bundle("Bias.zip", an_archive(3), ("m.fit",))
    catalog.record(entries[0].archive, entries)

    found = catalog.find_sources(STORE, VAULT, ["/x", "/home/me/Bias", "/home/me/Bias/m.fit", "/nowhere"])

    assert {source: entry.path for source, entry in found.items()} == {"/x": "b.fit", "/home/me/Bias": "Bias.zip"}
    assert not catalog.find_sources(STORE, "other", ["/x"])


def test_sources_are_found_in_any_number(catalog: Catalog) -> None:
    """More sources than one statement takes are asked for in batches."""
    batch = [(an_archive(number), [a_file(f"{number}.fit", an_archive(number))]) for number in range(1200)]
    catalog.record_many(batch)
    assert len(catalog.find_sources(STORE, VAULT, [f"/home/me/{number}.fit" for number in range(1300)])) == 1200


def test_content_is_found_by_size_and_first_chunk(catalog: Catalog) -> None:
    """Candidates have the size and the same or an unknown first chunk; the tree hash narrows further."""
    large = 5 << 20
    known = an_archive(1, size=large)
    unknown = an_archive(2, size=large)
    other = an_archive(3, size=large)
    catalog.record(known, [a_file("a", known)])
    catalog.record(unknown, [a_file("b", unknown, source=None)])
    catalog.record(other, [a_file("c", other)])

    found = catalog.find_content(STORE, VAULT, size=large, head_hash=digest(1))
    exact = catalog.find_content(STORE, VAULT, size=large, head_hash=digest(1), tree_hash=digest(2))

    assert {archive.archive_id for archive in found} == {known.archive_id, unknown.archive_id}
    assert [archive.archive_id for archive in exact] == [unknown.archive_id]
    assert not catalog.find_content(STORE, VAULT, size=large + 1, head_hash=digest(1))


def test_content_of_one_chunk_is_found_after_a_rebuild(catalog: Catalog) -> None:
    """An archive of one chunk has its tree hash as the hash of that chunk, so it never is a false candidate."""
    for number in range(10):
        archive = an_archive(number)
        catalog.record(archive, [a_file(f"{number}", archive, source=None)])
    found = catalog.find_content(STORE, VAULT, size=4096, head_hash=digest(4))
    assert [archive.archive_id for archive in found] == [an_archive(4).archive_id]


def test_unknown_size_is_learnt(catalog: Catalog) -> None:
    """An archive that came without a size gets it, and so do its entries and its checksums."""
    archive = an_archive(1, size=UNKNOWN_SIZE)
    catalog.record(archive, [a_file("a.fit", archive, source=None)])
    assert catalog.count(Query()) == (1, 0)

    catalog.learn_size(archive, 77)
    catalog.learn_size(archive, 99)

    (entry,) = catalog.select(Query())
    assert (entry.size, entry.archive.size) == (77, 77)
    assert not list(catalog.find_damage())


def test_attempt_is_kept_until_its_archive_is_recorded(catalog: Catalog) -> None:
    """What was begun is known with its upload and tree hash, and gone in the transaction that records it."""
    first, second = catalog.begin([an_attempt("a.fit"), an_attempt("b.fit")])
    catalog.set_upload(first, "upload-1", 1 << 20)
    catalog.set_tree_hash(first, digest(1))

    kept = catalog.attempts(STORE, VAULT)
    assert kept == [
        replace(an_attempt("a.fit"), row=first, upload_id="upload-1", part_size=1 << 20, tree_hash=digest(1)),
        replace(an_attempt("b.fit"), row=second),
    ]

    catalog.record(an_archive(1), [a_file("a.fit", an_archive(1))], attempt=first)
    catalog.forget(second)
    assert not catalog.attempts(STORE, VAULT)


def test_refused_record_keeps_its_attempt(catalog: Catalog) -> None:
    """Recording is all or nothing: where it fails the attempt stays."""
    catalog.record(an_archive(1), [a_file("a.fit", an_archive(1))])
    (row,) = catalog.begin([an_attempt("b.fit")])
    other = an_archive(1, content=7)
    with pytest.raises(FormatError):
        catalog.record(other, [a_file("b.fit", other)], attempt=row)
    assert [attempt.row for attempt in catalog.attempts(STORE, VAULT)] == [row]


def test_batch_refuses_only_what_contradicts(catalog: Catalog) -> None:
    """In a batch one contradiction is answered, and the others are recorded."""
    catalog.record(an_archive(1), [a_file("a.fit", an_archive(1))])
    wrong = an_archive(1, content=7)
    right = an_archive(2)
    results = catalog.record_many([(wrong, [a_file("b.fit", wrong)]), (right, [a_file("c.fit", right)])])
    assert isinstance(results[0], FormatError)
    assert not isinstance(results[1], FormatError)
    assert results[1].is_new
    assert _paths(catalog) == ["a.fit", "c.fit"]


def test_batch_of_only_new_leaves_known_archives_alone(catalog: Catalog) -> None:
    """A rebuild does not add the description's path beside the one that is known."""
    archive = an_archive(1)
    catalog.record(archive, [a_file("moved/a.fit", archive)])
    catalog.record_many([(archive, [a_file("a.fit", archive, source=None)])], only_new=True)
    assert _paths(catalog) == ["moved/a.fit"]


def test_store_url_is_remembered(catalog: Catalog) -> None:
    """The last URL of an identity is known; an identity that was never opened has none."""
    assert catalog.store_url(STORE) is None
    catalog.store_seen(STORE, "file:///a")
    catalog.store_seen(STORE, "file:///b")
    catalog.record(an_archive(1), [])
    assert catalog.store_url(STORE) == "file:///b"
    assert catalog.store_url("other") is None


def test_store_that_was_only_recorded_has_no_url(catalog: Catalog) -> None:
    """Archives may be imported of a store that was never opened here."""
    catalog.record(an_archive(1), [])
    assert catalog.store_url(STORE) is None
    catalog.store_seen(STORE, "file:///a")
    assert catalog.store_url(STORE) == "file:///a"


def test_unknown_moment_is_kept(catalog: Catalog) -> None:
    """An archive whose moment nobody knows is the oldest of all."""
    unknown = replace(an_archive(1), archived_at=EPOCH)
    catalog.record(an_archive(2), [a_file("a", an_archive(2))])
    catalog.record(unknown, [a_file("a", unknown)])
    (entry,) = catalog.select(Query())
    assert entry.archive.archive_id == an_archive(2).archive_id


def test_note_is_kept(catalog: Catalog) -> None:
    """A small text is left for the next run."""
    assert catalog.note("job") is None
    catalog.set_note("job", "1")
    catalog.set_note("job", "2")
    assert catalog.note("job") == "2"
