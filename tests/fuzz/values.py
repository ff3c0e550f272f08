"""The small texts of the protocol: ranges, moments, numbers, IDs, markers, tree hashes. Each against a slow twin."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from hypothesis import strategies as st

from coldframe.errors import InvalidParameterValue
from coldframe.model import MAX_PART_SIZE, MIB, MIN_PART_SIZE, ByteRange
from coldframe.service import rules
from coldframe.service.ids import Kind, decode_id, decode_marker, encode_id, encode_marker
from coldframe.tree_hash import is_tree_hash_aligned, root
from coldframe.wire import decode, jobs
from fuzz.target import Target, complain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from coldframe.wire.call import Call

_SIZE = 1000
_DIGITS = frozenset("0123456789")
_IDS = (Kind.ARCHIVE, Kind.UPLOAD, Kind.JOB)
_LEGAL_PARTS = {MIB << power for power in range(13)}


def run_range(data: bytes) -> None:
    """One text as Content-Range, as the range of a job, and as Range."""
    text = data.decode("latin-1")
    _compare("Content-Range", text, lambda: decode.content_range(text, 5), _content_range(text))
    _compare("the range of a job", text, lambda: decode.retrieval_range(text), _pair(text))
    _compare("Range", text, lambda: _output_range(text), _slow_output_range(text))


def _content_range(text: str) -> ByteRange | None:
    if text[:5] != "bytes" or text[5:6] not in {" ", "="} or text[-2:] != "/*":
        return None
    found = _pair(text[6:-2])
    return found if found is not None and found.size == 5 else None


def _pair(text: str) -> ByteRange | None:
    """`first-last`, of at most 18 digits each, in order."""
    first, dash, last = text.partition("-")
    if not (dash and _is_number(first) and _is_number(last)) or int(last) < int(first):
        return None
    return ByteRange(int(first), int(last) + 1)


def _is_number(text: str) -> bool:
    return 1 <= len(text) <= 18 and set(text) <= _DIGITS


@dataclass(frozen=True)
class _Output:
    total_size: int


class _Jobs:
    """As much of a store as a range is asked of."""

    @contextmanager
    def get_job_output(self, *_: object) -> Iterator[_Output]:
        """An output of 1,000 bytes."""
        yield _Output(_SIZE)


def _output_range(text: str) -> ByteRange:
    """What a Range header gives, by the face and then the service."""
    match = jobs._RANGE.fullmatch(text.replace(" ", ""))
    call = cast("Call", SimpleNamespace(store=_Jobs(), vault_name="v", parameters={"range": text}))
    return rules.output_range(None if match is None else jobs._output_range(call, "job", match), _SIZE)


def _slow_output_range(text: str) -> ByteRange | None:
    """The same, spelled out (glacier-api 8.7): what is malformed counts for nothing, what begins beyond is refused."""
    unit, equals, rest = text.replace(" ", "").partition("=")
    first, dash, last = rest.partition("-")
    are_numbers = all(not each or _is_number(each) for each in (first, last))
    if unit.lower() != "bytes" or not equals or not dash or not are_numbers or not (first or last):
        return ByteRange(0, _SIZE)
    if first and last and int(first) > int(last):
        return ByteRange(0, _SIZE)
    start = int(first) if first else max(0, _SIZE - int(last))
    end = min(int(last) + 1, _SIZE) if first and last else _SIZE
    return ByteRange(start, end) if start < _SIZE else None


def run_moment(data: bytes) -> None:
    """A date as somebody may write it: a moment of this calendar in UTC, or refused."""
    text = data.decode("utf-8", "replace")
    try:
        found = decode.moment(text, "StartDate")
    except InvalidParameterValue:
        return
    if found.tzinfo is not UTC or not text.isascii():
        complain(f"{text!r} is {found!r}")
    local = datetime(int(text[:4]), int(text[5:7]), int(text[8:10]), tzinfo=UTC)
    if abs(found - local) > timedelta(days=2):
        complain(f"{text!r} is {found!r}")


def run_number(data: bytes) -> None:
    """Limits, sizes and part sizes."""
    text = data.decode("utf-8", "replace")
    wanted = int(text) if _is_number(text) else None
    _compare("a limit", text, lambda: decode.number(text, "limit"), wanted)
    _compare("a part size", text, lambda: _part_size(text), wanted if wanted in _LEGAL_PARTS else None)
    _compare(
        "a page", text, lambda: rules.page_limit(decode.limit({"limit": text}), 50), min(wanted, 50) if wanted else None
    )
    if not MIN_PART_SIZE == min(_LEGAL_PARTS) < max(_LEGAL_PARTS) == MAX_PART_SIZE:
        complain("the legal part sizes are others")


def _part_size(text: str) -> int:
    size = decode.part_size(text)
    rules.require_part_size(size)
    return size


def run_id(data: bytes) -> None:
    """A text as an ID or a marker of each kind, and the IDs of a key that is made of it, with one letter changed."""
    text = data.decode("utf-8", "surrogateescape")
    for kind in _IDS:
        found = decode_id(kind, text)
        if found is not None and encode_id(kind, found) != text:
            complain(f"two IDs of one key: {text}")
    for count in (1, 5):
        for kind in (Kind.PARTS_MARKER, Kind.INVENTORY_MARKER):
            numbers = decode_marker(kind, text, count)
            if numbers is not None and encode_marker(kind, *numbers) != text:
                complain(f"two markers of one place: {text}")
    _require_sealed(sha256(data).digest())


def _require_sealed(noise: bytes) -> None:
    key, at, letter = noise[:16], noise[16], chr(noise[17] % 128)
    for kind in _IDS:
        good = encode_id(kind, key)
        others = [decode_id(other, good) for other in _IDS if other is not kind]
        place = at % len(good)
        bent = good[:place] + letter + good[place + 1 :]
        if decode_id(kind, good) != key or any(others) or (bent != good and decode_id(kind, bent) is not None):
            complain(f"{good} or {bent} is taken for what it is not")


def run_tree_hashes(data: bytes) -> None:
    """A text as a tree hash; and as leaves, whose root does not depend on how they came in parts."""
    text = data.decode("latin-1")
    is_one = len(text) == 64 and set(text.lower()) <= _DIGITS | set("abcdef")
    _compare("a tree hash", text, lambda: rules.tree_hash(text), text.lower() if is_one else None)
    leaves = [sha256(data[at : at + 3]).digest() for at in range(0, min(len(data), 300), 3)]
    whole = root(leaves)
    if leaves and whole != _slow_root(leaves):
        complain("another root than that of the definition")
    for width in (1, 2, 4, 8, 64):
        if leaves and root([root(leaves[at : at + width]) for at in range(0, len(leaves), width)]) != whole:
            complain(f"parts of {width} leaves have another root")
    _require_aligned(data)


def _slow_root(leaves: Sequence[bytes]) -> bytes:
    """Glacier-api 6: neighbours are joined level by level, the odd one rises as it is; from the top down."""
    if len(leaves) == 1:
        return leaves[0]
    width = 1
    while width * 2 < len(leaves):
        width *= 2
    return sha256(_slow_root(leaves[:width]) + _slow_root(leaves[width:])).digest()


def _require_aligned(data: bytes) -> None:
    count, first, last = (*data[:3], 1, 1, 1)[:3]
    size = max(1, count % 40 * MIB + data[-1] % 3 if data else 1)
    wanted = ByteRange(first % 41 * MIB, min(last % 41 * MIB, size))
    leaves = -(-size // MIB)
    nodes = {
        (start * MIB, min((start + (1 << power)) * MIB, size))
        for power in range(7)
        for start in range(0, leaves, 1 << power)
    }
    is_node = (wanted.start, wanted.end) in nodes and wanted.start < wanted.end
    if is_tree_hash_aligned(wanted, size) is not is_node:
        complain(f"{wanted} of {size}: {not is_node}")


def _compare(what: str, text: str, ask: Callable[[], Any], wanted: Any) -> None:
    try:
        found = ask()
    except InvalidParameterValue:
        found = None
    if found != wanted:
        complain(f"{text!r} as {what} is {found}, not {wanted}")


# --- making them up ---------------------------------------------------------------------------------------------------

_NUMBERS = st.sampled_from(
    ["", "0", "1", "4", "5", "9", "999", "1000", "1048575", "1" * 18, "1" * 19, "\u0661", "-1", "+1"]
)
_UNITS = st.sampled_from(["", "bytes ", "bytes=", "Bytes=", "bytes = ", "BYTES=", "items=", "bytes=bytes="])
_TAILS = st.sampled_from(["", "/*", "/5", "/", ",5-6", "\n", "\0"])
_RANGES = st.builds(
    lambda *parts: "".join(parts).encode("utf-8"),
    _UNITS,
    _NUMBERS,
    st.sampled_from(["-", "--", " - ", ""]),
    _NUMBERS,
    _TAILS,
)
_DATES = st.builds(
    lambda *parts: "".join(parts).encode(),
    st.sampled_from(["2040-01-01", "0001-01-01", "9999-12-31", "2039-02-29", "2040-02-29", "2040-13-01", "40-1-1", ""]),
    st.sampled_from(["T", "", " ", "t"]),
    st.sampled_from(["00:00:00", "23:59:60", "24:00", "12:30", "12:30:15.123456", "12:30:15.", "", "99:99"]),
    st.sampled_from(["Z", "UTC", " UTC", "+00:00", "-2359", "+24:00", "+14:00", "z", "", "\n"]),
)
_SIZES = st.integers(-3, 2**70).map(str) | _NUMBERS | st.sampled_from([str(MIB << power) for power in range(15)])
_TEXTS = st.binary(max_size=150)


@st.composite
def _ids(draw: st.DrawFn) -> bytes:
    """An ID or a marker, perhaps with something done to it."""
    key = draw(st.binary(min_size=16, max_size=16))
    good = draw(st.sampled_from([encode_id(kind, key) for kind in _IDS] + [encode_marker(Kind.PARTS_MARKER, 3)]))
    at = draw(st.integers(0, len(good)))
    change = draw(st.sampled_from(["", "cut", "=", "\n", "-", "A", "\u00e9"]))
    return (good[:at] if change == "cut" else good[:at] + change + good[at + len(change) - 1 :]).encode()


_HASHES = st.binary(min_size=32, max_size=32).map(lambda raw: raw.hex().encode())

TARGETS = (
    Target("ranges", run_range, _RANGES | st.binary(max_size=20), share=2),
    Target("moments", run_moment, _DATES | st.binary(max_size=30)),
    Target("numbers", run_number, _SIZES.map(str.encode) | st.binary(max_size=20)),
    Target("ids", run_id, _ids() | _TEXTS),
    Target("tree-hashes", run_tree_hashes, _HASHES | _TEXTS | st.binary(min_size=64, max_size=64)),
)
