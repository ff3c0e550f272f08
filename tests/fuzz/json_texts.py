"""JSON texts as strangers write them: whole, cut off, doubled, deep, or nearly JSON."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)


def values(words: st.SearchStrategy[str] | None = None, *, leaves: int = 12) -> st.SearchStrategy[Any]:
    """Any JSON value, some of whose texts and keys are of these words."""
    texts = st.text(max_size=6) if words is None else words | st.text(max_size=6)
    return st.recursive(
        _SCALARS | texts,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=leaves,
    )


@st.composite
def json_texts(draw: st.DrawFn, inner: st.SearchStrategy[Any] | None = None) -> bytes:
    """The text of a value, perhaps spoilt."""
    text = json.dumps(draw(inner if inner is not None else values()), ensure_ascii=draw(st.booleans()))
    data = text.encode("utf-8", "surrogatepass")
    match draw(st.sampled_from(["as it is", "as it is", "cut", "flip", "deep", "insert", "mark"])):
        case "cut":
            return data[: draw(st.integers(0, len(data)))]
        case "flip" if data:
            at = draw(st.integers(0, len(data) - 1))
            return data[:at] + bytes([draw(st.integers(0, 255))]) + data[at + 1 :]
        case "deep":
            depth = draw(st.sampled_from([7, 8, 9, 31, 32, 33, 2000]))
            return b'{"a":' * depth + data + b"}" * depth
        case "insert":
            at = draw(st.integers(0, len(data)))
            return (
                data[:at] + draw(st.sampled_from([b'"', b"\\", b"{", b"]", b",", b"NaN", b"1e999", b"\0"])) + data[at:]
            )
        case "mark":
            return b"\xef\xbb\xbf" + data
    return data
