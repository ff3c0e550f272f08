"""Files and answers that others wrote: inventories as CSV and JSON, descriptions of archives, the ends of zips."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from coldframe.catalog import Entry, Kind
from coldframe.errors import FormatError
from coldframe.inventory.csv_file import read_inventory, write_inventory
from coldframe.inventory.csv_records import RowError
from coldframe.inventory.csv_rows import COLUMNS
from coldframe.inventory.description import Described, decode_description, encode_description
from coldframe.inventory.vault_json import Item, VaultInventory
from coldframe.inventory.zip_members import read_members
from coldframe.testing.catalogs import an_archive
from fuzz.json_texts import json_texts, values
from fuzz.target import Target, complain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coldframe.inventory.csv_rows import InventoryRow

_ENTRY = Entry(path="Light/new.fit", kind=Kind.FILE, size=3, modified_ns=5 * 10**9, archive=an_archive(7, size=3))


def run_csv(data: bytes) -> None:
    """Read a file as an inventory, extend it, read it again: what was there is there, or nothing was touched."""
    with tempfile.TemporaryDirectory(prefix="coldframe-fuzz-") as folder:
        path = os.path.join(folder, "inventory.csv")
        with open(path, "wb") as file:
            file.write(data)
        before = _read(path)
        try:
            write_inventory(path, [_ENTRY])
        except FormatError:
            with open(path, "rb") as file:
                if file.read() != data:
                    complain("a file that was refused was changed")
            return
        after = _read(path)
        if after is None or (before or []) != after[: len(before or [])]:
            complain(f"rows were lost: {before} became {after}")


def _read(path: str) -> list[tuple[object, ...]] | None:
    """What the good rows say; None if it is no inventory."""
    try:
        return [_row(row) for row in read_inventory(path) if not isinstance(row, RowError)]
    except FormatError:
        return None


def _row(row: InventoryRow) -> tuple[object, ...]:
    if not row.path or not row.archive_id.isprintable() or len(row.tree_hash) != 64 or not _is_text(row.path):
        complain(f"a row that no inventory can hold: {row}")
    return (row.path, row.archive_id, row.tree_hash, row.vault_name, row.size, row.modified_ns, row.place)


def _is_text(path: str) -> bool:
    return path == path.encode("utf-8", "replace").decode("utf-8")


def run_vault_inventory(data: bytes) -> None:
    """The same archives, or the same refusal, in however small pieces the text comes."""
    whole = _items([data])
    for step in (1, 7) if len(data) < 2000 else (64,):
        if _items(data[at : at + step] for at in range(0, len(data), step)) != whole:
            complain(f"pieces of {step} bytes are read otherwise")


def _items(buffers: Iterable[bytes]) -> list[object]:
    found: list[object] = []
    try:
        for item in VaultInventory(buffers):
            if isinstance(item, Item) and not (item.size >= 0 and len(item.tree_hash) == 64):
                complain(f"an archive that cannot be: {item}")
            found.append(item)
    except FormatError:
        found.append("refused")
    return found


def run_description(data: bytes) -> None:
    """A description is ours, and then says the same when it is written again; or it is somebody else's."""
    text = data.decode("latin-1")
    found = decode_description(text)
    if found is not None and found.is_whole_path and decode_description(encode_description(found)) != found:
        complain(f"{text!r} is {found}")
    path = data.decode("utf-8", "replace").replace("\0", "")
    if path:
        written = encode_description(Described(path=path, kind=Kind.FILE, size=len(data), modified_ns=None))
        again = decode_description(written)
        if len(written) > 1024 or not (written.isascii() and written.isprintable()) or again is None:
            complain(f"{path!r} cannot be described: {written!r}")
        elif again.is_whole_path and again.path != path:
            complain(f"{path!r} became {again.path!r}")


def run_zip(data: bytes) -> None:
    """The members of what claims to be a zip lie inside it; none is made up."""
    bundle = Entry(
        path="b.zip", kind=Kind.BUNDLE, size=len(data), modified_ns=None, archive=an_archive(1, size=len(data))
    )

    def read(start: int, end: int) -> bytes:
        if not 0 <= start <= end <= len(data):
            complain(f"bytes {start} to {end} of {len(data)} were asked for")
        return data[start:end]

    for hash_data in (False, True):
        try:
            for entry in read_members(read, bundle, hash_data=hash_data):
                place = entry.member
                if place is None or not 0 <= place.header_offset <= len(data):
                    complain(f"a member that lies nowhere: {entry}")
        except FormatError:
            continue


