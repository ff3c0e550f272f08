"""Requests to the face, signed and not: no exception, no 500, nothing told of the inside, nothing done for strangers.

An input is a request as text: a word (`signed`, `forged` or `bare`), the request line, headers, a blank line, the body.
`{vault}`, `{archive}`, `{upload}` and `{job}` in the request line stand for what is really there. The body's length and
hashes are filled in where the input asks for it with a header whose value is `=`.
"""

from __future__ import annotations

import io
import json
import os
import re
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st

from coldframe.composition.accounts import open_accounts
from coldframe.errors import StoreError
from coldframe.model import MIB, ArchiveRetrieval
from coldframe.testing.bodies import BytesBody
from coldframe.testing.clock import FakeClock
from coldframe.wire.face import Face
from coldframe.wire.http import Request
from coldframe.wire.operations import load_operations
from fuzz.json_texts import json_texts
from fuzz.target import Target, complain
from wire.signing import hashes, send, signed
from wire.world import REGION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from coldframe.composition.accounts import Accounts
    from coldframe.wire.http import Response
    from coldframe.wire.operations import Operation, Shape

_INSIDE = (b"Traceback", b"sqlite", b"SELECT ", b"INSERT ", b"apsw.", b".py", b"/dev/shm", b"/tmp/", b"coldframe.")
_STATUSES = {200, 201, 202, 204, 206, 400, 403, 404, 408, 503}
_HEAD = re.compile(rb"(signed|forged|bare)\r?\n([A-Z]{1,8}) (\S{0,4000}) *\r?\n", re.DOTALL)
_COMMON = b"Host: h\nx-amz-date: =\nx-amz-glacier-version: 2012-06-01\nContent-Length: =\n"


@contextmanager
def open_requests(folder: str) -> Iterator[Target]:
    """The target, on a store in a folder of its own."""
    clock = FakeClock()
    with open_accounts(folder, clock=clock, region=REGION) as accounts:
        yield Target("requests", _Client(accounts, clock, folder).run, _inputs(), share=4)


class _Client:
    """Sends whatever it is given, and looks at the answer."""

    def __init__(self, accounts: Accounts, clock: FakeClock, folder: str) -> None:
        self._key = accounts.create_key()
        self._store = accounts.all()[0]
        self._clock = clock
        self._lines: list[str] = []
        self._face = Face(
            accounts.store,
            keyring=accounts.keyring,
            authorizer=accounts.authorizer,
            clock=clock,
            region=REGION,
            log=self._lines.append,
        )
        self._inside = (*_INSIDE, os.path.basename(os.path.dirname(folder)).encode() or b"\0")

    def run(self, data: bytes) -> None:
        """Send the request of an input, if it is one; afterwards put back what it has taken away."""
        head = _HEAD.match(data)
        if head is None:
            return
        lines, _, body = data[head.end() :].replace(b"\r\n", b"\n").partition(b"\n\n")
        how, method, target = head[1].decode(), head[2].decode("ascii"), head[3]
        for name, value in self._furnish().items():
            target = target.replace(b"{%s}" % name, value.encode())
        request = _request(method, target, lines, body=body, at=self._clock.now())
        with suppress(UnicodeError):  # what cannot even be signed goes as it is
            request = self._signed(request, how)
        self._send(request, how, (data, body))

    def _signed(self, request: Request, how: str) -> Request:
        if how == "bare":
            return request
        found = signed(request, key=self._key)
        if how == "signed":
            return found
        name, value = found.headers[-1]
        forged = value[:-1] + (b"0" if value[-1:] != b"0" else b"1")
        return replace(found, headers=[*found.headers[:-1], (name, forged)])

    def _furnish(self) -> dict[bytes, str]:
        """A vault with an archive, an open upload and a job, whatever became of those before."""
        store = self._store
        with suppress(StoreError):
            store.delete_vault_access_policy("vault")
            store.abort_vault_lock("vault")
        store.create_vault("vault")
        uploads = store.list_multipart_uploads("vault", limit=1).items
        upload_id = uploads[0].upload_id if uploads else store.initiate_multipart_upload("vault", part_size=MIB)
        jobs = [job for job in store.list_jobs("vault", limit=1).items if job.archive_id]
        if not jobs or not jobs[0].archive_id:
            archive_id = store.upload_archive("vault", BytesBody(b"0123456789"), description="d").archive_id
            job_id = store.initiate_job("vault", ArchiveRetrieval(archive_id))
        else:
            archive_id, job_id = jobs[0].archive_id, jobs[0].job_id
        return {b"vault": "vault", b"upload": upload_id, b"archive": archive_id, b"job": job_id}

    def _send(self, request: Request, how: str, sent: tuple[bytes, bytes]) -> None:
        response, answer = send(self._face, request)
        said = b"\n".join([answer, *(f"{name}: {value}".encode() for name, value in response.headers)])
        if self._lines:
            complain(f"a failure inside: {self._lines.pop()}")
        if response.status not in _STATUSES:
            complain(f"status {response.status}: {answer!r}")
        if how != "signed" and response.status < 400:
            complain(f"status {response.status} for somebody who has proved nothing")
        for inside in self._inside:
            if inside in said and inside not in sent[0] and inside not in request.path:
                complain(f"the answer tells of {inside!r}: {said!r}")
        _require_form(response, answer)


