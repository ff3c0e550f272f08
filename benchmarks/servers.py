"""HTTP servers before the same face, on this machine: what ADR 0025 was decided by.

    python benchmarks/servers.py [coldframe aiohttp aiohttp-uvloop granian]

Each server runs in a process of its own, over a store in memory (/dev/shm), so that the disk says nothing. One signed
request is sent again and again: by 8 connections with 64 MiB, by 64 connections with 4 KiB, and a job's output of
64 MiB is fetched by 8 connections. Linux only: processor time and memory are read from /proc. What is not installed is
left out.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import queue
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from coldframe.clock import SystemClock
from coldframe.composition.stores import open_embedded
from coldframe.server.address import Address
from coldframe.server.binding import listen
from coldframe.server.listener import Listener
from coldframe.tree_hash import tree_hash
from coldframe.wire.access import AccountAuthorizer, Key, StaticKeyring
from coldframe.wire.face import Face
from coldframe.wire.http import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MIB = 1024 * 1024
SERVERS = ("coldframe", "aiohttp", "aiohttp-uvloop", "granian")
LARGE, LARGE_CONNECTIONS, LARGE_REQUESTS = 64 * MIB, 8, 2
SMALL, SMALL_CONNECTIONS, SMALL_SECONDS = 4096, 64, 8.0
REGION, KEY_ID, SECRET, ACCOUNT = "us-east-1", "AKIABENCHMARK0000000", "no secret at all", "123456789012"
_TICKS = os.sysconf("SC_CLK_TCK")


# --- the servers, each in its own process -------------------------------------------------------------------------


def make_face(folder: str) -> Face:
    """The face that every server stands before."""
    key = Key(access_key_id=KEY_ID, secret_access_key=SECRET, account_id=ACCOUNT)
    store = open_embedded(folder, account_id=ACCOUNT, region=REGION)
    return Face(
        {ACCOUNT: store}.get,
        keyring=StaticKeyring({KEY_ID: key}),
        authorizer=AccountAuthorizer(),
        clock=SystemClock(),
        region=REGION,
    )


def serve_coldframe(face: Face, port: int) -> None:
    """Our own: a thread for each connection."""
    Listener(listen(Address("127.0.0.1", port)), face.handle).start()
    sys.stdin.read()


class QueuedBody:
    """A body that comes through a bounded queue, from the event loop to the face's thread."""

    def __init__(self) -> None:
        """Nothing has come."""
        self.queue: queue.Queue[bytes] = queue.Queue(8)
        self._rest = memoryview(b"")

    def read(self, size: int, /) -> memoryview:
        """At least one and at most `size` bytes."""
        if not self._rest:
            self._rest = memoryview(self.queue.get())
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


class AiohttpServer:
    """The low-level server of aiohttp; the face in a pool of threads, bodies bridged both ways."""

    def __init__(self, face: Face, port: int) -> None:
        """Store the arguments."""
        self._face = face
        self._port = port
        self._threads = ThreadPoolExecutor(80)

    async def run(self) -> None:
        """Serve for ever."""
        from aiohttp import web  # noqa: PLC0415 - only where it is measured

        runner = web.ServerRunner(web.Server(self._answer))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self._port, backlog=1024).start()
        await asyncio.Event().wait()

    async def _answer(self, request: Any) -> Any:
        from aiohttp import web  # noqa: PLC0415 - as above

        loop, body = asyncio.get_running_loop(), QueuedBody()
        path, _, query = request.raw_path.encode().partition(b"?")
        headers = request.raw_headers
        asked = Request(method=request.method, path=path, query=query, headers=headers, body=body, peer="127.0.0.1")
        running = loop.run_in_executor(self._threads, self._face.handle, asked)
        if request.can_read_body:
            async for data in request.content.iter_chunked(256 * 1024):
                try:
                    body.queue.put_nowait(data)
                except queue.Full:
                    await loop.run_in_executor(None, body.queue.put, data)
        response = await running
        sent = web.StreamResponse(status=response.status, headers=dict(response.headers))
        await sent.prepare(request)
        buffers = iter(response.body)
        while data := await loop.run_in_executor(self._threads, lambda: bytes(next(buffers, b""))):
            await sent.write(data)
        response.close()
        await sent.write_eof()
        return sent


