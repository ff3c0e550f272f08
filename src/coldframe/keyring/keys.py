"""Access keys: made, listed, revoked, rotated, and found for each request."""

from __future__ import annotations

import re
import secrets
import string
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from coldframe.clock import EPOCH, to_milliseconds
from coldframe.errors import BadUsage, CredentialsProblem, FormatError, ResourceNotFound
from coldframe.keyring.info import KeyState, info_of, moment, state_of
from coldframe.ports import KeyRow
from coldframe.wire.access import Key, KeyScope

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from coldframe.clock import Clock
    from coldframe.keyring.info import KeyInfo
    from coldframe.keyring.seal import Seal, SealFile
    from coldframe.ports import Changes, Facts, Ledger

_ACCOUNT = re.compile(r"[0-9]{12}")
_ID_PREFIX = "AKIA"
_ID_LETTERS = string.ascii_uppercase + "234567"
_ID_SIZE = 16
_SECRET_BYTES = 30  # 40 characters of base64, as the original's
GRACE = timedelta(days=7)
"""How long a key that was given a successor goes on to work."""


def require_account(account_id: str) -> None:
    """Refuse, with `BadUsage`, what is no account."""
    if not _ACCOUNT.fullmatch(account_id):
        raise BadUsage(f"{account_id!r} is no account: an account is 12 digits, such as 123456789012.")


class Keys:
    """The access keys of all accounts of one folder; implements `wire.access.Keyring`.

    Nothing is remembered about a key: each `find` looks at the ledger's row and opens its seal, so that what another
    process revokes is worth nothing from the next request on. Opening a seal takes less than a microsecond.

    Args:
        ledger: Where the rows are.
        seal_file: Where the sealing key is; read when it is first needed, made with the first key.
        clock: Tells the time; it never runs back behind what the ledger has seen.
    """

    def __init__(self, ledger: Ledger, seal_file: SealFile, clock: Clock) -> None:
        """Store the arguments."""
        self._ledger = ledger
        self._seal_file = seal_file
        self._clock = clock
        self._seal: Seal | None = None

    # --- for those who look after keys --------------------------------------------------------------------------------

    def create(self, *, account_id: str, scope: KeyScope = KeyScope.FULL, expires_at: datetime | None = None) -> Key:
        """A new key, durable; its secret is told now and never again.

        The sealing key is made with the first key. It is never replaced while a key is sealed with it.

        Raises:
            BadUsage: That is no account, or the key would be worth nothing.
            CredentialsProblem, FormatError: The sealing key that belongs to the other keys is not at hand.
            ServiceUnavailable: It could not be written.
        """
        require_account(account_id)

        def act(changes: Changes) -> Key:
            now_ms = self._pass_time(changes)
            expires_ms = None if expires_at is None else to_milliseconds(expires_at)
            _require_later(expires_ms, now_ms)
            return self._add(changes, account_id=account_id, scope=scope, now_ms=now_ms, expires_ms=expires_ms)

        return self._ledger.write_alone(act)

    def list(self) -> Sequence[KeyInfo]:
        """All keys, also those that are worth nothing any more, by account and age. No sealing key is needed."""

        def act(facts: Facts) -> Sequence[KeyInfo]:
            now_ms = self._now_ms(facts)
            return [info_of(row, now_ms) for row in facts.access_keys()]

        return self._ledger.read(act)

    def describe(self, access_key_id: str) -> KeyInfo:
        """What may be known about a key. No sealing key is needed.

        Raises:
            ResourceNotFound: There is no such key.
        """
        return self._ledger.read(lambda facts: info_of(_row(facts, access_key_id), self._now_ms(facts)))

    def revoke(self, access_key_id: str) -> KeyInfo:
        """Make a key worth nothing, at once and for ever, and wipe its secret. No sealing key is needed.

        Raises:
            ResourceNotFound: There is no such key.
            ServiceUnavailable: It could not be written.
        """

        def act(changes: Changes) -> KeyInfo:
            now_ms, row = self._pass_time(changes), _row(changes, access_key_id)
            if row.revoked_ms is None:
                row = replace(row, sealed=None, revoked_ms=now_ms)
                changes.update_access_key(row)
            return info_of(row, now_ms)

        return self._ledger.write_alone(act)

    def rotate(self, access_key_id: str, *, grace: timedelta = GRACE) -> Key:
        """A successor of a key: the same account and scope, a new ID and secret, and the same length of life.

        The old key goes on to work for the time of `grace`, unless it ends earlier, so that its users can change over.

        Raises:
            ResourceNotFound: There is no such key.
            BadUsage: It is revoked or expired, or has a successor.
            CredentialsProblem, FormatError: The sealing key is not at hand, or the row was tampered with.
            ServiceUnavailable: It could not be written.
        """

        def act(changes: Changes) -> Key:
            now_ms, row = self._pass_time(changes), _row(changes, access_key_id)
            _require_rotatable(row, now_ms)
            secret = self._unseal(row)
            life_ms = None if row.expires_ms is None else row.expires_ms - row.created_ms
            expires_ms = None if life_ms is None else now_ms + life_ms
            key = self._add(
                changes, account_id=row.account_id, scope=KeyScope(row.scope), now_ms=now_ms, expires_ms=expires_ms
            )
            ends_ms = now_ms + grace // timedelta(milliseconds=1)
            ends_ms = ends_ms if row.expires_ms is None else min(ends_ms, row.expires_ms)
            old = replace(row, expires_ms=ends_ms, rotated_ms=now_ms, successor_id=key.access_key_id)
            changes.update_access_key(replace(old, sealed=self._seal_of(old).close(secret, _bound(old))))
            return key

        return self._ledger.write_alone(act)

    def has_account(self, account_id: str) -> bool:
        """Whether a key was ever made for an account, so that it is known here."""
        return self._ledger.read(lambda facts: facts.has_account(account_id))

    def require_usable(self) -> None:
        """Check that the secrets of all keys can be opened; nothing to check without keys.

        Raises:
            CredentialsProblem: The sealing key is lost, another one, or exposed.
            FormatError: It is damaged, or a key was tampered with.
        """
        for row in self._ledger.read(lambda facts: facts.access_keys()):
            if row.sealed is not None:
                self._unseal(row)

    # --- for the face -------------------------------------------------------------------------------------------------

    def find(self, access_key_id: str) -> Key | None:
        """The key of that ID; None if there is none, or it is revoked. One that has expired says so.

        Raises:
            CredentialsProblem: The sealing key is lost, another one, or exposed.
            FormatError: The row was tampered with.
        """
        row, floor_ms = self._ledger.read(lambda facts: (facts.access_key(access_key_id), facts.floor_ms()))
        if row is None or row.sealed is None:
            return None
        secret = self._unseal(row)
        return Key(
            access_key_id=row.access_key_id,
            secret_access_key=secret,
            account_id=row.account_id,
            scope=KeyScope(row.scope),
            expires_at=_end(row, floor_ms),
        )

    # --- inside -------------------------------------------------------------------------------------------------------

    def _add(self, changes: Changes, *, account_id: str, scope: KeyScope, now_ms: int, expires_ms: int | None) -> Key:
        seal = self._seal_for_new(changes)
        row = KeyRow(
            access_key_id=_ID_PREFIX + "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_SIZE)),
            account_id=account_id,
            scope=scope.value,
            created_ms=now_ms,
            expires_ms=expires_ms,
            seal_id=seal.seal_id,
            sealed=b"",
        )
        secret = b64encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii")
        changes.add_access_key(replace(row, sealed=seal.close(secret, _bound(row))))
        return Key(
            access_key_id=row.access_key_id,
            secret_access_key=secret,
            account_id=account_id,
            scope=scope,
            expires_at=moment(expires_ms),
        )

    def _seal_for_new(self, changes: Changes) -> Seal:
        """The sealing key that the other keys have. If there are none, the file's, or a new one if there is no file.

        The ledger's write lock, which is held here, keeps two processes from making one each.
        """
        for row in changes.access_keys():
            if row.sealed is not None:
                return self._seal_of(row)
        self._seal = self._seal_file.claim()
        return self._seal

    def _unseal(self, row: KeyRow) -> str:
        seal = self._seal_of(row)
        try:
            return seal.open(row.sealed or b"", _bound(row))
        except FormatError as error:
            raise FormatError(
                f"The access key {row.access_key_id} is not as it was made: its row in the ledger was changed, or it "
                "is another store's. Revoke it."
            ) from error

    def _seal_of(self, row: KeyRow) -> Seal:
        """The sealing key of a row. The file is read again if it is not the one at hand."""
        seal = self._seal
        if seal is None or seal.seal_id != row.seal_id:
            seal = self._seal_file.read()
            if seal.seal_id != row.seal_id:
                raise CredentialsProblem(
                    f"{self._seal_file.path} is not the sealing key that the access key {row.access_key_id} was sealed "
                    "with. Restore the right one from a copy. If it is lost, revoke the keys and make new ones."
                )
            self._seal = seal
        return seal

    def _now_ms(self, facts: Facts) -> int:
        return max(to_milliseconds(self._clock.now()), facts.floor_ms())

    def _pass_time(self, changes: Changes) -> int:
        now_ms = self._now_ms(changes)
        changes.raise_floor(now_ms)
        return now_ms


