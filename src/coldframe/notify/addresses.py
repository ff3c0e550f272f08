"""Which addresses anybody on the internet has, and which belong to the machine, its network or its cloud (H8)."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipaddress import IPv6Address

_V4_SPECIAL = (  # on top of those that Python knows, some of them only since lately
    IPv4Network("192.0.0.0/24"),  # for protocols; a cloud has its metadata there
    IPv4Network("192.88.99.0/24"),  # relays of 6to4
    IPv4Network("168.63.129.16/32"),  # a cloud's own address inside every virtual machine, though it looks public
)
_V6_PUBLIC = IPv6Network("2000::/3")
_V6_SPECIAL = (
    IPv6Network("2001::/23"),  # for protocols, Teredo among them
    IPv6Network("3fff::/20"),  # for documents
)
_V6_AROUND_V4 = (
    (IPv6Network("::ffff:0:0/96"), 0),  # mapped
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (IPv6Network("2002::/16"), 80),  # 6to4
)
"""Forms of IPv6 that lead to an IPv4 address, and how many bits follow it."""


def is_public(text: str) -> bool:
    """Whether an address is one of the public internet, whatever form hides it; what cannot be read is not."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return _is_public_v4(address) if isinstance(address, IPv4Address) else _is_public_v6(address)


def is_address(text: str) -> bool:
    """Whether a text is an address rather than a name."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_public_v4(address: IPv4Address) -> bool:
    is_special = address.is_multicast or address.is_reserved or any(address in net for net in _V4_SPECIAL)
    return address.is_global and not is_special


def _is_public_v6(address: IPv6Address) -> bool:
    if address.scope_id is not None:
        return False
    for network, shift in _V6_AROUND_V4:
        if address in network:
            return _is_public_v4(IPv4Address(int(address) >> shift & 0xFFFF_FFFF))
    return address in _V6_PUBLIC and address.is_global and not any(address in net for net in _V6_SPECIAL)