def serve_aiohttp(face: Face, port: int, *, has_uvloop: bool) -> None:
    """Serve by aiohttp, on either event loop."""
    server = AiohttpServer(face, port)
    if has_uvloop:
        import uvloop  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - as above

        uvloop.run(server.run())
    else:
        asyncio.run(server.run())


def serve_granian(folder: str, port: int) -> None:
    """Granian's WSGI, one worker process with as many threads as connections."""
    os.environ["BENCHMARK_FOLDER"] = folder
    from granian import Granian  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - as above
    from granian.constants import Interfaces  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - as above

    Granian(
        "servers:granian_application",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=80,
        backpressure=128,
        log_enabled=False,
    ).serve()


def granian_application(environ: dict[str, Any], start: Callable[..., object]) -> Any:
    """The face as a WSGI application."""
    global _face  # noqa: PLW0603 - granian imports this module in its worker; there is nowhere else to keep it
    if _face is None:
        _face = make_face(os.environ["BENCHMARK_FOLDER"])
    headers = [
        (name[5:].replace("_", "-").lower().encode(), value.encode())
        for name, value in environ.items()
        if name.startswith("HTTP_")
    ]
    if environ.get("CONTENT_LENGTH"):
        headers.append((b"content-length", environ["CONTENT_LENGTH"].encode()))
    response = _face.handle(
        Request(
            method=environ["REQUEST_METHOD"],
            path=environ["PATH_INFO"].encode(),
            query=environ["QUERY_STRING"].encode(),
            headers=headers,
            body=environ["wsgi.input"],
        )
    )
    start(f"{response.status} -", [*response.headers])
    return (bytes(buffer) for buffer in response.body)


_face: Face | None = None


def serve(name: str, folder: str, port: int) -> None:
    """Be one of the servers."""
    if name == "granian":
        serve_granian(folder, port)
    elif name == "coldframe":
        serve_coldframe(make_face(folder), port)
    else:
        serve_aiohttp(make_face(folder), port, has_uvloop=name.endswith("uvloop"))


# --- the load -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Used:
    """What a server has used so far."""

    cpu_seconds: float
    peak_mib: float


