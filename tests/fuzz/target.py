"""What is fuzzed, and how: a target takes bytes, and complains of what must never happen; a corpus remembers.

The corpus is a folder of small files for each target. They are tried first. An input that fails is written there, as
small as Hypothesis could make it, so that it stays with the repository once what it found is mended.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import SearchStrategy

CORPUS = os.path.join(os.path.dirname(__file__), "corpus")
_LARGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Target:
    """Something that is handed bytes by strangers.

    Args:
        name: That of its folder in the corpus.
        run: Tries an input; raises for what must not be.
        inputs: Makes up inputs.
        share: How many of them, in relation to the other targets.
    """

    name: str
    run: Callable[[bytes], None]
    inputs: SearchStrategy[bytes]
    share: float = 1.0

    @property
    def folder(self) -> str:
        """Where its corpus lies."""
        return os.path.join(CORPUS, self.name)

    def corpus(self) -> Iterator[tuple[str, bytes]]:
        """The inputs that are kept, with their names."""
        for name in sorted(os.listdir(self.folder)):
            with open(os.path.join(self.folder, name), "rb") as file:
                yield name, file.read()

    def keep(self, data: bytes) -> str:
        """Put an input that failed into the corpus; its path."""
        path = os.path.join(self.folder, f"found-{sha256(data).hexdigest()[:12]}.txt")
        if len(data) <= _LARGEST:
            with open(path, "wb") as file:
                file.write(data)
        return path


def complain(message: str) -> None:
    """Say what must never be."""
    raise AssertionError(message)
