"""What an inventory job has brought and somebody has kept."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog import Query
from coldframe.errors import FormatError
from coldframe.inventory.rebuild import rebuild_from_file
from coldframe.inventory.saved import saved_inventory
from coldframe.inventory.vault_json import BadItem, Item
from coldframe.testing.catalogs import STORE, digest

if TYPE_CHECKING:
    from pathlib import Path

    from coldframe.catalog import Catalog

_HEADER = "ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash\n"


def _line(number: int, written: str) -> str:
    return f"a{number},{written},2015-04-06T22:00:00Z,{number},{digest(number)}\n"


@pytest.mark.parametrize(
    ("written", "description"),
    [
        ('""', ""),
        ('"Subs/a.fit"', "Subs/a.fit"),
        ('"a, b, and c"', "a, b, and c"),
        ('"say \\"cheese\\""', 'say "cheese"'),
        ('"ends in a backslash\\"', "ends in a backslash\\"),
        ('"a\\\\"b"', 'a\\"b'),
        ("plain", "plain"),
    ],
)
def test_csv_of_a_job_is_read_as_it_is_written(tmp_path: Path, written: str, description: str) -> None:
    """Quotes with a backslash, backslashes as they are, commas inside: the description is exactly what was given."""
    path = tmp_path / "kept.csv"
    path.write_text(_HEADER + _line(7, written), encoding="utf-8")
    with saved_inventory(str(path)) as inventory:
        assert inventory is not None
        (item,) = inventory
    assert isinstance(item, Item)
    assert (item.archive_id, item.description, item.size) == ("a7", description, 7)


@pytest.mark.parametrize(
    "line", ["a,b", "x" * 200_000, f"a1,,yesterday,1,{digest(1)}", f"a1,,2015-04-06T22:00:00Z,-1,{digest(1)}"]
)
def test_line_that_is_none_is_told(tmp_path: Path, line: str) -> None:
    """Those around it are read."""
    path = tmp_path / "kept.csv"
    path.write_text(_HEADER + _line(1, '""') + line + "\n" + _line(2, '""'), encoding="utf-8")
    with saved_inventory(str(path)) as inventory:
        found = list(inventory or ())
    assert isinstance(found[0], Item)
    assert isinstance(found[1], BadItem)
    assert isinstance(found[-1], Item)


@pytest.mark.parametrize(
    ("bom", "encoding"), [(b"", "utf-8"), (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le")]
)
@pytest.mark.parametrize("form", ["csv", "json"])
def test_file_of_any_encoding_fills_the_catalog(
    tmp_path: Path, catalog: Catalog, bom: bytes, encoding: str, form: str
) -> None:
    """As PowerShell and others redirect it; the rebuild needs no store, and a second one changes nothing."""
    text = _HEADER + _line(5, '"Subs/a.fit"')
    if form == "json":
        text = '{"ArchiveList":[{"ArchiveId":"a5","ArchiveDescription":"Subs/a.fit","CreationDate":'
        text += f'"2015-04-06T22:00:00Z","Size":5,"SHA256TreeHash":"{digest(5)}"}}]}}'
    path = tmp_path / "kept"
    path.write_bytes(bom + text.encode(encoding))
    for added, known in ((1, 0), (0, 1)):
        report = rebuild_from_file(str(path), catalog, store=STORE, vault_name="v")
        assert report is not None
        assert (report.added, report.known, report.missing) == (added, known, 0)
    assert [entry.path for entry in catalog.select(Query())] == ["Subs/a.fit"]


def test_other_files_are_not_taken_for_one(tmp_path: Path, catalog: Catalog) -> None:
    """A user's inventory CSV is another thing; JSON that breaks off is an error."""
    path = tmp_path / "kept"
    for text in ("", "FilePath,ArchiveId,Checksum\n", "hello"):
        path.write_text(text, encoding="utf-8")
        assert rebuild_from_file(str(path), catalog, store=STORE, vault_name="v") is None
    path.write_text('{"ArchiveList":[', encoding="utf-8")
    with pytest.raises(FormatError, match="inventory"):
        rebuild_from_file(str(path), catalog, store=STORE, vault_name="v")
