"""What one client may take of the server: bytes, seconds, connections (reliability H3 to H6)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from coldframe.model import MAX_PART_SIZE, MIB
from coldframe.quantities import parse_duration, parse_size

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one listener. All times are seconds, all sizes bytes.

    Args:
        max_target: How long path and query may be together; more is 414.
        max_headers_size: How long all header lines may be together; more is 431.
        max_headers: How many there may be; more is 431.
        max_body: The longest body: a little more than the longest part, so that the face refuses a part that is too
            long in the original's words. More is 413.
        head_seconds: In which a connection's encryption is agreed on, and in which a head that has begun is complete.
        idle_seconds: How long a connection may wait for its next request.
        pace_size: How many bytes must pass, either way, in each `pace_seconds` that we wait for the client.
        pace_seconds: See there.
        content_seconds: In which the JSON body of an operation must be there, since its sender is not known before.
        linger_seconds: How long the rest of a refused body is read, so that its sender sees the answer.
        max_connections: When so many are open, the one that has waited longest for a request is closed; when all
            are at work, new ones wait outside.
        max_connections_per_address: Likewise for those from one address, but new ones are turned away.
    """

    max_target: int = 8 * 1024
    max_headers_size: int = 16 * 1024
    max_headers: int = 100
    max_body: int = MAX_PART_SIZE + MIB
    head_seconds: float = 10.0
    idle_seconds: float = 60.0
    pace_size: int = 30 * 1024
    pace_seconds: float = 30.0
    content_seconds: float = 60.0
    linger_seconds: float = 5.0
    max_connections: int = 1024
    max_connections_per_address: int = 256


def parse_limits(values: Mapping[str, str]) -> Limits:
    """The usual limits with some changed: times such as `10s`, sizes such as `16KiB`, numbers.

    Raises:
        ValueError: There is no such limit, or it cannot be that.
    """
    known = {each.name for each in fields(Limits)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no limit; there are {', '.join(sorted(known))}")
    return Limits(**{name: _parse(name, value) for name, value in values.items()})


def _parse(name: str, value: str) -> Any:
    parsed: float = parse_duration(value) if name.endswith("_seconds") else parse_size(value)
    if parsed <= 0:
        raise ValueError(f"{name} must be more than 0")
    return parsed


ADMIN_LIMITS = Limits(max_body=0, idle_seconds=30, max_connections=64, max_connections_per_address=64)
"""Of the listener for health and metrics."""
