"""The AWS SDK for JavaScript, unchanged, carries archives, parts and jobs over real HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from clients.installing import NPM_PINS
from clients.reporting import CLIENT
from coldframe.model import MIB
from coldframe.testing.bodies import pattern
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from clients.node import Node

_DATA = pattern(2.5)


def test_sdk_is_the_pinned_one(node: Node, record_property: Callable[[str, object], None]) -> None:
    """The version that ran is told at the end of the run, and is the one that the lock pins."""
    version = node.version()
    record_property(CLIENT, version)
    packages: dict[str, Any] = json.loads(NPM_PINS.read_text(encoding="utf-8"))["packages"]
    pinned = packages["node_modules/@aws-sdk/client-glacier"]["version"]
    assert version.startswith(f"@aws-sdk/client-glacier/{pinned} ")


def test_sdk_moves_archives_both_ways(node: Node) -> None:
    """Uploads with and without a checksum, from memory and from a file; parts; jobs, ranges, inventory; errors."""
    told = node.run("data_plane.cjs")
    assert told["vault"] == "astrodata"
    _check_archives(told)
    _check_back(told["back"])
    _check_errors(told["errors"], node.account.account_id)


def _check_archives(told: Any) -> None:
    uploaded, parts = told["uploaded"], told["parts"]
    assert {one["checksum"] for one in uploaded.values()} == {tree_hash(_DATA)}
    assert parts["parts"] == [
        {
            "RangeInBytes": f"{start}-{min(start + MIB, len(_DATA)) - 1}",
            "SHA256TreeHash": tree_hash(_DATA[start : start + MIB]),
        }
        for start in range(0, len(_DATA), MIB)
    ]
    assert parts["open"] == 0
    left = {uploaded["plain"]["archiveId"], uploaded["streamed"]["archiveId"], parts["archiveId"]}
    assert (told["inventory"]["jobs"], set(told["inventory"]["archiveIds"])) == (2, left)


def _check_back(back: Any) -> None:
    assert (back["status"], back["description"]) == ("Succeeded", "frames.zip")
    assert back["whole"] == {"status": 200, "checksum": tree_hash(_DATA), "isEqual": True}
    assert back["piece"] == {
        "status": 206,
        "contentRange": f"bytes {MIB}-{2 * MIB - 1}/{len(_DATA)}",
        "checksum": tree_hash(_DATA[MIB : 2 * MIB]),
        "isEqual": True,
    }


def _check_errors(errors: Any, account_id: str) -> None:
    """The SDK makes its own exceptions of them, with Amazon's words."""
    assert errors["vault"] == {
        "name": "ResourceNotFoundException",
        "message": f"Vault not found for ARN: arn:aws:glacier:us-east-1:{account_id}:vaults/none",
        "status": 404,
    }
    assert errors["checksum"]["message"] == f"Checksum mismatch: expected {'0' * 64}, computed {tree_hash(_DATA)}"
    assert (errors["account"]["name"], errors["account"]["status"]) == ("AccessDeniedException", 403)
