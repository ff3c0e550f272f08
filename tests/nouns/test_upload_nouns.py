"""Open uploads from the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from coldframe.cli.exits import Exit
from coldframe.composition import open_coldframe
from coldframe.model import MIB
from coldframe.testing.bodies import BytesBody

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ran


def begin_uploads(number: int) -> list[str]:
    """The IDs of uploads with one part each, by somebody else."""
    with open_coldframe() as coldframe:
        ids = [
            coldframe.store.initiate_multipart_upload("astro", part_size=MIB, description=f"frame {n}.fit")
            for n in range(number)
        ]
        for upload_id in ids:
            coldframe.store.upload_multipart_part("astro", upload_id, BytesBody(b"x" * MIB), start=0)
    return ids


def test_the_founding_pipeline_aborts_all(nouns: Callable[..., Ran], pipe: Callable[..., Ran]) -> None:
    """`upload list … | upload abort … -`, over more than one page."""
    ids = begin_uploads(53)
    listed = nouns("upload", "list", "--vault", "astro", "-o", "json")
    assert sorted(row["upload_id"] for row in listed.rows) == sorted(ids)
    assert listed.rows[0]["archive_description"].startswith("frame")
    ran = pipe(listed.out, "upload", "abort", "--vault", "astro", "-")
    assert (ran.code, "53 uploads aborted" in ran.err) == (Exit.DONE, True), ran.err
    assert nouns("upload", "list", "--vault", "astro").code == Exit.NOTHING_MATCHED
    assert pipe("", "upload", "abort", "--vault", "astro", "-").code == Exit.NOTHING_MATCHED


def test_parts_are_listed(nouns: Callable[..., Ran]) -> None:
    """Both ends of a range are included."""
    (upload_id,) = begin_uploads(1)
    (row,) = nouns("upload", "parts", "--vault", "astro", "-o", "json", "--", upload_id).rows
    assert (row["range_in_bytes"], row["size"], len(row["tree_hash"])) == ("0-1048575", MIB, 64)
    assert "0-1048575" in nouns("upload", "parts", "--vault", "astro", "--", upload_id).out


def test_typed_uploads_are_asked_about(nouns: Callable[..., Ran], pipe: Callable[..., Ran]) -> None:
    """A rehearsal does nothing; what is not there is told and the others are dropped."""
    one, two = begin_uploads(2)
    asked = nouns("upload", "abort", "--vault", "astro", "--", one)
    assert (asked.code, "--yes" in asked.err) == (Exit.USAGE, True)
    assert "Would abort 2" in nouns("upload", "abort", "--vault", "astro", "--dry-run", "--", one, two).err
    ran = nouns("upload", "abort", "--vault", "astro", "--yes", "--", one, "no-such-upload")
    assert (ran.code, "no-such-upload: " in ran.err) == (Exit.SOME_FAILED, True)
    rows = json.dumps([{"MultipartUploadId": two, "ArchiveDescription": "as PowerShell lists it"}])
    assert pipe(rows, "upload", "abort", "--vault", "astro", "-").code == Exit.DONE
    assert "Did you mean astro?" in nouns("upload", "list", "--vault", "astor").err
