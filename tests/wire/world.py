"""What the tests of the face share: one key, and a face before a store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.clock import SystemClock
from coldframe.wire.access import AccountAuthorizer, Key, StaticKeyring
from coldframe.wire.face import Face

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coldframe.clock import Clock
    from coldframe.ports.admin import GovernedStore
    from coldframe.wire.access import Authorizer

ACCOUNT = "000000000000"
REGION = "local"
KEY = Key(access_key_id="AKIDEXAMPLE", secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", account_id=ACCOUNT)


@dataclass
class FaceWorld:
    """A face before one account's store, and the lines that it logged."""

    face: Face
    store: GovernedStore
    lines: list[str]


def make_face(
    store: GovernedStore,
    *,
    clock: Clock | None = None,
    keys: Sequence[Key] = (KEY,),
    authorizer: Authorizer | None = None,
    hashes_inventories: bool = True,
    find_store: Callable[[str], GovernedStore | None] | None = None,
) -> FaceWorld:
    """A face on the machine's own clock, because boto3 signs by that."""
    lines: list[str] = []
    face = Face(
        find_store or (lambda account_id: store if account_id == ACCOUNT else None),
        keyring=StaticKeyring({key.access_key_id: key for key in keys}),
        authorizer=authorizer or AccountAuthorizer(),
        clock=clock or SystemClock(),
        region=REGION,
        hashes_inventories=hashes_inventories,
        log=lines.append,
    )
    return FaceWorld(face, store, lines)
