"""A lost catalog comes back from the vault."""

from __future__ import annotations

import json
import re
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldframe.catalog import ArchiveRecord, Kind, Query
from coldframe.errors import FormatError, NotReady, ResourceNotFound
from coldframe.inventory import rebuild
from coldframe.inventory.description import Described, encode_description
from coldframe.inventory.rebuild import JOB_DESCRIPTION, described_entry, rebuild_catalog
from coldframe.inventory.vault_json import BadItem, Item, VaultInventory
from coldframe.model import InventoryRetrieval, TierWaits
from coldframe.testing.bodies import BytesBody
from coldframe.testing.catalogs import a_file, an_archive, digest
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coldframe.catalog import Catalog
    from coldframe.service import VaultService
    from coldframe.testing.clock import FakeClock

VAULT = "astrodata"


def _describe(path: str, size: int, kind: Kind = Kind.FILE) -> str:
    return encode_description(Described(path=path, kind=kind, size=size, modified_ns=5))


def _upload(store: VaultService, data: bytes, description: str) -> str:
    receipt = store.upload_archive(VAULT, BytesBody(data), description=description, tree_hash=tree_hash(data))
    return receipt.archive_id


def _jobs(store: VaultService) -> int:
    return len(store.list_jobs(VAULT).items)


@pytest.fixture
def store(service: VaultService) -> VaultService:
    """An embedded store with one vault."""
    service.create_vault(VAULT)
    return service


def test_catalog_comes_back_from_the_vault(store: VaultService, catalog: Catalog) -> None:
    """Files, bundles and empty files are back under their paths with size and time; strangers under what they say."""
    ids = [
        _upload(store, b"blue", _describe("Subs/Light/blue.fit", 4)),
        _upload(store, b"zipzip", _describe("Subs/Bias.zip", 6, Kind.BUNDLE)),
        _upload(store, b"\0", _describe("Subs/empty.txt", 0)),
        _upload(store, b"theirs", "C:\\Users\\me\\theirs.fit"),
        _upload(store, b"nameless", "A wonderful night"),
    ]
    report = rebuild_catalog(store, catalog, VAULT)
    assert (report.added, report.known, report.unreadable, report.newer, report.missing) == (5, 0, 0, 0, 0)

    entries = {entry.archive.archive_id: entry for entry in catalog.select(Query())}
    found = [(entries[i].path, entries[i].kind, entries[i].size, entries[i].modified_ns) for i in ids]
    assert found == [
        ("Subs/Light/blue.fit", Kind.FILE, 4, 5),
        ("Subs/Bias.zip", Kind.BUNDLE, 6, 5),
        ("Subs/empty.txt", Kind.FILE, 0, 5),
        ("C/Users/me/theirs.fit", Kind.FILE, 6, None),
        (f"archive/{ids[4][-12:]}/A wonderful night", Kind.FILE, 8, None),
    ]
    assert entries[ids[0]].archive.tree_hash == tree_hash(b"blue")
    assert entries[ids[2]].archive.size == 1
    assert not list(catalog.find_damage())


def test_second_rebuild_adds_only_what_is_new(store: VaultService, catalog: Catalog, clock: FakeClock) -> None:
    """What is known stays as it is; a new archive is found by a new inventory."""
    _upload(store, b"one", _describe("1.fit", 3))
    rebuild_catalog(store, catalog, VAULT)
    clock.advance(60)
    _upload(store, b"two", _describe("2.fit", 3))
    report = rebuild_catalog(store, catalog, VAULT)
    assert (report.added, report.known) == (1, 1)
    assert {entry.path for entry in catalog.select(Query())} == {"1.fit", "2.fit"}


def test_local_rows_are_kept(store: VaultService, catalog: Catalog) -> None:
    """A known archive keeps its path and source, whatever its description says."""
    archive_id = _upload(store, b"one", _describe("1.fit", 3))
    archive = ArchiveRecord(
        store=store.identity,
        vault_name=VAULT,
        archive_id=archive_id,
        size=3,
        tree_hash=tree_hash(b"one"),
        description="",
        archived_at=an_archive(1).archived_at,
    )
    catalog.record(archive, [a_file("moved/1.fit", archive)])
    report = rebuild_catalog(store, catalog, VAULT)
    assert (report.added, report.known) == (0, 1)
    assert [(entry.path, entry.source) for entry in catalog.select(Query())] == [
        ("moved/1.fit", "/home/me/moved/1.fit")
    ]


def test_absent_archives_are_newer_or_missing(store: VaultService, catalog: Catalog, clock: FakeClock) -> None:
    """What the inventory does not name may be newer than it; what is older than it is gone. Neither is dropped."""
    _upload(store, b"one", _describe("1.fit", 3))
    old = replace(an_archive(7, days=-1), store=store.identity)
    new = replace(an_archive(8), store=store.identity, archived_at=clock.now())
    for archive in (old, new):
        catalog.record(archive, [a_file(f"{archive.archive_id[-1]}.fit", archive)])
    report = rebuild_catalog(store, catalog, VAULT)
    assert (report.newer, report.missing) == (1, 1)
    assert [archive.archive_id for archive in report.examples] == [old.archive_id]
    assert catalog.count(Query())[0] == 3