def _require_form(response: Response, answer: bytes) -> None:
    """An answer that any client can read: printable headers, the length it says, an error that is one."""
    for name, value in response.headers:
        if not (name.isascii() and value.isascii() and value.isprintable()):
            complain(f"a header that cannot be sent: {name}: {value!r}")
    length = response.header("Content-Length")
    if length is not None and int(length) != len(answer):
        complain(f"{len(answer)} bytes, not {length}")
    if response.status >= 400:
        told = json.loads(answer)
        if set(told) != {"code", "message", "type"} or not all(isinstance(each, str) for each in told.values()):
            complain(f"an error that says {told}")


def _request(method: str, target: bytes, lines: bytes, *, body: bytes, at: datetime) -> Request:
    path, _, query = target.partition(b"?")
    filled = {
        b"content-length": str(len(body)).encode(),
        b"x-amz-date": at.strftime("%Y%m%dT%H%M%SZ").encode(),
        **{name.encode(): value.encode() for name, value in hashes(body).items()},
        b"content-range": b"bytes 0-%d/*" % (len(body) - 1),
    }
    headers = []
    for line in lines.split(b"\n"):
        name, _, value = (part.strip(b" \t") for part in line.partition(b":"))
        if name:
            headers.append((name, filled.get(name.lower(), value) if value == b"=" else value))
    return Request(method=method, path=path, query=query, headers=headers, body=io.BytesIO(body), peer="192.0.2.7")


# --- making them up ---------------------------------------------------------------------------------------------------

_ODD = (
    st.binary(max_size=12)
    | st.sampled_from(rb".. . %2e%2e %2F % %zz a%00b %ff%fe -1 0 null true bytes 0-9/* bytes=0- bytes=5-1".split())
    | st.sampled_from([b"\xff", b"a b", b"\x7f", "\u0661".encode(), b"A" * 1025, b"1" * 19, b"1" * 5000])
)
_GOOD = {
    "accountId": [b"-", b"000000000000", b"111111111111"],
    "vaultName": [b"{vault}", b"another", b"x" * 255],
    "archiveId": [b"{archive}", b"{job}"],
    "uploadId": [b"{upload}"],
    "jobId": [b"{job}", b"{upload}"],
    "lockId": [b"AAAAAAAAAAAAAAAAAAAAAAAA"],
    "limit": [b"1", b"50", b"1000"],
    "marker": [b"{upload}", b"{job}", b"arn:aws:glacier:local:000000000000:vaults/vault"],
    "statuscode": [b"InProgress", b"Succeeded", b"Failed"],
    "completed": [b"true", b"false"],
    "checksum": [b"="],
    "archiveDescription": [b"a light", b'"a\\"'],
    "archiveSize": [b"10", b"="],
    "partSize": [str(MIB).encode(), b"1048577", b"4294967296"],
    "range": [b"=", b"bytes 0-9/*", b"bytes=0-3", b"bytes=3-", b"bytes=-3"],
}


