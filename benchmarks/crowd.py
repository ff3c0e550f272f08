"""Many connections that upload small archives at once: a load that costs its own processor little.

Usage: python -m benchmarks.crowd CONNECTIONS ARCHIVES SIZE

Every request is the same, signed once: a signature holds for five minutes, and each request makes another archive.
The endpoint and the keys come from the environment. Prints a JSON object.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from coldframe.tree_hash import tree_hash

VAULT = "bench"
_PATIENCE_SECONDS = 240
_WARM_UP = 5
"""Each connection sends so many that do not count: it connects, and the server makes what it makes once."""


async def crowd(url: str, request: bytes, *, connections: int, count: int) -> dict[str, float]:
    """Send the request `count` times over so many connections, and tell rate and delays."""
    lines = [Line(url) for _ in range(connections)]
    async with asyncio.timeout(_PATIENCE_SECONDS):
        await asyncio.gather(*(line.send(request, _WARM_UP) for line in lines))
        started = time.perf_counter()
        delays = await asyncio.gather(*(line.send(request, count // connections) for line in lines))
        wall_seconds = time.perf_counter() - started
    found = sorted(delay for each in delays for delay in each)
    return {
        "archives": len(found),
        "wall_seconds": wall_seconds,
        "archives_per_second": len(found) / wall_seconds,
        "p50_ms": 1000 * found[len(found) // 2],
        "p99_ms": 1000 * found[len(found) * 99 // 100],
        "worst_ms": 1000 * found[-1],
    }


class Line:
    """One connection, made anew whenever the server closes it."""

    def __init__(self, url: str) -> None:
        """Not connected yet."""
        self._parts = urlsplit(url)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: bytes, count: int) -> list[float]:
        """Send the request `count` times, each after the answer to the one before; what each took."""
        delays = []
        for _ in range(count):
            began = time.perf_counter()
            await self._exchange(request)
            delays.append(time.perf_counter() - began)
        return delays

    async def _exchange(self, request: bytes) -> None:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b" 201 " not in head.partition(b"\r\n")[0]:
            raise RuntimeError(f"The server answered: {head.decode(errors='replace')}")
        await reader.readexactly(_content_length(head))
        if b"\r\nconnection: close\r\n" in head:
            writer.close()
            self._streams = None


def _content_length(head: bytes) -> int:
    lines = (line.partition(b":") for line in head.split(b"\r\n"))
    return next((int(value) for name, _, value in lines if name == b"content-length"), 0)


def signed_upload(url: str, data: bytes) -> bytes:
    """An UploadArchive of these bytes, as it goes over the line."""
    headers = {
        "Host": urlsplit(url).netloc,
        "x-amz-glacier-version": "2012-06-01",
        "x-amz-archive-description": "small",
        "x-amz-content-sha256": hashlib.sha256(data).hexdigest(),
        "x-amz-sha256-tree-hash": tree_hash(data),
    }
    request: Any = AWSRequest("POST", f"{url}/-/vaults/{VAULT}/archives", headers=headers, data=data)
    keys = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(keys, "glacier", os.environ["AWS_DEFAULT_REGION"]).add_auth(request)
    lines = [f"{name}: {value}" for name, value in request.headers.items()]
    head = "\r\n".join([f"POST /-/vaults/{VAULT}/archives HTTP/1.1", *lines, f"Content-Length: {len(data)}"])
    return head.encode() + b"\r\n\r\n" + data


def main(connections: str, count: str, size: str) -> None:
    """Make the vault, then send."""
    url = os.environ["AWS_ENDPOINT_URL"]
    boto3.client("glacier").create_vault(vaultName=VAULT)
    request = signed_upload(url, random.Random(1).randbytes(int(size)))
    print(json.dumps(asyncio.run(crowd(url, request, connections=int(connections), count=int(count)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
