"""From a path to an operation and its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from coldframe.errors import InvalidParameterValue, MissingParameterValue
from coldframe.wire.faults import UnknownOperation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coldframe.wire.http import Request
    from coldframe.wire.operations import Operation

_VAULTS = 1
"""Where a path says `vaults`; a name follows."""


@dataclass(frozen=True, slots=True)
class Route:
    """An operation, and what the path and the query say, by the model's names; empty values are left out."""

    operation: Operation
    parameters: Mapping[str, str]


class Router:
    """Finds operations; each segment of a path is decoded once, and a decoded slash separates nothing."""

    def __init__(self, operations: Mapping[str, Operation]) -> None:
        """Sort the routes by what distinguishes them."""
        self._by_form: dict[tuple[str, int], list[Operation]] = {}
        for operation in operations.values():
            self._by_form.setdefault((operation.method, len(operation.path)), []).append(operation)

    def find(self, request: Request) -> Route:
        """The operation that a request asks for.

        Raises:
            UnknownOperation: There is none.
            InvalidParameterValue: A segment is a dot or two, or the query is not text.
            MissingParameterValue: The path alone does not tell which.
        """
        segments = [_text(segment) for segment in request.path.removeprefix(b"/").split(b"/")]
        candidates = [
            operation
            for operation in self._by_form.get((request.method, len(segments)), ())
            if all(
                _is_parameter(known) or known == found for known, found in zip(operation.path, segments, strict=True)
            )
        ]
        if not candidates or not request.path.startswith(b"/") or "" in segments:
            raise UnknownOperation(f"Unknown operation: {request.method} {_shown(request.path)}")
        _refuse_dots(segments)
        query = read_query(request.query)
        operation = _choose(candidates, query)
        found = {
            known[1:-1]: segment
            for known, segment in zip(operation.path, segments, strict=True)
            if _is_parameter(known)
        }
        for member in operation.request.at("querystring"):
            value = query.get(member.wire_name)
            if value:
                found[member.name] = value
        return Route(operation, found)


def read_query(query: bytes) -> dict[str, str]:
    """The pairs of a query, each decoded once; a name that comes twice is refused."""
    found: dict[str, str] = {}
    for pair in query.split(b"&"):
        name, _, value = (_text(part) for part in pair.partition(b"="))
        if name in found:
            raise InvalidParameterValue(f"The parameter {name} was given more than once.")
        if name:
            found[name] = value
    return found


def _choose(candidates: list[Operation], query: Mapping[str, str]) -> Operation:
    for operation in candidates:
        if all(query.get(name) == value for name, value in operation.query.items()):
            return operation
    name = next(iter(candidates[0].query))
    if not query.get(name):
        raise MissingParameterValue(f"Required parameter missing: {name}")
    raise InvalidParameterValue(f"Invalid {name}: {query[name]}")


def _refuse_dots(segments: list[str]) -> None:
    """Refuse names that normalising destroys: router and signature would not see the same path (glacier-api 4)."""
    for place, segment in enumerate(segments):
        if segment in {".", ".."}:
            what = "vault name" if place == _VAULTS + 1 and segments[_VAULTS] == "vaults" else "path segment"
            raise InvalidParameterValue(f"Invalid {what}: {segment}")


def _is_parameter(segment: str) -> bool:
    return segment.startswith("{")


def _text(raw: bytes) -> str:
    return unquote_to_bytes(raw).decode("utf-8", "backslashreplace")


def _shown(path: bytes) -> str:
    return path[:200].decode("ascii", "backslashreplace")