@st.composite
def _texts(draw: st.DrawFn) -> bytes:
    """A request for one of the operations, here and there with something odd in it."""
    operation = load_operations()[draw(st.sampled_from(sorted(load_operations())))]
    oddness = draw(st.sampled_from([0.0, 0.0, 0.1, 0.3]))

    def value(name: str) -> bytes:
        good = st.sampled_from(_GOOD.get(name, [b"x"]))
        return draw(_ODD if draw(st.floats(0, 1)) < oddness else good)

    segments = [value(part[1:-1]) if part.startswith("{") else part.encode() for part in operation.path]
    pairs = [f"{name}={fixed}".encode() for name, fixed in operation.query.items()]
    asked = [member for member in operation.request.at("querystring") if draw(st.booleans())]
    pairs += [member.wire_name.encode() + b"=" + value(member.name) for member in asked]
    target = b"/" + b"/".join(_sendable(segment) for segment in segments)
    target += b"?" + b"&".join(_sendable(pair) for pair in pairs) if pairs else b""
    headers = _COMMON
    for member in operation.request.at("header"):
        if draw(st.booleans()) or not oddness:
            headers += member.wire_name.encode() + b": " + value(member.name).replace(b"\n", b"") + b"\n"
    body = b""
    if operation.request.is_streaming:
        body = draw(st.binary(max_size=20))
        headers += b"x-amz-content-sha256: =\n"
    else:
        body = draw(_bodies(operation))
    headers = draw(_mutated(headers)) if draw(st.floats(0, 1)) < oddness else headers
    how = draw(st.sampled_from([b"signed"] * 6 + [b"forged", b"bare"]))
    return how + b"\n" + operation.method.encode() + b" " + target + b"\n" + headers + b"\n" + body


def _sendable(part: bytes) -> bytes:
    """As a server would hand it over: no blanks or line ends, all else as it is."""
    return re.sub(rb"[\s]", lambda match: quote_from_bytes(match[0]).encode(), part)


def _bodies(operation: Operation) -> st.SearchStrategy[bytes]:
    fitting = _fitting(operation.request.content).map(lambda value: json.dumps(value).encode())
    return fitting | json_texts() | st.binary(max_size=30) | st.just(b"")


_STRING_LIST = """archive-retrieval inventory-retrieval Expedited Standard Bulk JSON CSV 0-9 0-1048575 BytesPerHour
    FreeTier None ArchiveRetrievalCompleted arn:aws:sns:local:000000000000:t 10 2040-01-01 2039-12-31T23:59:59Z
    9999-12-31T23:59:59-23:59 0001-01-01T00:00+14:00
    {"Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}}
"""
_STRINGS = st.sampled_from(_STRING_LIST.split()) | st.text(max_size=10)


def _fitting(shape: Shape) -> st.SearchStrategy[object]:
    """JSON of the form that the model has, with members left out and odd leaves here and there."""
    odd = st.none() | st.integers() | st.booleans() | st.lists(st.none(), max_size=2)
    if shape.kind == "structure":
        inner = {name: _fitting(member.shape) for name, member in shape.members.items()}
        return st.fixed_dictionaries({}, optional=inner)
    if shape.kind == "map":
        return st.dictionaries(_STRINGS, _STRINGS, max_size=3)
    if shape.kind == "list" and shape.of is not None:
        return st.lists(_fitting(shape.of), max_size=3)
    if shape.kind in {"long", "integer"}:
        return st.integers(-5, 2**64) | odd
    return st.one_of(_STRINGS, _STRINGS, _STRINGS, odd)


@st.composite
def _mutated(draw: st.DrawFn, headers: bytes) -> bytes:
    """Headers with lines left out, doubled, cut up, or of nobody knows what."""
    lines = headers.split(b"\n")[:-1]
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        change = draw(st.sampled_from(["drop", "double", "odd", "case", "value"]))
        name, _, value = lines[at].partition(b":")
        if change == "drop" and len(lines) > 1:
            del lines[at]
        elif change == "double":
            lines.insert(at, lines[at])
        elif change == "odd":
            lines[at] = draw(st.binary(max_size=20)).replace(b"\n", b"")
        elif change == "case":
            lines[at] = name.swapcase() + b":" + value
        else:
            lines[at] = name + b": " + draw(_ODD).replace(b"\n", b"")
    return b"".join(line + b"\n" for line in lines)


def _inputs() -> st.SearchStrategy[bytes]:
    return st.one_of(
        _texts(), _texts(), _texts(), _texts(), st.binary(max_size=60).map(lambda raw: b"bare\nGET /" + raw)
    )