def test_job_that_is_not_ready_is_resumed(
    open_service: Callable[..., VaultService], catalog: Catalog, clock: FakeClock
) -> None:
    """While the store prepares the inventory one job is waited for, however often one asks; then it is used once."""
    store = open_service(waits=TierWaits(inventory_seconds=4 * 3600))
    store.create_vault(VAULT)
    _upload(store, b"one", _describe("1.fit", 3))
    messages = set()
    for _ in range(3):
        with pytest.raises(NotReady) as refused:
            rebuild_catalog(store, catalog, VAULT)
        messages.add(str(refused.value))
        clock.advance(hours=1)
    assert len(messages) == 1
    assert _jobs(store) == 1
    assert store.list_jobs(VAULT).items[0].job_id in messages.pop()

    clock.advance(hours=2)
    assert rebuild_catalog(store, catalog, VAULT).added == 1
    assert _jobs(store) == 1

    with pytest.raises(NotReady):  # it has been used: the next rebuild wants a new inventory
        rebuild_catalog(store, catalog, VAULT)
    assert _jobs(store) == 2


def test_outdated_job_is_used_where_a_new_one_takes_time(
    open_service: Callable[..., VaultService], catalog: Catalog, clock: FakeClock
) -> None:
    """A vault that changed after the job began does not start the waiting over; a new job is begun beside it."""
    store = open_service(waits=TierWaits(inventory_seconds=3600))
    store.create_vault(VAULT)
    _upload(store, b"one", _describe("1.fit", 3))
    with pytest.raises(NotReady):
        rebuild_catalog(store, catalog, VAULT)
    clock.advance(hours=1.5)
    _upload(store, b"two", _describe("2.fit", 3))
    assert rebuild_catalog(store, catalog, VAULT).added == 1
    clock.advance(hours=1)
    assert rebuild_catalog(store, catalog, VAULT).added == 1


def test_jobs_of_others_are_left_alone(store: VaultService, catalog: Catalog) -> None:
    """Inventory jobs that were not begun here, or are about a part of the vault, are not used."""
    _upload(store, b"one", _describe("1.fit", 3))
    requests = [InventoryRetrieval(description="mine"), InventoryRetrieval(description=JOB_DESCRIPTION, limit=1)]
    others = {store.initiate_job(VAULT, request) for request in requests}
    report = rebuild_catalog(store, catalog, VAULT)
    assert _jobs(store) == 3
    assert report.job_id not in others


def test_vault_that_is_not_there_says_so(service: VaultService, catalog: Catalog) -> None:
    """A mistyped vault is the store's error."""
    with pytest.raises(ResourceNotFound):
        rebuild_catalog(service, catalog, "nowhere")