def _bound(row: KeyRow) -> bytes:
    """What a secret is bound to: all that says whose it is, what it may do, and until when."""
    expires = "" if row.expires_ms is None else str(row.expires_ms)
    return f"coldframe access key 1\n{row.access_key_id}\n{row.account_id}\n{row.scope}\n{expires}".encode()


def _end(row: KeyRow, floor_ms: int) -> datetime | None:
    """When a key ends; one that the ledger has seen end has ended, even if the clock was set back."""
    is_over = row.expires_ms is not None and row.expires_ms <= floor_ms
    return EPOCH if is_over else moment(row.expires_ms)


def _row(facts: Facts, access_key_id: str) -> KeyRow:
    row = facts.access_key(access_key_id)
    if row is None:
        raise ResourceNotFound(f"There is no access key {access_key_id}; `coldframe key list` shows those there are.")
    return row


def _require_later(expires_ms: int | None, now_ms: int) -> None:
    if expires_ms is not None and expires_ms <= now_ms:
        raise BadUsage("The key would expire before it is made.")


def _require_rotatable(row: KeyRow, now_ms: int) -> None:
    state = state_of(row, now_ms)
    if state is not KeyState.ACTIVE:
        raise BadUsage(f"The access key {row.access_key_id} is {state}; make a new one with `coldframe key create`.")
    if row.successor_id is not None:
        raise BadUsage(f"The access key {row.access_key_id} was rotated already; its successor is {row.successor_id}.")
