"""Patterns that name files and folders: `*`, `?` and `[…]`, where `*` also crosses `/`.

A pattern matches a path if it matches all of it, or all that follows one of its `/`: `Bias` names every folder of that
name, `Light/*_Blue_*` all blue lights below any `Light`. A pattern that begins with `/` must match from the top.
"""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAGIC = re.compile(r"[*?\[]")


def is_pattern(text: str) -> bool:
    """Whether `text` holds a wildcard."""
    return _MAGIC.search(text) is not None


class Patterns:
    """A set of patterns that a path matches if it matches any of them.

    Args:
        patterns: As described above; a backslash is taken for `/`.
        ignore_case: Whether `a` and `A` are the same.
    """

    def __init__(self, patterns: Iterable[str], *, ignore_case: bool = False) -> None:
        """Compile the patterns once."""
        self._patterns = tuple(pattern.replace("\\", "/").rstrip("/") for pattern in patterns)
        flags = re.IGNORECASE if ignore_case else 0
        self._expression = re.compile("|".join(_translate(p) for p in self._patterns) or r"(?!)", flags)

    def __bool__(self) -> bool:
        """Whether there is any pattern."""
        return bool(self._patterns)

    def match(self, path: str) -> bool:
        """Whether any of the patterns matches `path` (a text of `names`)."""
        return self._expression.match(path) is not None


def _translate(pattern: str) -> str:
    anchored = pattern.startswith("/")
    body = translate(pattern.lstrip("/"))
    return body if anchored else rf"(?:.*/)?{body}"
