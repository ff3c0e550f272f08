"""Resource names: six components between colons, each compared with the component in the same place."""

from __future__ import annotations

from coldframe.service.policies.wildcards import matches

_COMPONENTS = 6


def split_arn(text: str) -> tuple[str, ...] | None:
    """The six components, of which the last may hold colons; None if it is no ARN."""
    components = tuple(text.split(":", _COMPONENTS - 1))
    is_arn = len(components) == _COMPONENTS and components[0] == "arn"
    return components if is_arn and all(components[i] for i in (1, 2, 5)) else None


def matches_arn(pattern: tuple[str, ...], text: str) -> bool:
    """Whether the ARN is one of the pattern's. A wildcard never crosses into the next component."""
    components = split_arn(text)
    return components is not None and all(matches(p, c) for p, c in zip(pattern, components, strict=True))
