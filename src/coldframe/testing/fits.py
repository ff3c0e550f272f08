"""The form of a FITS file (FITS standard 4.0, section 3): 80-character cards and blocks of 2,880 bytes."""

from __future__ import annotations

Cards = dict[str, bool | int | float | str]
"""A header's keywords and values, in order."""

BLOCK = 2880
_CARD = 80


def pack_header(cards: Cards) -> bytes:
    """The header unit: a card for each keyword, END, blanks to the block's end."""
    text = "".join(_card(keyword, value) for keyword, value in cards.items()) + "END".ljust(_CARD)
    return text.encode("ascii").ljust(-(-len(text) // BLOCK) * BLOCK)


def pad(data: bytes) -> bytes:
    """A data unit, filled with zeros to the block's end."""
    return data.ljust(-(-len(data) // BLOCK) * BLOCK, b"\0")


def unpack_header(data: bytes) -> dict[str, str]:
    """The keywords and the texts of their values, from a file that :func:`pack_header` could have begun."""
    cards: dict[str, str] = {}
    for start in range(0, len(data), _CARD):
        card = data[start : start + _CARD].decode("ascii")
        if card.rstrip() == "END":
            return cards
        cards[card[:8].rstrip()] = card[10:].strip().strip("'").rstrip()
    raise ValueError("no END card")


def _card(keyword: str, value: bool | float | str) -> str:  # noqa: FBT001 - FITS has logical values
    if isinstance(value, bool):
        text = ("T" if value else "F").rjust(20)
    elif isinstance(value, str):
        text = f"'{value:<8}'"
    else:
        text = repr(value).upper().rjust(20)
    return f"{keyword:<8}= {text}".ljust(_CARD)
