"""What is wrong with one element of a policy, before it is known which statement it stands in."""

from __future__ import annotations

import json

_SHOWN = 80


class Flaw(ValueError):
    """An element that is not understood, or makes no sense."""

    def __init__(self, element: str, problem: str) -> None:
        """Name the element and what is wrong with it."""
        super().__init__(f"{element}: {problem}" if element else problem)


def shown(value: object) -> str:
    """A value as a message shows it: JSON in ASCII, not too long."""
    text = json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
