"""Where a server listens: a host and a port, as users write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|([^\[\]:\s/]+)):([0-9]{1,5})")
_MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class Address:
    """A host, by name or number, and a port, 0 for any that is free."""

    host: str
    port: int

    def __str__(self) -> str:
        """As users write it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: object) -> Address:
    """`HOST:PORT`, with an IPv6 host in brackets; `ValueError` for anything else."""
    match = _ADDRESS.fullmatch(text) if isinstance(text, str) else None
    if match is None or int(match[3]) > _MAX_PORT:
        raise ValueError(f"{text!r} is no address: write HOST:PORT, such as 127.0.0.1:8377 or [::1]:8377")
    return Address(match[1] or match[2], int(match[3]))
