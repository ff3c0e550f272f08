"""What docs/formats.md tells is enough to get everything back without coldframe."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog import Kind
from coldframe.inventory.csv_rows import COLUMNS
from coldframe.inventory.description import Described, encode_description
from coldframe.model import MIB
from coldframe.testing.bodies import BytesBody
from coldframe.tree_hash import combine, tree_hash
from docs.stranger import archives_of_blobs, archives_of_ledger, join_hashes, read_blob, read_description

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.service import VaultService

FORMATS = Path(__file__).parents[2] / "docs" / "formats.md"
RANDOM = random.Random(3)
SMALL = b"a light"
LARGE = RANDOM.randbytes(2 * MIB + 5)


@pytest.fixture
def archived(open_service: Callable[[], VaultService]) -> dict[str, bytes]:
    """What a store was given and has acknowledged: an archive in one piece, one in three parts; a third was deleted."""
    service = open_service()
    service.create_vault("m33")
    small = service.upload_archive("m33", BytesBody(SMALL), description="one").archive_id
    gone = service.upload_archive("m33", BytesBody(b"gone"))
    service.delete_archive("m33", gone.archive_id)
    upload = service.initiate_multipart_upload("m33", part_size=MIB, description="two")
    parts = {start: BytesBody(LARGE[start : start + MIB]) for start in (MIB, 0, 2 * MIB)}
    hashes = {start: service.upload_multipart_part("m33", upload, body, start=start) for start, body in parts.items()}
    whole = combine(hashes[start] for start in sorted(hashes))
    large = service.complete_multipart_upload("m33", upload, archive_size=len(LARGE), tree_hash=whole).archive_id
    service.close()
    return {small: SMALL, large: LARGE}


def test_stranger_reads_every_archive_from_ledger_and_blobs(archived: dict[str, bytes], store_folder: str) -> None:
    """Whoever follows the document gets every live archive under its ID, byte for byte."""
    assert archives_of_ledger(Path(store_folder), "m33") == archived


def test_stranger_reads_every_archive_from_the_blobs_alone(archived: dict[str, bytes], store_folder: str) -> None:
    """With the ledger lost, the notes in the blobs still put every archive together."""
    (Path(store_folder) / "ledger.sqlite").unlink()
    found = archives_of_blobs(Path(store_folder))
    assert {archive: found[archive] for archive in archived} == archived


def test_note_of_a_blob_tells_vault_and_description(archived: dict[str, bytes], store_folder: str) -> None:
    """A blob by itself says where its bytes belong."""
    notes = [read_blob(path).note for path in Path(store_folder).glob("blobs/*/*.blob")]
    told = {(note["archive"], note["vault"], note["start"], note["description"]) for note in notes}
    small, large = archived
    assert told >= {(small, "m33", 0, "one"), *((large, "m33", start, "two") for start in (0, MIB, 2 * MIB))}


def test_store_id_is_the_ledgers_identity(archived: dict[str, bytes], store_folder: str) -> None:
    """The blobs folder names its store in the form that the document gives."""
    identity = (Path(store_folder) / "blobs" / "store-id").read_text(encoding="ascii")
    assert re.fullmatch(r"coldframe:[0-9a-f]{32}\n", identity)


def test_tree_hash_is_what_the_document_says() -> None:
    """The document's rule and the program agree on sizes around the borders of chunks."""
    for size in (1, MIB - 1, MIB, MIB + 1, 3 * MIB, 5 * MIB + 7):
        data = RANDOM.randbytes(size)
        leaves = [bytes.fromhex(tree_hash(data[at : at + MIB])) for at in range(0, size, MIB)]
        assert join_hashes(leaves).hex() == tree_hash(data)


@pytest.mark.parametrize("path", ["Subs/Light/M33 100%.fit", "Subs/é/🔭.fit ", "/".join(["very long name"] * 90)])
def test_stranger_reads_descriptions(path: str) -> None:
    """Kind, size and path come back from the description of an archive, plain and packed."""
    text = encode_description(Described(path=path, kind=Kind.FILE, size=42, modified_ns=1))
    assert read_description(text) == ("file", 42, path)


def test_document_names_every_column_of_the_inventory() -> None:
    """No column is written that the document does not explain."""
    text = FORMATS.read_text(encoding="utf-8")
    assert [column for column in COLUMNS if f"`{column}`" not in text] == []
