"""Search: words and patterns, in any case, quick over many."""

from __future__ import annotations

import time
from fnmatch import fnmatch
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldframe.catalog import Query, open_catalog, searching
from coldframe.catalog.searching import is_match
from coldframe.clock import SystemClock
from coldframe.testing.catalogs import STORE, VAULT, a_bundle, a_file, an_archive
from coldframe.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.catalog import Catalog

PATHS = (
    "Subs/Light/2024-01-05/M33_Light_Blue_180sec__1x1_frame1.fit",
    "Subs/Light/2024-01-05/M33_Light_Red_180sec__1x1_frame1.fit",
    "Subs/Light/2024-02-11/M33_Light_Blue_180sec__1x1_frame2.fit",
    "Subs/Dark/d1.fit",
    "Notizen/Größe [neu].txt",
    "bytes:%FFraw",
    'odd "quoted" AND OR NOT * (x).fit',
)


@pytest.fixture
def filled(catalog: Catalog) -> Catalog:
    """The founding paths, and a bundle."""
    for number, path in enumerate(PATHS):
        catalog.record(an_archive(number), [a_file(path, an_archive(number))])
    entries = a_bundle("Subs/Bias.zip", an_archive(99), ("bias_001.fit", "bias_002.fit"))
    catalog.record(entries[0].archive, entries)
    return catalog


def _find(catalog: Catalog, text: str, *, members: bool = False) -> set[str]:
    query = Query(text, members=members)
    found = [entry.path for entry in catalog.select(query)]
    assert catalog.count(query)[0] == len(found)
    return set(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("blue", {PATHS[0], PATHS[2]}),
        ("m33 BLUE frame2", {PATHS[2]}),
        ("d1", {PATHS[3]}),
        ("D", {PATHS[1], PATHS[3], PATHS[6]}),
        ("größe", {PATHS[4]}),
        ("GRÖSSE", set()),
        ("GRÖßE", {PATHS[4]}),
        ("/Light/", set(PATHS[:3])),
        ("./Subs/Light/", set(PATHS[:3])),
        ("/Subs/Dark", {PATHS[3]}),
        ("./Light", set(PATHS[:3])),
        ("./ight", set()),
        ('"quoted"', {PATHS[6]}),
        ("AND", {PATHS[6]}),
        ("nothing-has-this", set()),
        ("Light/*_Blue_*", {PATHS[0], PATHS[2]}),
        ("*.FIT", {*PATHS[:4], PATHS[6]}),
        ("*frame?.fit", set(PATHS[:3])),
        ("Dark", {PATHS[3]}),
        ("d?.fit", {PATHS[3]}),
        ("d[0-9].fit", {PATHS[3]}),
        ("*[[]neu]*", {PATHS[4]}),
        (r"Light\*_Red_*", {PATHS[1]}),
        ("/Light/*", set()),
        ("/Subs/Light/*_Red_*", {PATHS[1]}),
        ("%FF", {PATHS[5]}),
        ("\udcffraw", {PATHS[5]}),
        ("*\udcff*", {PATHS[5]}),
        ("blue\0frame", set()),
        ("_", {*PATHS[:3]}),
    ],
)
def test_text_finds(filled: Catalog, text: str, expected: set[str]) -> None:
    """Words must all occur, a pattern must match, neither heeds case, and nothing in them is a command."""
    assert _find(filled, text) - {"Subs/Bias.zip"} - _members() == expected


def _members() -> set[str]:
    return {"Subs/Bias/bias_001.fit", "Subs/Bias/bias_002.fit"}


def test_members_come_when_only_they_match(filled: Catalog) -> None:
    """A member is found where its bundle is not; a bundle that is found stands for all its members."""
    assert _find(filled, "bias_002") == {"Subs/Bias/bias_002.fit"}
    assert _find(filled, "bias") == {"Subs/Bias.zip"}
    assert _find(filled, "bias", members=True) == {"Subs/Bias.zip", *_members()}
    assert _find(filled, "Bias/*") == _members()


def test_empty_text_finds_all_but_members(filled: Catalog) -> None:
    """Without a text every file and bundle is found, members only on request."""
    assert _find(filled, "") == {*PATHS, "Subs/Bias.zip"}
    assert _find(filled, "  ", members=True) == {*PATHS, "Subs/Bias.zip", *_members()}


def test_query_narrows_to_vault_store_and_archives(filled: Catalog) -> None:
    """Store, vault and archive IDs each narrow what is found."""
    ids = (an_archive(0).archive_id, an_archive(3).archive_id)
    assert filled.count(Query(store=STORE, vault_name=VAULT))[0] == len(PATHS) + 1
    assert filled.count(Query(vault_name="other"))[0] == 0
    assert filled.count(Query(store="other"))[0] == 0
    assert [entry.path for entry in filled.select(Query("light", archive_ids=ids))] == [PATHS[0]]


def test_abandoned_select_lets_go(filled: Catalog) -> None:
    """Who stops listening half-way leaves nothing behind that would hold up writers or later readers."""
    for _ in range(50):
        listening = filled.select(Query())
        next(listening)
    assert len(list(filled.select(Query()))) == len(PATHS) + 1
    filled.record(an_archive(50), [a_file("later", an_archive(50))])
    assert _find(filled, "later") == {"later"}