# --- making them up ---------------------------------------------------------------------------------------------------

_CELL_LIST = (
    r"""a Light\b.fit C:\x =1+1 '=1 ''-a " , 0 -1 2040-01-01T00:00:00Z file bundle member stored deflated ../x"""
)
_CELLS = (
    st.sampled_from(_CELL_LIST.split())
    | st.sampled_from(["", " ", "a\nb", "\0", "\u00fc", "9" * 25, "f" * 64, "F" * 64, "x" * 1025])
    | st.text(max_size=6)
)
_USUAL = "FilePath,ArchiveId,Checksum"
_HEADERS = st.sampled_from(
    [",".join(COLUMNS), _USUAL, f"{_USUAL},FilePath", f"#TYPE X\n{_USUAL}", "Checksum,ArchiveId", ""]
) | st.sampled_from(['"FilePath";"ArchiveId";"Checksum"', "filepath\tarchiveid\tchecksum"])


@st.composite
def _csv_files(draw: st.DrawFn) -> bytes:
    """An inventory, more or less."""
    header = draw(_HEADERS)
    delimiter = ";" if ";" in header else "\t" if "\t" in header else ","
    good = ["Light/a.fit", "A" * 40, "e" * 64]
    rows = draw(st.lists(st.lists(_CELLS, max_size=6) | st.just(good), max_size=4))
    quote = draw(st.booleans())
    lines = [
        header,
        *(delimiter.join(f'"{cell.replace(chr(34), chr(34) * 2)}"' if quote else cell for cell in row) for row in rows),
    ]
    text = draw(st.sampled_from(["\n", "\r\n", "\r"])).join(lines)
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"]))
    return text.encode(encoding, "surrogatepass" if encoding != "latin-1" else "replace")


_ITEMS = st.fixed_dictionaries(
    {},
    optional={
        "ArchiveId": st.sampled_from(["A" * 138, "", "a b", 7]),
        "ArchiveDescription": st.text(max_size=8) | st.none() | st.sampled_from(["x" * 5000, {}]),
        "CreationDate": st.sampled_from(["2040-01-01T00:00:00Z", "x", None, 5]),
        "Size": st.sampled_from([1, -1, 2**70, 1.0, True, "1"]),
        "SHA256TreeHash": st.sampled_from(["e" * 64, "E" * 64, "e", None]),
    },
)
_INVENTORIES = st.fixed_dictionaries(
    {},
    optional={
        "VaultARN": st.text(max_size=5),
        "InventoryDate": st.text(max_size=9),
        "ArchiveList": st.lists(_ITEMS | values(), max_size=4),
    },
)
_DESCRIPTIONS = st.builds(
    lambda *parts: " ".join(parts).encode("utf-8", "replace"),
    st.sampled_from(["coldframe/1 file", "coldframe/1 bundle", "coldframe/2 file", "coldframe/1 member", ""]),
    st.sampled_from(["size=3", "size=-1", "size=" + "9" * 30, "size=\u0661", ""]),
    st.sampled_from(["modified=-", "modified=2040-01-01T00:00:00Z", "modified=x", ""]),
    st.sampled_from(["path=a", "path=%41", "path=%4", "p=a", "z=AAAA", "tail=a sha256=" + "e" * 64])
    | st.text(max_size=8),
)


@st.composite
def _zips(draw: st.DrawFn) -> bytes:
    """A zip with some bytes of it changed, most of them near its end."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))) as file:
        for name in draw(st.lists(st.sampled_from(["a", "b/c", "../d", "e/", "\u00fc"]), max_size=3, unique=True)):
            file.writestr(zipfile.ZipInfo(name), b"" if name.endswith("/") else b"data" * 5)
    data = bytearray(buffer.getvalue())
    for _ in range(draw(st.integers(0, 4))):
        data[-1 - draw(st.integers(0, min(len(data) - 1, 200)))] = draw(st.sampled_from([0, 1, 0x50, 0x7F, 0xFE, 0xFF]))
    return bytes(data[: draw(st.sampled_from([len(data), len(data), len(data) // 2]))])


TARGETS = (
    Target("inventory-csv", run_csv, _csv_files() | st.binary(max_size=80)),
    Target("vault-inventories", run_vault_inventory, json_texts(_INVENTORIES) | json_texts(values())),
    Target("descriptions", run_description, _DESCRIPTIONS | st.binary(max_size=60)),
    Target("zips", run_zip, _zips() | st.binary(max_size=60)),
)
