"""The inventory CSV: read from anybody, extended and never replaced."""

from __future__ import annotations

import csv
import io
import os
import re
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldframe.catalog import Entry, Kind, MemberPlace
from coldframe.errors import Busy, FormatError
from coldframe.files import DiskFiles
from coldframe.inventory.csv_file import Written, check_inventory, read_inventory, write_inventory
from coldframe.inventory.csv_records import MAX_RECORD, RowError
from coldframe.inventory.csv_rows import COLUMNS, InventoryRow, foreign_path
from coldframe.names import write_path
from coldframe.testing.catalogs import a_bundle, a_file, an_archive, digest
from coldframe.testing.faulty import Counting, Fault
from coldframe.testing.recording import TappedFiles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ID_1, ID_2 = an_archive(1).archive_id, an_archive(2).archive_id
HASH_1, HASH_2 = digest(1), digest(2)


def _write(path: str, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _rows(path: str) -> list[InventoryRow]:
    rows = list(read_inventory(path))
    assert all(isinstance(row, InventoryRow) for row in rows), rows
    return [row for row in rows if isinstance(row, InventoryRow)]


def _errors(path: str) -> list[RowError]:
    return [row for row in read_inventory(path) if isinstance(row, RowError)]


def _files(*numbers: int) -> list[Entry]:
    return [a_file(f"Subs/{number}.fit", an_archive(number)) for number in numbers]


# --- what PowerShell writes -------------------------------------------------------------------------------------------

EXPORT_CSV_5 = (
    "#TYPE Amazon.PowerShell.Cmdlets.GLC.FileUploadResult\r\n"
    '"FilePath","ArchiveId","Checksum"\r\n'
    f'"C:\\Users\\me\\Subs\\Light\\M33, ""Blue"".fit","{ID_1}","{HASH_1}"\r\n'
    f'"\\\\nas\\astro\\Subs\\größe.fit","{ID_2}","{HASH_2.upper()}"\r\n'
)
PATHS_5 = ['C/Users/me/Subs/Light/M33, "Blue".fit', "nas/astro/Subs/größe.fit"]


@pytest.mark.parametrize(
    "content",
    [
        EXPORT_CSV_5.encode("utf-8"),
        EXPORT_CSV_5.encode("utf-8-sig"),
        EXPORT_CSV_5.encode("utf-16"),
        "\ufeff".encode("utf-16-be") + EXPORT_CSV_5.encode("utf-16-be"),
        EXPORT_CSV_5.encode("utf-16-le"),
        EXPORT_CSV_5.encode("utf-16-be"),
        EXPORT_CSV_5.partition("\r\n")[2].encode("utf-8"),
        EXPORT_CSV_5.replace("\r\n", "\n").encode("utf-8"),
        EXPORT_CSV_5.replace('","', '";"').encode("utf-8-sig"),
        EXPORT_CSV_5.replace('","', '"\t"').encode("utf-16"),
        EXPORT_CSV_5.replace("FilePath", "filepath").replace("ArchiveId", "ARCHIVEID").encode("utf-8"),
        (EXPORT_CSV_5 + "\r\n\r\n").encode("utf-8"),
    ],
    ids=[
        "UTF-8",
        "UTF-8 with BOM",
        "UTF-16 LE with BOM",
        "UTF-16 BE with BOM",
        "UTF-16 LE bare",
        "UTF-16 BE bare",
        "NoTypeInformation",
        "LF",
        "semicolons of a culture",
        "tabs",
        "other case",
        "blank lines",
    ],
)
def test_every_form_of_export_csv_is_read(csv_path: str, content: bytes) -> None:
    """Whatever the edition, encoding and culture of the PowerShell that wrote it, the rows are the same."""
    _write(csv_path, content)
    rows = _rows(csv_path)
    assert [row.path for row in rows] == PATHS_5
    assert [row.archive_id for row in rows] == [ID_1, ID_2]
    assert [row.tree_hash for row in rows] == [HASH_1, HASH_2]
    assert {row.kind for row in rows} == {Kind.FILE}
    assert {(row.size, row.vault_name, row.store) for row in rows} == {(None, None, None)}


def test_columns_may_come_in_any_order_with_others(csv_path: str) -> None:
    """What a Select-Object put in another order, with properties of its own, is read by the names of the columns."""
    _write(csv_path, f"Note,Checksum,Size,ArchiveId,FilePath\nx,{HASH_1},17,{ID_1},Subs/a.fit\n".encode())
    (row,) = _rows(csv_path)
    assert (row.path, row.archive_id, row.tree_hash, row.size) == ("Subs/a.fit", ID_1, HASH_1, 17)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("C:\\Users\\me\\a.fit", "C/Users/me/a.fit"),
        ("c:/Users/me/a.fit", "c/Users/me/a.fit"),
        ("\\\\server\\share\\a.fit", "server/share/a.fit"),
        ("/home/me/a.fit", "home/me/a.fit"),
        ("/home/me/back\\slash.fit", "home/me/back\\slash.fit"),
        (".\\Subs\\a.fit", "Subs/a.fit"),
        ("..\\..\\a.fit", "a.fit"),
        ("a.fit", "a.fit"),
        ("\\", ""),
    ],
)
def test_foreign_path_becomes_one_of_ours(text: str, path: str) -> None:
    """Drives, servers, roots and dots are taken as `archive` takes them."""
    assert foreign_path(text) == path


