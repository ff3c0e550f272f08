"""Parts that the ledger has lost: what cannot be read is called damaged, never left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from coldframe.errors import DamagedArchive
from coldframe.model import MIB, ArchiveRetrieval, ByteRange
from coldframe.service.ids import Kind, decode_id
from coldframe.testing.bodies import BytesBody, pattern, read_output
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from coldframe.ledger.changes import SqliteChanges
    from coldframe.ports import Changes
    from coldframe.service import VaultService

_DATA = pattern(3.5)


@pytest.mark.parametrize("lost", range(4))
@pytest.mark.parametrize("asked", [None, (0, MIB), (MIB, 3 * MIB), (3 * MIB, len(_DATA))])
def test_a_lost_part_is_told_where_its_bytes_are_asked_for(
    service: VaultService, lost: int, asked: tuple[int, int] | None
) -> None:
    """Ranges that do not touch it are read as ever."""
    service.create_vault("vault")
    upload_id = service.initiate_multipart_upload("vault", part_size=MIB)
    for start in range(0, len(_DATA), MIB):
        service.upload_multipart_part("vault", upload_id, BytesBody(_DATA[start : start + MIB]), start=start)
    receipt = service.complete_multipart_upload("vault", upload_id, archive_size=len(_DATA), tree_hash=tree_hash(_DATA))
    job_id = service.initiate_job("vault", ArchiveRetrieval(receipt.archive_id))
    _lose(service, decode_id(Kind.ARCHIVE, receipt.archive_id), lost * MIB)
    start, end = asked or (0, len(_DATA))
    byte_range = None if asked is None else ByteRange(start, end)
    if start <= lost * MIB < end:
        with pytest.raises(DamagedArchive, match=f"missing at {lost * MIB}"):
            read_output(service, "vault", job_id, byte_range)
    else:
        assert read_output(service, "vault", job_id, byte_range) == _DATA[start:end]


def _lose(service: VaultService, owner: bytes | None, start: int) -> None:
    def act(changes: Changes) -> None:
        connection = cast("SqliteChanges", changes)._connection
        connection.execute("DELETE FROM part WHERE owner = ? AND start = ?", (owner, start))

    service._core.ledger.write(act)