def test_select_sees_one_moment(filled: Catalog) -> None:
    """What is recorded while a query is being read is not mixed into it."""
    listening = filled.select(Query())
    next(listening)
    filled.record(an_archive(50), [a_file("zz later", an_archive(50))])
    assert "zz later" not in {entry.path for entry in listening}


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (Query(), "SCAN entry USING INDEX entry_listing"),
        (Query(vault_name=VAULT), "SEARCH entry USING INDEX entry_listing (vault=?)"),
        (Query("zz", store=STORE, vault_name=VAULT), "SEARCH entry USING INDEX entry_listing (vault=?)"),
        (Query("blue", vault_name=VAULT), "SEARCH entry USING INTEGER PRIMARY KEY (rowid=?)"),
        (Query(vault_name=VAULT, archive_ids=("a",)), "SEARCH entry USING INDEX entry_archive (archive=?)"),
        (Query(archive_ids=("a",), all_versions=True), "SEARCH entry USING INDEX entry_archive (archive=?)"),
    ],
)
def test_every_query_has_its_index(filled: Catalog, query: Query, index: str) -> None:
    """No query reads more entries than it must, and a listing comes sorted out of its index."""
    with filled.database.read() as connection:
        searching.install(connection)
        sql, bindings = searching.select_sql(query, vaults=filled._vaults(query), members=False)
        plan = [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", bindings)]
    assert plan[0] == index
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan or "listing" not in index


_NAMES = st.text(alphabet="abAB01_-. ß漢/", min_size=1, max_size=8)
_TEXTS = st.text(alphabet="abAB01_-. ß漢/*?[]\"'", max_size=6)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Catalog, list[str]]]:
    """Many short paths over a small alphabet."""
    path = str(tmp_path_factory.mktemp("corpus") / "catalog.sqlite")
    letters = "abAB01_-.ß漢/"
    paths = [f"{a}{b}{c}{a}{d}" for a in letters for b in letters for c in "a1/" for d in "b_漢"]
    with open_catalog(path, clock=FakeClock()) as catalog:
        archives = [an_archive(number) for number in range(len(paths))]
        catalog.record_many([(a, [a_file(p, a)]) for a, p in zip(archives, paths, strict=True)])
        yield catalog, paths


@settings(max_examples=300, deadline=None)
@given(text=_TEXTS)
def test_index_finds_what_the_exact_rule_finds(corpus: tuple[Catalog, list[str]], text: str) -> None:
    """Whatever the text, the trigram index never loses a path that the exact rule accepts."""
    catalog, paths = corpus
    expected = {path for path in paths if is_match(text.strip(), path)}
    assert {entry.path for entry in catalog.select(Query(text))} == expected


@given(word=st.text(alphabet="abAB_.", min_size=1, max_size=4), path=_NAMES)
def test_word_is_a_pattern_with_stars(word: str, path: str) -> None:
    """One word finds what the pattern of that word between stars finds."""
    assert is_match(word, path) == fnmatch(path.lower(), f"*{word.lower()}*")


@pytest.mark.slow
def test_search_over_100000_archives_is_quick(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Figures for the reader; what is asserted is that the answers are right and come as a stream."""
    clock = SystemClock()
    path = str(tmp_path_factory.mktemp("large") / "catalog.sqlite")
    with open_catalog(path, clock=FakeClock()) as catalog:
        started = clock.monotonic()
        for start in range(0, 100_000, 5000):
            numbers = range(start, start + 5000)
            catalog.record_many([(an_archive(n), [a_file(_founding(n), an_archive(n))]) for n in numbers])
        print(f"\n100,000 archives recorded in {clock.monotonic() - started:.1f} s")
        for text, expected in (
            ("frame77777.fit", 1),
            ("m33 blue frame7777", 3),
            ("*_Blue_*frame1234?.fit", 2),
            ("7z", 0),
            ("*.fit", 100_000),
            ("", 100_000),
        ):
            _time(catalog, text, expected)
        started = clock.monotonic()
        found = catalog.find_sources(STORE, VAULT, [f"/home/me/{_founding(n)}" for n in range(0, 100_000, 10)])
        print(f"10,000 sources looked up in {(clock.monotonic() - started) * 1000:.0f} ms")
        assert len(found) == 10_000


def _founding(number: int) -> str:
    colour = ("Lum", "Red", "Green", "Blue")[number % 4]
    return f"Subs/Light/2024-{number % 12 + 1:02d}-05/M33_Light_{colour}_180sec__1x1_frame{number}.fit"


def _time(catalog: Catalog, text: str, expected: int) -> None:
    started = time.perf_counter()
    listening = catalog.select(Query(text))
    first = next(listening, None)
    to_first = time.perf_counter() - started
    count = sum(1 for _ in listening) + (first is not None)
    to_last = time.perf_counter() - started
    print(f"{text!r:28} {count:7} found, the first after {to_first * 1000:6.1f} ms, all {to_last * 1000:7.1f} ms")
    assert count == expected
