"""The HTTP face: the Glacier protocol before any store.

A request goes `bytes -> authenticate -> route -> decode -> port -> encode -> bytes`. The face knows the port and the
model, never the service; what it says is in glacier-api, and in the service model that botocore ships.

A server makes a :class:`Face`, and for each request whose head has arrived a :class:`Request`; it sends what
:meth:`Face.handle` answers. Composition fills the seams: `Stores`, `Keyring`, `Authorizer`.
"""

from __future__ import annotations

from coldframe.wire.access import (
    Access,
    AccountAuthorizer,
    Authorizer,
    Key,
    Keyring,
    KeyScope,
    StaticKeyring,
    Stores,
    foreign_account,
    require_scope,
)
from coldframe.wire.face import Face
from coldframe.wire.http import BodyReader, NoBody, Request, Response

__all__ = [
    "Access",
    "AccountAuthorizer",
    "Authorizer",
    "BodyReader",
    "Face",
    "Key",
    "KeyScope",
    "Keyring",
    "NoBody",
    "Request",
    "Response",
    "StaticKeyring",
    "Stores",
    "foreign_account",
    "require_scope",
]