# --- what is wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (f",{ID_1},{HASH_1}", "FilePath is empty"),
        (f"a.fit,,{HASH_1}", "ArchiveId is missing"),
        (f"a.fit,{ID_1},", "Checksum is missing"),
        (f"a.fit,{ID_1},{HASH_1[:-1]}", "Checksum"),
        (f"a.fit,two words,{HASH_1}", "ArchiveId"),
        (f"a\0.fit,{ID_1},{HASH_1}", "NUL"),
        (f"a.fit,{ID_1},{HASH_1},v,s,1,,,file,,,,,,,,one too many", "fields"),
        (f"a.fit,{ID_1},{HASH_1},no/vault", "Vault"),
        (f"a.fit,{ID_1},{HASH_1},v,s,-5", "number of bytes"),
        (f"a.fit,{ID_1},{HASH_1},v,s,99999999999999999", "number of bytes"),
        (f"a.fit,{ID_1},{HASH_1},v,s,1,05/01/2024", "ModifiedAt"),
        (f"a.fit,{ID_1},{HASH_1},v,s,1,,soon", "ArchivedAt"),
        (f"a.fit,{ID_1},{HASH_1},v,s,1,,,folder", "Kind"),
        (f"a.fit,{ID_1},{HASH_1},v,s,1,,,member", "Member"),
        (f"a.fit,{ID_1},{HASH_1},v,s,1,,,member,m,1,2,3,zstd,,0", "MemberMethod"),
        (f"a.fit,{ID_1},{HASH_1},v,s,1,,,member,m,,2,3,stored,,0", "memberoffset"),
        (f"a.fit,{ID_1},{HASH_1},v,s,1,,,member,m,1,2,3,stored,,xyz", "MemberCrc32"),
    ],
)
def test_bad_row_is_told_with_its_line(csv_path: str, row: str, problem: str) -> None:
    """A row that cannot be used is told with its line, and those around it are read."""
    good = f"b.fit,{ID_2},{HASH_2}\n"
    _write(csv_path, f"{','.join(COLUMNS)}\n{good}{row}\n{good}".encode())
    before, bad, after = read_inventory(csv_path)
    assert isinstance(before, InventoryRow)
    assert isinstance(bad, RowError)
    assert isinstance(after, InventoryRow)
    assert bad.line == 3
    assert problem in bad.problem
    assert after.line == 4


def test_quote_that_never_ends_costs_one_row(csv_path: str) -> None:
    """Where a quote is left open, that line is reported and the next ones are read."""
    lines = [f"{number}.fit,{ID_1},{HASH_1}" for number in range(3000)]
    lines[10] = f'"10.fit,{ID_1},{HASH_1}'
    _write(csv_path, ("FilePath,ArchiveId,Checksum\n" + "\n".join(lines) + "\n").encode())
    rows = list(read_inventory(csv_path))
    assert len(rows) == 3000
    assert [row.line for row in rows if isinstance(row, RowError)] == [12]


