"""Which rows of the catalog were met: a bit each, so that a million of them take 125 kB."""

from __future__ import annotations

_STEP = 1024


class SeenRows:
    """A set of rows of the catalog."""

    def __init__(self) -> None:
        """Begin empty."""
        self._bits = bytearray()

    def add(self, row: int) -> bool:
        """Remember a row; False if it was there."""
        byte, bit = row >> 3, 1 << (row & 7)
        if byte >= len(self._bits):
            self._bits.extend(bytes(byte + 1 - len(self._bits) + _STEP))
        is_new = not self._bits[byte] & bit
        self._bits[byte] |= bit
        return is_new

    def __contains__(self, row: int) -> bool:
        """Whether a row was met."""
        return row >> 3 < len(self._bits) and bool(self._bits[row >> 3] & 1 << (row & 7))
