"""From texts and JSON to the model's values; what is wrong is told in the original's words (glacier-api 3.3 and 8)."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from coldframe.errors import InvalidParameterValue, MissingParameterValue
from coldframe.model import MAX_PART_SIZE, MIN_PART_SIZE, ByteRange
from coldframe.wire.faults import Serialization

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import StrEnum

    from coldframe.wire.operations import Message, Shape

    E = TypeVar("E", bound=StrEnum)

MAX_DEPTH = 32
_MAX_DIGITS = 18
_NUMBER = re.compile(rf"[0-9]{{1,{_MAX_DIGITS}}}")
_CONTENT_RANGE = re.compile(rf"bytes[ =]([0-9]{{1,{_MAX_DIGITS}}})-([0-9]{{1,{_MAX_DIGITS}}})/\*")
_RETRIEVAL_RANGE = re.compile(rf"([0-9]{{1,{_MAX_DIGITS}}})-([0-9]{{1,{_MAX_DIGITS}}})")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})T?([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)?"
    r" ?(Z|UTC|[+-][0-9]{2}:?[0-9]{2})?"
)


def missing(what: str) -> MissingParameterValue:
    """The error for something required that was not given."""
    return MissingParameterValue(f"Required parameter missing: {what}")


def required(parameters: Mapping[str, str], name: str, wire_name: str) -> str:
    """A parameter that must be there; `wire_name` is what the caller calls it."""
    value = parameters.get(name)
    if not value:
        raise missing(wire_name)
    return value


def number(text: str, what: str) -> int:
    """A whole number without a sign."""
    if not _NUMBER.fullmatch(text):
        raise InvalidParameterValue(f"Invalid {what}: {text}")
    return int(text)


def limit(parameters: Mapping[str, str]) -> int | None:
    """How many items a page may hold."""
    text = parameters.get("limit")
    return None if text is None else number(text, "limit")


def part_size(text: str) -> int:
    """A part size, if it is a number; whether it is a legal one is for the store to say."""
    if not _NUMBER.fullmatch(text):
        raise InvalidParameterValue(
            f"Invalid part size: {text}. Part size must not be null, must be a power of two and be between "
            f"{MIN_PART_SIZE} and {MAX_PART_SIZE} bytes."
        )
    return int(text)


def boolean(text: str, what: str) -> bool:
    """`true` or `false`."""
    if text not in {"true", "false"}:
        raise InvalidParameterValue(f"Invalid {what}: {text}")
    return text == "true"


def choice(text: str, kind: type[E], what: str) -> E:
    """One of an enumeration's values."""
    try:
        return kind(text)
    except ValueError as error:
        raise InvalidParameterValue(f"Invalid {what}: {text}") from error


def content_range(text: str, content_length: int) -> ByteRange:
    """Where a part belongs: `bytes <a>-<b>/*`, both included."""
    match = _CONTENT_RANGE.fullmatch(text)
    if match is None or int(match[2]) < int(match[1]):
        raise InvalidParameterValue(f"Invalid Content-Range: {text}")
    found = ByteRange(int(match[1]), int(match[2]) + 1)
    if found.size != content_length:
        raise InvalidParameterValue(f"Content-Range: {text} is incompatible with Content-Length: {content_length}")
    return found


def retrieval_range(text: str) -> ByteRange:
    """Which bytes of an archive a job is for: `<a>-<b>`, both included."""
    match = _RETRIEVAL_RANGE.fullmatch(text)
    if match is None or int(match[2]) < int(match[1]):
        raise InvalidParameterValue(f"Invalid retrieval byte range: {text}")
    return ByteRange(int(match[1]), int(match[2]) + 1)


def moment(text: str, what: str) -> datetime:
    """A date, or a date and a time, in ISO 8601; without a zone it is UTC (glacier-api 1.4)."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise InvalidParameterValue(f"Invalid {what}: {text}")
    zone = "+00:00" if match[3] in {None, "Z", "UTC"} else match[3]
    try:
        return datetime.fromisoformat(f"{match[1]}T{match[2] or '00:00'}{zone}").astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidParameterValue(f"Invalid {what}: {text}") from error


def read_content(raw: bytes, message: Message) -> dict[str, Any]:
    """The members of a JSON body, explicit nulls and unknown keys left out.

    A payload may also come wrapped in its member's name, as the guide's syntax boxes have it (glacier-api 19.7).

    Raises:
        Serialization: It is not well-formed JSON, or not an object.
        InvalidParameterValue: A value is of the wrong kind.
    """
    if not raw.strip():
        return {}
    found = parse_json(raw)
    if not isinstance(found, dict):
        raise Serialization("The body must be a JSON object.")
    inner = found.get(message.payload.name) if message.payload is not None else None
    content = _value(inner if isinstance(inner, dict) else found, message.content, "body")
    return content if isinstance(content, dict) else {}


def parse_json(raw: bytes) -> object:
    """Strict JSON: UTF-8, no key twice, no NaN, nothing nested deeper than 32.

    Raises:
        Serialization: It is something else.
    """
    try:
        found = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_without_doubles, parse_constant=_refuse_constant)
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is not text
    except (ValueError, RecursionError) as error:
        raise Serialization("The body is not well-formed JSON.") from error
    if _is_deeper(found, MAX_DEPTH):
        raise Serialization(f"The body is nested deeper than {MAX_DEPTH}.")
    return found


def _value(value: object, shape: Shape, name: str) -> object:
    """A value of the form that the model gives it."""
    if shape.kind == "structure" and isinstance(value, dict):
        kept = {key: each for key, each in value.items() if key in shape.members and each is not None}
        return {key: _value(each, shape.members[key].shape, key) for key, each in kept.items()}
    if shape.kind == "map" and isinstance(value, dict) and shape.of is not None:
        return {key: _value(each, shape.of, name) for key, each in value.items()}
    if shape.kind == "list" and isinstance(value, list) and shape.of is not None:
        return [_value(each, shape.of, name) for each in value]
    if shape.kind == "string" and isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)  # boto 2 sends an inventory's limit as a number
    if shape.kind in {"long", "integer"} and isinstance(value, int) and not isinstance(value, bool):
        return value
    raise InvalidParameterValue(f"Invalid {name}: it must be a {shape.kind}.")


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        msg = "a key comes twice"
        raise ValueError(msg)
    return found


def _refuse_constant(name: str) -> object:
    msg = f"{name} is not JSON"
    raise ValueError(msg)


def _is_deeper(value: object, depth: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return depth == 0 or any(_is_deeper(each, depth - 1) for each in inner)