def test_endless_line_is_reported_in_bounded_memory(csv_path: str) -> None:
    """A field of 64 MB is an error of its line; no more of it is in memory than a record may have."""
    with open(csv_path, "wb") as file:
        file.write(b"FilePath,ArchiveId,Checksum\n")
        file.writelines(b"x" * (1 << 20) for _ in range(64))
        file.write(f"\nb.fit,{ID_2},{HASH_2}\n".encode())
    tracemalloc.start()
    bad, good = read_inventory(csv_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(bad, RowError)
    assert isinstance(good, InventoryRow)
    assert (bad.line, good.line) == (2, 3)
    assert peak < 20 * MAX_RECORD


def test_bytes_that_are_no_utf8_are_told(csv_path: str) -> None:
    """A file of an 8-bit code page is not guessed at."""
    _write(csv_path, f"FilePath,ArchiveId,Checksum\ngröße.fit,{ID_1},{HASH_1}\n".encode("cp1252"))
    (error,) = _errors(csv_path)
    assert "no text" in error.problem


@pytest.mark.parametrize(
    "content", [b"a,b,c\n1,2,3\n", b"\x89PNG\r\n\x1a\n" * 100, b"FilePath,ArchiveId\na,b\n", b"\n"]
)
def test_file_that_is_no_inventory_is_refused(csv_path: str, content: bytes) -> None:
    """Neither read, nor extended, nor touched."""
    _write(csv_path, content)
    with pytest.raises(FormatError, match="not an inventory"):
        list(read_inventory(csv_path))
    with pytest.raises(FormatError, match="not an inventory"):
        write_inventory(csv_path, _files(1))
    with pytest.raises(FormatError, match="not an inventory"):
        check_inventory(csv_path)
    assert _bytes(csv_path) == content
    assert os.listdir(os.path.dirname(csv_path)) == [os.path.basename(csv_path)]


@settings(max_examples=300, deadline=None)
@given(body=st.binary(max_size=400))
def test_any_bytes_behind_the_header_are_read(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    """Nothing that a file can hold makes reading end in anything but rows and errors with lines."""
    path = str(tmp_path_factory.mktemp("fuzz") / "x.csv")
    _write(path, b"FilePath,ArchiveId,Checksum\n" + body)
    assert all(row.line >= 2 for row in read_inventory(path))


# --- what we write ----------------------------------------------------------------------------------------------------


def test_inventory_begins_with_the_founding_columns(csv_path: str) -> None:
    """FilePath, ArchiveId and Checksum first, as the cmdlets write them; ISO moments; one row a file."""
    archive = an_archive(1, days=1)
    written = write_inventory(csv_path, [a_file("Subs/a.fit", archive, modified_ns=1704490380_123456789)])
    assert _bytes(csv_path).decode() == (
        "FilePath,ArchiveId,Checksum,Vault,Store,Size,ModifiedAt,ArchivedAt,Kind,Member,MemberOffset,MemberDataOffset,"
        "MemberSize,MemberMethod,MemberSha256,MemberCrc32\n"
        f"Subs/a.fit,{ID_1},{HASH_1},astrodata,coldframe:0123456789abcdef,4096,2024-01-05T21:33:00.123456789Z,"
        "2040-01-02T00:00:00Z,file,,,,,,,\n"
    )
    assert written == Written(csv_path, added=1, kept=0)


_TEXTS = st.text(min_size=1, max_size=40).filter(lambda text: "\0" not in text)
_NAMES = st.one_of(
    _TEXTS, _TEXTS.map(lambda text: f"={text}"), st.text("'=+-@\t\r\n\",; ", min_size=1), st.binary(min_size=1)
)
_PATHS = _NAMES.map(lambda name: name if isinstance(name, str) else os.fsdecode(name.replace(b"\0", b"x")))


@st.composite
def _entries(draw: st.DrawFn) -> Entry:
    archive = an_archive(draw(st.integers(0, 10**9)))
    kind = draw(st.sampled_from(Kind))
    place = MemberPlace(
        name=write_path(draw(_PATHS)),
        header_offset=draw(st.integers(0, 2**40)),
        data_offset=draw(st.integers(0, 2**40)),
        compressed_size=draw(st.integers(0, 2**40)),
        method=draw(st.sampled_from(["stored", "deflated"])),
        sha256=draw(st.sampled_from(["", digest(5)])),
        crc32=draw(st.integers(0, 2**32 - 1)),
    )
    return Entry(
        path=write_path(draw(_PATHS)),
        kind=kind,
        size=draw(st.integers(0, 2**44)),
        modified_ns=draw(st.none() | st.integers(-(2**63), 2**63 - 1)),
        archive=archive,
        member=place if kind is Kind.MEMBER else None,
    )


@settings(max_examples=100, deadline=None)
@given(
    entries=st.lists(_entries(), max_size=5, unique_by=lambda entry: entry.archive.archive_id), is_safe=st.booleans()
)
def test_entry_comes_back_from_the_csv(
    tmp_path_factory: pytest.TempPathFactory, entries: list[Entry], *, is_safe: bool
) -> None:
    """Any path, moment and member survives, with and without the guard for spreadsheets; a second time adds nothing."""
    path = str(tmp_path_factory.mktemp("csv") / "x.csv")
    write_inventory(path, entries, is_safe=is_safe)
    assert write_inventory(path, entries, is_safe=not is_safe).added == 0

    rows = {(row.archive_id, row.path, row.place): row for row in _rows(path)}
    for entry in entries:
        row = rows[entry.archive.archive_id, entry.path, entry.member]
        assert (row.kind, row.size, row.modified_ns) == (entry.kind, entry.size, entry.modified_ns)
        assert (row.vault_name, row.store) == (entry.archive.vault_name, entry.archive.store)
        assert (row.tree_hash, row.archived_at) == (entry.archive.tree_hash, entry.archive.archived_at)


def test_python_reads_what_we_write(csv_path: str) -> None:
    """The file is plain CSV: the csv module of any Python finds the same fields."""
    write_inventory(csv_path, [a_file('a "b", c\r\nd\n.fit', an_archive(1)), *_files(2)])
    with open(csv_path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["FilePath"] for row in rows] == ['a "b", c\r\nd\n.fit', "Subs/2.fit"]
    assert rows[0]["ArchiveId"] == ID_1


@pytest.mark.parametrize("first", list("=+-@\t\r"))
def test_formula_is_guarded_on_request(csv_path: str, first: str) -> None:
    """With the guard nothing in the file begins like a formula, and without it the path is as it is."""
    entry = a_file(f"{first}cmd|' /C calc'!A0", an_archive(1))
    write_inventory(csv_path, [entry])
    assert [row.path for row in _rows(csv_path)] == [entry.path]
    os.rename(csv_path, f"{csv_path}.plain")
    write_inventory(csv_path, [entry], is_safe=True)
    with open(csv_path, encoding="utf-8", newline="") as file:
        values = [value for row in csv.reader(file) for value in row]
    assert not [value for value in values if value[:1] in {"=", "+", "-", "@", "\t", "\r"}]
    assert [row.path for row in _rows(csv_path)] == [entry.path]


# --- extending --------------------------------------------------------------------------------------------------------


def test_existing_inventory_is_extended(csv_path: str) -> None:
    """Old rows stay as they are and where they are, known rows are not doubled, new rows come behind them."""
    write_inventory(csv_path, _files(1, 2))
    before = _bytes(csv_path)
    written = write_inventory(csv_path, _files(2, 3))
    assert _bytes(csv_path).startswith(before)
    assert written == Written(csv_path, added=1, kept=2)
    assert [row.path for row in _rows(csv_path)] == ["Subs/1.fit", "Subs/2.fit", "Subs/3.fit"]


def test_changed_file_gets_another_row(csv_path: str) -> None:
    """A new version of a file is another archive: both rows are kept."""
    write_inventory(csv_path, [a_file("a.fit", an_archive(1))])
    write_inventory(csv_path, [a_file("a.fit", an_archive(2))])
    assert [row.archive_id for row in _rows(csv_path)] == [ID_1, ID_2]


def test_bundle_and_members_have_rows_of_their_own(csv_path: str) -> None:
    """One row for the bundle, one for each member with the member's own path and the bundle's archive ID."""
    entries = a_bundle("Subs/Bias.zip", an_archive(1), ("b1.fit", "b2.fit"))
    write_inventory(csv_path, entries)
    rows = _rows(csv_path)
    assert [(row.path, row.kind) for row in rows] == [(entry.path, entry.kind) for entry in entries]
    assert {row.archive_id for row in rows} == {ID_1}
    assert [row.place for row in rows] == [entry.member for entry in entries]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_foreign_inventory_is_extended_in_its_own_form(csv_path: str, encoding: str) -> None:
    """Encoding, delimiter, type line, line ends, unknown columns and their order stay; our columns come behind them."""
    old = f'#TYPE X\r\n"Note";"FilePath";"ArchiveId";"Checksum"\r\n"mine; é";"C:\\a.fit";"{ID_1}";"{HASH_1}"\r\n'
    _write(csv_path, old.encode(encoding))
    write_inventory(csv_path, [a_file("C/a.fit", an_archive(1)), *_files(2)])

    content = _bytes(csv_path)
    text = content.decode(encoding)
    lines = text.split("\r\n")
    assert content[:3] == old.encode(encoding)[:3]
    assert lines[0] == "#TYPE X"
    assert lines[1].startswith("Note;FilePath;ArchiveId;Checksum;Vault;Store;Size;")
    assert lines[2].startswith(f'"mine; é";C:\\a.fit;{ID_1};{HASH_1};')
    assert lines[3].startswith(f";Subs/2.fit;{ID_2};")
    assert len(lines) == 5
    assert "\n" not in text.replace("\r\n", "")


def test_inventory_with_a_broken_line_is_not_rewritten(csv_path: str) -> None:
    """What cannot be read cannot be kept, so the file is left alone."""
    content = f"FilePath,ArchiveId,Checksum\na,{ID_1},{HASH_1},too,many\n".encode()
    _write(csv_path, content)
    with pytest.raises(FormatError, match=r"line 2 of .* cannot be read"):
        write_inventory(csv_path, _files(1))
    assert _bytes(csv_path) == content


def test_row_that_means_nothing_to_us_is_kept(csv_path: str) -> None:
    """A row without an archive ID is no use for an import, but it is the user's."""
    _write(csv_path, b"FilePath,ArchiveId,Checksum\nnot archived yet,,\n")
    write_inventory(csv_path, _files(1))
    assert b"\nnot archived yet,," in _bytes(csv_path)


def test_empty_file_becomes_an_inventory(csv_path: str) -> None:
    """A file of no bytes has nothing to lose."""
    _write(csv_path, b"")
    assert write_inventory(csv_path, _files(1)).added == 1


def test_link_is_followed(csv_path: str, tmp_path: Path) -> None:
    """The file behind a symbolic link is extended, and the link stays one."""
    link = tmp_path / "link.csv"
    link.symlink_to(csv_path)
    write_inventory(str(link), _files(1))
    assert link.is_symlink()
    assert len(_rows(csv_path)) == 1


def test_file_that_changes_meanwhile_is_not_overwritten(csv_path: str) -> None:
    """If another program writes to the file while it is being extended, that program's rows win."""
    write_inventory(csv_path, _files(1))

    def entries() -> Iterator[Entry]:
        yield from _files(2)
        with open(csv_path, "a", encoding="utf-8") as file:
            file.write(f"theirs.fit,{ID_2},{HASH_2}" + "," * 13 + "\n")

    with pytest.raises(Busy, match="another program"):
        write_inventory(csv_path, entries())
    assert [row.path for row in _rows(csv_path)] == ["Subs/1.fit", "theirs.fit"]


@pytest.mark.parametrize("number", [28, 5], ids=["ENOSPC", "EIO"])
@pytest.mark.parametrize("is_lasting", [False, True])
def test_old_inventory_survives_every_failing_operation(csv_path: str, number: int, *, is_lasting: bool) -> None:
    """Whichever operation fails, once or for ever, the old file or the whole new one is there."""
    write_inventory(csv_path, _files(1))
    old = _bytes(csv_path)
    counting = Counting()
    write_inventory(csv_path, _files(2), files=TappedFiles(DiskFiles(), counting))
    new = _bytes(csv_path)
    assert counting.struck_by(number) >= 4
    for nth in range(1, counting.struck_by(number) + 1):
        _write(csv_path, old)
        fault = Fault(number, nth, is_lasting=is_lasting)
        with pytest.raises(OSError, match=re.escape(os.strerror(number))):
            write_inventory(csv_path, _files(2), files=TappedFiles(DiskFiles(), fault))
        assert fault.struck
        assert _bytes(csv_path) in {old, new}
        if not is_lasting:
            assert os.listdir(os.path.dirname(csv_path)) == [os.path.basename(csv_path)]
        for name in os.listdir(os.path.dirname(csv_path)):
            if name != os.path.basename(csv_path):
                DiskFiles().unlink(os.path.join(os.path.dirname(csv_path), name))


def test_error_of_the_entries_leaves_the_old_file(csv_path: str) -> None:
    """A catalog that breaks off half-way leaves the inventory as it was."""
    write_inventory(csv_path, _files(1))
    old = _bytes(csv_path)

    def entries() -> Iterator[Entry]:
        yield from _files(2)
        raise RuntimeError("planted")

    with pytest.raises(RuntimeError):
        write_inventory(csv_path, entries())
    assert _bytes(csv_path) == old
    assert os.listdir(os.path.dirname(csv_path)) == [os.path.basename(csv_path)]


def test_memory_stays_flat_over_many_rows(csv_path: str) -> None:
    """Extending 4,000 rows by 4,000 takes a hundred bytes for each row that must not be doubled, and no more."""
    write_inventory(csv_path, (a_file(f"Subs/{n}.fit", an_archive(n)) for n in range(4000)))
    tracemalloc.start()
    written = write_inventory(csv_path, (a_file(f"Subs/{n}.fit", an_archive(n)) for n in range(2000, 8000)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert written == Written(csv_path, added=4000, kept=4000)
    assert peak < 8000 * 200 + 2 * (1 << 20)


def test_written_file_is_utf8_with_plain_line_ends(csv_path: str) -> None:
    """No BOM, LF, as every tool reads it."""
    write_inventory(csv_path, [a_file("é☃.fit", an_archive(1))])
    content = _bytes(csv_path)
    assert not content.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in content
    assert "é☃.fit" in io.BytesIO(content).getvalue().decode("utf-8")


@pytest.mark.parametrize("first", ["sep=;\r\n", '"sep=;"\r\n', "SEP=;\r\n"])
def test_line_that_names_the_delimiter_to_excel_is_passed_over(csv_path: str, first: str) -> None:
    """It stays when the file is extended, as a type line does."""
    _write(csv_path, f"{first}FilePath;ArchiveId;Checksum\r\na.fit;{ID_1};{HASH_1}\r\n".encode())
    write_inventory(csv_path, _files(2))
    assert [row.path for row in _rows(csv_path)] == ["a.fit", "Subs/2.fit"]
    assert _bytes(csv_path).startswith(first.encode())


@pytest.mark.parametrize("blank", [",,", '"","",""', " , ,", ",,,,,"])
def test_row_that_a_spreadsheet_left_empty_is_no_row(csv_path: str, blank: str) -> None:
    """Rows are cut out of the middle and the end; their commas stay."""
    line = f"a.fit,{ID_1},{HASH_1}\r\n"
    _write(csv_path, f"FilePath,ArchiveId,Checksum\r\n{line}{blank}\r\n{line}{blank}\r\n".encode())
    assert [row.path for row in _rows(csv_path)] == ["a.fit", "a.fit"]


@pytest.mark.parametrize(("size", "modified"), [("1,17E+06", ""), ("1.169.280", ""), ("5", "25.11.2026 20:15")])
def test_number_that_a_spreadsheet_rewrote_is_refused_with_a_way_out(csv_path: str, size: str, modified: str) -> None:
    """Nobody guesses what it was; an empty field will do, and the message says so."""
    header = "FilePath;ArchiveId;Checksum;Size;ModifiedAt\n"
    _write(csv_path, f"{header}a.fit;{ID_1};{HASH_1};{size};{modified}\nb.fit;{ID_1};{HASH_1};;\n".encode())
    refused, usable = read_inventory(csv_path)
    assert isinstance(refused, RowError)
    assert refused.problem.endswith("if a spreadsheet has rewritten it, empty the field")
    assert isinstance(usable, InventoryRow)
