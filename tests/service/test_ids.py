"""Keys, IDs and markers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldframe.service.ids import Kind, decode_id, decode_marker, encode_id, encode_marker, new_key

_ID_KINDS = st.sampled_from([Kind.ARCHIVE, Kind.UPLOAD, Kind.JOB])
_KEYS = st.binary(min_size=16, max_size=16)


@given(kind=_ID_KINDS, key=_KEYS)
def test_id_gives_its_key_back(kind: Kind, key: bytes) -> None:
    """An ID has the protocol's length, and decodes to the key it was made of, for its own kind alone."""
    text = encode_id(kind, key)
    assert len(text) == (138 if kind is Kind.ARCHIVE else 92)
    for each in (Kind.ARCHIVE, Kind.UPLOAD, Kind.JOB):
        assert decode_id(each, text) == (key if each is kind else None)


def test_archive_id_ends_as_the_originals() -> None:
    """The last of 138 characters holds two bits: it is one of A, Q, g and w (glacier-api 4)."""
    ends = {encode_id(Kind.ARCHIVE, new_key(number))[-1] for number in range(200)}
    assert ends == set("AQgw")


@given(key=_KEYS, at=st.integers(0, 137), other=st.characters(codec="ascii"))
def test_mistyped_id_is_known(key: bytes, at: int, other: str) -> None:
    """One other character anywhere makes an ID that is none, also in the bits that base64 would ignore."""
    text = encode_id(Kind.ARCHIVE, key)
    if other != text[at]:
        assert decode_id(Kind.ARCHIVE, text[:at] + other + text[at + 1 :]) is None


@given(text=st.text(max_size=200))
def test_nonsense_is_no_id(text: str) -> None:
    """No text decodes by chance, and none makes the decoder stumble."""
    for kind in (Kind.ARCHIVE, Kind.UPLOAD, Kind.JOB):
        assert decode_id(kind, text) is None
    assert decode_marker(Kind.PARTS_MARKER, text, 1) is None


@pytest.mark.parametrize("change", ["{}=", " {}", "{}\n", "{}A"])
def test_id_has_one_form(change: str) -> None:
    """Padding, blanks and more characters are not part of an ID."""
    text = encode_id(Kind.JOB, new_key(5))
    assert decode_id(Kind.JOB, change.format(text)) is None


@given(numbers=st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=5))
def test_marker_gives_its_numbers_back(numbers: list[int]) -> None:
    """A marker holds its numbers, and is no marker of another count or kind."""
    text = encode_marker(Kind.INVENTORY_MARKER, *numbers)
    assert decode_marker(Kind.INVENTORY_MARKER, text, len(numbers)) == tuple(numbers)
    assert decode_marker(Kind.INVENTORY_MARKER, text, len(numbers) + 1) is None
    assert decode_marker(Kind.PARTS_MARKER, text, len(numbers)) is None


def test_keys_sort_by_their_moment() -> None:
    """A later key is a larger key, and no two are the same."""
    keys = [new_key(number * 1000) for number in range(100)]
    assert keys == sorted(keys)
    assert len({new_key(7) for _ in range(1000)}) == 1000