def used_by(pid: int) -> Used:
    """Processor time and peak memory of a process and its children."""
    pids = [pid, *(int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    cpu, peak = 0.0, 0.0
    for each in pids:
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(") ")[2].split()
        cpu += (int(fields[11]) + int(fields[12])) / _TICKS
        status = Path(f"/proc/{each}/status").read_text()
        peak += int(status.partition("VmHWM:")[2].split()[0]) / 1024
    return Used(cpu, peak)


def signed_upload(port: int, body: bytes) -> bytes:
    """The bytes of an UploadArchive request, head and body."""
    headers = {
        "Host": f"127.0.0.1:{port}",
        "x-amz-glacier-version": "2012-06-01",
        "x-amz-content-sha256": sha256(body).hexdigest(),
        "x-amz-sha256-tree-hash": tree_hash(body),
        "Content-Length": str(len(body)),
    }
    request = AWSRequest("POST", f"http://127.0.0.1:{port}/-/vaults/v/archives", headers=headers)
    SigV4Auth(Credentials(KEY_ID, SECRET), "glacier", REGION).add_auth(request)
    lines = [f"{name}: {value}" for name, value in request.headers.items()]
    return ("POST /-/vaults/v/archives HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode() + body


def read_answer(connected: socket.socket) -> int:
    """The size of one answer's body, after reading all of it."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connected.recv(65536) or b"\r\n\r\n"
    head, _, body = received.partition(b"\r\n\r\n")
    assert b" 20" in head[:14], head
    names = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    size = int(names[b"content-length"])
    left, buffer = size - len(body), bytearray(MIB)
    while left > 0:
        left -= connected.recv_into(buffer)
    return size


def load_large(port: int, request: bytes) -> tuple[float, int]:
    """Seconds, and bytes that passed, for connections at once that each repeat a request."""

    def one(_: int) -> int:
        with socket.create_connection(("127.0.0.1", port)) as connected:
            sizes = []
            for _ in range(LARGE_REQUESTS):
                connected.sendall(request)
                sizes.append(max(len(request), read_answer(connected)))
        return sum(sizes)

    begun = time.perf_counter()
    with ThreadPoolExecutor(LARGE_CONNECTIONS) as threads:
        total = sum(threads.map(one, range(LARGE_CONNECTIONS)))
    return time.perf_counter() - begun, total


def load_small(port: int, request: bytes) -> tuple[int, list[float]]:
    """How many requests were answered in the time, and how long each took."""
    taken: list[float] = []
    begun: dict[socket.socket, float] = {}
    end = time.perf_counter() + SMALL_SECONDS
    with selectors.DefaultSelector() as selector:
        for _ in range(SMALL_CONNECTIONS):
            connected = socket.create_connection(("127.0.0.1", port))
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connected, selectors.EVENT_READ)
            begun[connected] = time.perf_counter()
            connected.sendall(request)
        while (now := time.perf_counter()) < end:
            for key, _ in selector.select(1):
                connected = key.fileobj  # type: ignore[assignment]  # only sockets are registered
                read_answer(connected)
                now = time.perf_counter()
                taken.append(now - begun[connected])
                begun[connected] = now
                connected.sendall(request)
        for connected in begun:
            connected.close()
    return len(taken), taken


@contextmanager
def running(name: str) -> Iterator[tuple[int, int]]:
    """A server's process ID and port."""
    folder = tempfile.mkdtemp(prefix="coldframe-servers-", dir="/dev/shm")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, __file__, "--serve", name, folder, str(port)],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=os.path.dirname(os.path.abspath(__file__)),
        start_new_session=True,
    )
    try:
        for _ in range(200):
            time.sleep(0.05)  # noqa: TID251 - a benchmark lives in real time
            with socket.socket() as probe:
                if process.poll() is None and not probe.connect_ex(("127.0.0.1", port)):
                    break
        if process.poll() is not None:
            raise RuntimeError(f"{name} does not run here; is it installed?")
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def measure(name: str) -> dict[str, object]:
    """All figures of one server."""
    with running(name) as (pid, port):
        client = boto3.client(
            "glacier",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name=REGION,
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
        )
        client.create_vault(vaultName="v")
        client.upload_archive(vaultName="v", body=io.BytesIO(b"warm"))
        small = signed_upload(port, os.urandom(SMALL))
        before = used_by(pid)
        answered, taken = load_small(port, small)
        after_small = used_by(pid)
        large = signed_upload(port, os.urandom(LARGE))
        seconds, size = load_large(port, large)
        after_large = used_by(pid)
    return {
        "server": name,
        "small_requests_per_second": round(answered / SMALL_SECONDS),
        "small_p99_ms": round(1000 * statistics.quantiles(taken, n=100)[98], 1),
        "small_cpu_ms_per_request": round(1000 * (after_small.cpu_seconds - before.cpu_seconds) / answered, 3),
        "upload_mb_per_second": round(size / seconds / 1e6),
        "upload_cpu_seconds_per_gb": round((after_large.cpu_seconds - after_small.cpu_seconds) / size * 1e9, 2),
        "peak_mib": round(after_large.peak_mib),
    }


def main(arguments: list[str]) -> None:
    """Measure those that are named, or all."""
    if arguments[:1] == ["--serve"]:
        serve(arguments[1], arguments[2], int(arguments[3]))
        return
    for name in arguments or SERVERS:
        try:
            print(json.dumps(measure(name)), flush=True)
        except RuntimeError as error:
            print(error, file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
