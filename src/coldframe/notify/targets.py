"""What a web hook's URL may be. Whatever two programs might read in two ways is refused (H8)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_TEXT = re.compile(r"[!-\[\]-~]{1,2048}")  # printable ASCII without blanks and backslashes
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
_AUTHORITY = re.compile(r"(\[[^\[\]@]*\]|[^\[\]@:]*)(:[0-9]+)?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart. `path` may hold a secret, so it is not shown."""

    is_tls: bool
    host: str
    port: int
    path: str = field(repr=False)

    @property
    def authority(self) -> str:
        """Host and port as the header Host has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS["https" if self.is_tls else "http"] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class WebHook:
    """Where notices of a topic are posted, and the secret that signs them, if there is one."""

    target: Target
    secret: str | None = field(default=None, repr=False)


def parse_target(url: object) -> Target:
    """Take the URL of a web hook apart.

    Raises:
        ValueError: It is none. The message says why, and shows nothing of it.
    """
    if not isinstance(url, str) or not _TEXT.fullmatch(url):
        raise ValueError("a web hook is a URL in printable ASCII, without blanks and backslashes")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError("a web hook's host or port cannot be read") from error
    if parts.scheme not in _PORTS:
        raise ValueError("a web hook begins with https:// or http://")
    if "@" in parts.netloc:
        raise ValueError("a web hook's URL holds no user name or password; use its secret to sign messages")
    if "#" in url:
        raise ValueError("a web hook's URL has no #fragment")
    if not _AUTHORITY.fullmatch(parts.netloc) or (port is not None and not 1 <= port <= _MAX_PORT):
        raise ValueError(f"a web hook is at a host, or at a host and a port from 1 to {_MAX_PORT}")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme == "https", _host(parts.netloc, host), port or _PORTS[parts.scheme], path)


def _host(netloc: str, host: str) -> str:
    """A name, or an address in its one usual form; not 127.1, 0x7f000001, 0177.0.0.1 or 2130706433."""
    if netloc.startswith("[") and "%" not in host:
        return str(_read(IPv6Address, host))
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        return str(_read(IPv4Address, host))
    if not _NAME.fullmatch(host):
        raise ValueError("a web hook's host is a name such as hooks.example.org, or an address")
    return host


def _read(kind: type[IPv4Address | IPv6Address], text: str) -> IPv4Address | IPv6Address:
    try:
        return kind(text)
    except ValueError as error:
        raise ValueError("a web hook's address is not written as usual: 192.0.2.1 or [2001:db8::1]") from error
