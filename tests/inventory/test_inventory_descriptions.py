"""Descriptions: what an archive says about itself, and moments in full precision."""

from __future__ import annotations

import os
import zlib
from base64 import b85encode
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coldframe.catalog import Kind
from coldframe.inventory.description import Described, decode_description, encode_description
from coldframe.inventory.moments import format_ns, from_ns, parse_ns, to_ns
from coldframe.model import MAX_DESCRIPTION
from coldframe.names import write_path

FOUNDING = Described(
    path="Subs/Light/M33_Light_Blue_180sec__1x1_frame1.fit",
    kind=Kind.FILE,
    size=33566400,
    modified_ns=1704490380_123456789,
)

_NAMES = st.one_of(
    st.text(min_size=1, max_size=300),
    st.binary(min_size=1, max_size=300).map(os.fsdecode),
    st.text(alphabet="é☃🔭\u202e\n %", min_size=1, max_size=2000),
    st.text(alphabet="ab/", min_size=900, max_size=3000),
)
_PATHS = _NAMES.filter(lambda name: "\0" not in name).map(write_path)
_MOMENTS = st.integers(-(2**63), 2**63 - 1)


def test_description_is_readable() -> None:
    """A person can read it, and so can a program in 20 years."""
    assert encode_description(FOUNDING) == (
        "coldframe/1 file size=33566400 modified=2024-01-05T21:33:00.123456789Z"
        " path=Subs/Light/M33_Light_Blue_180sec__1x1_frame1.fit"
    )


@given(path=_PATHS, kind=st.sampled_from([Kind.FILE, Kind.BUNDLE]), size=st.integers(0, 2**43), at=_MOMENTS | st.none())
@example(path=" ", kind=Kind.FILE, size=0, at=None)
@example(path="%", kind=Kind.FILE, size=0, at=-1)
def test_description_comes_back(path: str, kind: Kind, size: int, at: int | None) -> None:
    """Any name that a file system can hold comes back; if it is too long, its end does, and its SHA-256."""
    described = Described(path=path, kind=kind, size=size, modified_ns=at)

    text = encode_description(described)
    back = decode_description(text)

    assert len(text) <= MAX_DESCRIPTION
    assert all(0x20 <= ord(character) <= 0x7E for character in text)
    assert text == text.strip()
    assert back is not None
    if back.is_whole_path:
        assert back == described
    else:
        assert path.endswith(back.path)
        tail = replace(described, path=back.path, is_whole_path=False, path_sha256=sha256(path.encode()).hexdigest())
        assert back == tail


def test_long_path_is_packed_before_it_is_cut() -> None:
    """A path that does not fit as it is fits deflated, if it repeats itself as long paths do."""
    path = "/".join(f"2024-01-{day:02d}/M33_Light_Blue" for day in range(1, 60))
    text = encode_description(replace(FOUNDING, path=path))
    assert " packed=" in text
    assert decode_description(text) == replace(FOUNDING, path=path)


def test_path_beyond_all_limits_keeps_its_end() -> None:
    """Of a path that cannot be packed into a description, as much of the end is kept as fits."""
    path = "".join(chr(0x4E00 + number * 7 % 20000) for number in range(2000)) + "/the end.fit"
    text = encode_description(replace(FOUNDING, path=path))
    back = decode_description(text)
    assert back is not None
    assert not back.is_whole_path
    assert back.path.endswith("/the end.fit")
    assert len(text) > MAX_DESCRIPTION - 12


@pytest.mark.parametrize(
    "text",
    [
        "",
        "M33_Light_Blue.fit",
        "coldframe/2 file size=1 modified=- path=a",
        "coldframe/1 member size=1 modified=- path=a",
        "coldframe/1 file size=-1 modified=- path=a",
        "coldframe/1 file size=1 modified=yesterday path=a",
        "coldframe/1 file size=1 modified=2024-13-01T00:00:00Z path=a",
        "coldframe/1 file size=1 modified=- path=",
        "coldframe/1 file size=1 modified=- path=%00",
        "coldframe/1 file size=1 modified=- path=%FF",
        "coldframe/1 file size=1 modified=- packed=!!!",
        "coldframe/1 file size=1 modified=- packed=" + "0" * 500,
        "coldframe/1 file size=1 modified=- packed=" + b85encode(b"not deflated").decode(),
        "coldframe/1 file size=1 modified=- sha256=12 tail=a",
        "coldframe/1 file size=1 modified=- path=" + "a" * 1024,
    ],
)
def test_description_that_is_not_ours_is_nothing(text: str) -> None:
    """Other programs' descriptions, later versions and damage are told apart from ours."""
    assert decode_description(text) is None


def test_packed_bomb_is_not_unpacked() -> None:
    """A megabyte that hides in a thousand characters is refused, not believed."""
    engine = zlib.compressobj(9, wbits=-15)
    packed = b85encode(engine.compress(b"a" * (1 << 19)) + engine.flush()).decode()
    assert len(packed) < 900
    assert decode_description(f"coldframe/1 file size=1 modified=- packed={packed}") is None


@given(text=st.text(max_size=200) | st.text(max_size=80).map(lambda end: f"coldframe/1 file size=1 modified=- {end}"))
def test_any_text_can_be_read(text: str) -> None:
    """Whatever a vault holds as a description, reading it ends well."""
    back = decode_description(text)
    assert back is None or back.path


@pytest.mark.parametrize("wrong", [replace(FOUNDING, path=""), replace(FOUNDING, kind=Kind.MEMBER)])
def test_description_of_nothing_is_refused(wrong: Described) -> None:
    """A member has no archive of its own, and every archive has a path."""
    with pytest.raises(ValueError, match="a file or a bundle"):
        encode_description(wrong)


@given(ns=_MOMENTS)
@example(ns=-(2**63))
def test_moment_comes_back(ns: int) -> None:
    """Nanoseconds survive being written, whatever the year."""
    assert parse_ns(format_ns(ns)) == ns


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.5Z", 500_000_000),
        ("1970-01-01 01:00:00+01:00", 0),
        ("1970-01-01T00:00-0130", 5400_000_000_000),
        ("1970-01-01T00:00:01", 1_000_000_000),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("2024-02-30T00:00:00Z", None),
        ("05.01.2024 21:33", None),
        ("", None),
        ("@9223372036854775808", None),
    ],
)
def test_moment_is_read_in_iso_forms(text: str, ns: int | None) -> None:
    """ISO 8601 with and without seconds, decimals and zone; nothing else is guessed at."""
    assert parse_ns(text) == ns


def test_moment_is_a_datetime_where_there_is_one() -> None:
    """Within the years that datetime knows, both forms agree to the microsecond."""
    moment = datetime(2024, 1, 5, 21, 33, 0, 123456, tzinfo=UTC)
    assert from_ns(to_ns(moment) + 789) == moment
    assert from_ns(2**63 * 10**6) is None