def test_rebuild_takes_many_archives_in_batches(
    store: VaultService, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More archives than one transaction takes are all there afterwards."""
    monkeypatch.setattr(rebuild, "_BATCH", 7)
    for number in range(40):
        _upload(store, b"%d" % number, _describe(f"{number}.fit", len(str(number))))
    assert rebuild_catalog(store, catalog, VAULT).added == 40
    assert catalog.count(Query())[0] == 40


@pytest.mark.parametrize(
    ("description", "path"),
    [
        ("", "archive/000000000007"),
        ("M33_Light_Blue.fit", "M33_Light_Blue.fit"),
        ("\\\\nas\\Subs\\a.fit", "nas/Subs/a.fit"),
        ("Subs/a b.fit", "Subs/a b.fit"),
        ("../../etc/passwd.txt", "etc/passwd.txt"),
        ("no name at all", "archive/000000000007/no name at all"),
        ('{"Path": "a.fit"}', "a.fit"),
        ("a\nb.fit", "archive/000000000007/a_b.fit"),
        ("<m><v>4</v></m>", "archive/000000000007/<m><v>4<_v><_m>"),
    ],
)
def test_foreign_description_is_a_path_if_it_looks_like_one(description: str, path: str) -> None:
    """A file name as a description, as the founding workflow writes it, is believed; other texts are not."""
    assert described_entry(replace(an_archive(7), description=description)).path == path


def test_description_that_does_not_fit_the_archive_keeps_the_archive_s_size() -> None:
    """A description that was copied to another archive cannot make a file look longer than its bytes."""
    entry = described_entry(replace(an_archive(7), description=_describe("a.fit", 99)))
    assert (entry.path, entry.size) == ("a.fit", 4096)


def test_paths_too_long_for_a_description_stay_apart() -> None:
    """Two long paths with the same end do not become one entry."""
    ends = ["".join(chr(0x4E00 + (number * step) % 20000) for number in range(2000)) + "/same.fit" for step in (7, 11)]
    paths = {described_entry(replace(an_archive(7), description=_describe(end, 4096))).path for end in ends}
    assert len(paths) == 2
    assert all(re.fullmatch(r"shortened/[0-9a-f]{12}/.*/same\.fit", path) for path in paths)


# --- the JSON of the vault --------------------------------------------------------------------------------------------


def _value(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "ArchiveId": f"a{number}",
        "ArchiveDescription": f'nasty "{number}" \\ {{ [ ☃',
        "CreationDate": "2015-04-06T22:00:00Z",
        "Size": number,
        "SHA256TreeHash": digest(number),
    } | changes


def _text(values: list[Any], **others: Any) -> str:
    whole = {"VaultARN": "arn:aws:glacier:us-west-2:1:vaults/v", "InventoryDate": "2015-04-07T00:26:18Z"}
    return json.dumps(whole | others | {"ArchiveList": values})


def _pieces(data: bytes, step: int) -> Iterator[bytes]:
    return (data[start : start + step] for start in range(0, len(data), step))


@given(count=st.integers(0, 8), step=st.integers(1, 300), indent=st.sampled_from([None, 2]), is_ascii=st.booleans())
def test_inventory_is_read_in_any_pieces(count: int, step: int, indent: int | None, *, is_ascii: bool) -> None:
    """However the bytes are cut and the JSON is laid out, the archives are the same."""
    whole = {
        "ArchiveList": [_value(n) for n in range(count)],
        "x": [1.5, {"y": None}],
        "InventoryDate": "2015-04-07T00:26:18Z",
    }
    data = json.dumps(whole, indent=indent, ensure_ascii=is_ascii).encode()
    inventory = VaultInventory(_pieces(data, step))
    items = list(inventory)
    assert [item.size for item in items if isinstance(item, Item)] == list(range(count))
    assert all(isinstance(item, Item) and item.description == _value(item.size)["ArchiveDescription"] for item in items)
    assert str(inventory.inventory_at) == "2015-04-07 00:26:18+00:00"


@pytest.mark.parametrize(
    "value",
    [
        None,
        17,
        [],
        {},
        _value(1, Size="1"),
        _value(1, Size=True),
        _value(1, Size=-1),
        _value(1, Size=10**18),
        _value(1, ArchiveId="../x"),
        _value(1, ArchiveId=5),
        _value(1, SHA256TreeHash="12"),
        _value(1, SHA256TreeHash=None),
        _value(1, CreationDate="yesterday"),
        _value(1, CreationDate=1428357600),
        _value(1, ArchiveDescription=["x"]),
        _value(1, ArchiveDescription="x" * 5000),
    ],
)
def test_dishonest_item_is_told_and_passed_over(value: object) -> None:
    """An item that no inventory can hold is one problem; those around it are read."""
    before, bad, after = VaultInventory([_text([_value(1), value, _value(2)]).encode()])
    assert isinstance(before, Item)
    assert isinstance(bad, BadItem)
    assert bad.number == 2
    assert isinstance(after, Item)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"ArchiveList": {}}',
        '{"ArchiveList": [',
        _text([_value(1)])[:-2],
        _text([_value(1)])[:-1],
        _text([_value(1), _value(2)]).replace("}, {", "} {"),
        '{"ArchiveList": [' + "[" * 100_000,
        '{"ArchiveList": [' + "9" * 100_000 + "]}",
        '{"ArchiveList": ["' + "x" * 1_000_000 + '"]}',
        "<html>Service Unavailable</html>",
    ],
)
def test_what_is_no_inventory_is_refused(text: str) -> None:
    """Other texts, texts that break off, and texts that would never end raise FormatError."""
    with pytest.raises(FormatError, match="inventory"):
        list(VaultInventory(_pieces(text.encode(), 4096)))


def test_memory_stays_flat_over_many_archives() -> None:
    """An inventory of 5,000 archives, more than 1 MB, is read in a fraction of that."""
    item = json.dumps(_value(1))

    def buffers() -> Iterator[bytes]:
        yield b'{"ArchiveList":['
        for number in range(5000):
            yield f"{',' if number else ''}{item}".encode()
        yield b"]}"

    tracemalloc.start()
    count = sum(1 for _ in VaultInventory(buffers()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 5000
    assert peak < 200_000


def test_archive_that_is_named_twice_counts_once(catalog: Catalog, store: VaultService) -> None:
    """A store that names an archive twice does not make two of it."""

    class Doubling:
        """The store, whose inventory is what the test says."""

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def get_job_output(self, _vault_name: str, _job_id: str) -> Any:
            return _Output([_text([_value(1), _value(1), None]).encode()])

    report = rebuild_catalog(Doubling(), catalog, VAULT)  # type: ignore[arg-type]  # it is the store but for one method
    assert (report.added, report.unreadable) == (1, 2)
    assert len(report.problems) == 2


class _Output(list[bytes]):
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return
