"""What commands were allowed to spend: written durably before the spending begins, and corrected when it has ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from coldframe.clock import from_milliseconds, to_milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    import apsw

    from coldframe.catalog.database import Database

_NO_END = 1 << 62
_COLUMNS = "store, vault_name, what, committed_at, amount, most, after, is_settled, transfer_size"
_MONTH = f"SELECT {_COLUMNS}, id FROM spending WHERE committed_at >= ? AND committed_at < ? ORDER BY id"
_OPEN = f"SELECT {_COLUMNS}, id FROM spending WHERE store = ? AND what = ? AND NOT is_settled ORDER BY id"
_INSERT = f"INSERT INTO spending ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"
_CHANGE = (
    "UPDATE spending SET amount = ?, most = ?, is_settled = ?, transfer_size = coalesce(?, transfer_size) WHERE id = ?"
)
_OF_ORDER = "SELECT id, committed_at FROM spending WHERE order_token = ? ORDER BY id LIMIT 1"
_SET_ORDER = "UPDATE spending SET order_token = ? WHERE id = ?"
_TRANSFERRED = (
    "SELECT coalesce(sum(transfer_size), 0) FROM spending WHERE (store = ? OR store GLOB ?) AND id < ?"
    " AND (committed_at >= ? OR order_token IN (SELECT token FROM orders WHERE closed_at IS NULL OR closed_at >= ?))"
)
_ARCHIVED_SINCE = (
    "SELECT archive.size FROM archive JOIN vault ON vault.id = archive.vault JOIN store ON store.id = vault.store"
    " WHERE store.identity = ? AND vault.name = ? AND archive.id > ?"
    " AND archive.id <= ?"
)
_STORED = (
    "SELECT store.identity, store.url, count(*), sum(max(archive.size, 0)) FROM archive"
    " JOIN vault ON vault.id = archive.vault JOIN store ON store.id = vault.store GROUP BY store.id ORDER BY store.id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """A sum that a command was allowed to spend.

    Args:
        store: The store's identity.
        vault_name: The vault, "" where it is for none.
        what: The command.
        committed_at: When.
        amount: US dollars that were expected, None where nobody knew.
        most: What it may come to.
        after: Of `archive`: the last archive's row when it began.
        is_settled: Whether the sums are of what was done in the end.
        transfer_size: Bytes that it was allowed to transfer to the internet.
        row: The catalog's own number, 0 before there is one.
    """

    store: str
    vault_name: str
    what: str
    committed_at: datetime
    amount: Decimal | None
    most: Decimal | None
    after: int | None = None
    is_settled: bool = False
    transfer_size: int = 0
    row: int = 0


@dataclass(frozen=True, slots=True)
class Stored:
    """How much the catalog knows to lie in one store."""

    store: str
    url: str | None
    archives: int
    size: int


class Spendings:
    """The commitments of one catalog."""

    def __init__(self, database: Database) -> None:
        """Store the database."""
        self._database = database

    def commit(
        self, commitment: Commitment, *, since: datetime, check: Callable[[Sequence[Commitment]], None]
    ) -> Commitment:
        """Write a commitment down if `check` does not raise, which sees all of the same month in the same transaction.

        So two commands that begin at once cannot both take what is left.
        """

        def act(connection: apsw.Connection) -> Commitment:
            check(_between(connection, since, None))
            ((row,),) = connection.execute(_INSERT, _values(commitment)).fetchall()
            return replace(commitment, row=_whole(row))

        return self._database.write(act)

    def change(
        self,
        commitment: Commitment,
        *,
        amount: Decimal | None,
        most: Decimal | None,
        settled: bool,
        transfer_size: int | None = None,
    ) -> None:
        """Set the sums of a commitment, and the bytes that it transfers where they are given."""
        values = (_text(amount), _text(most), int(settled), transfer_size, commitment.row)
        self._database.write(lambda connection: connection.execute(_CHANGE, values))

    def set_order(self, commitment: Commitment, token: str) -> None:
        """Remember that a commitment is for an order."""
        self._database.write(lambda connection: connection.execute(_SET_ORDER, (token, commitment.row)))

    def committed_at(self, token: str) -> datetime | None:
        """When an order was committed to; None if nobody noted that it was."""
        with self._database.read() as connection:
            found = connection.execute(_OF_ORDER, (token,)).fetchone()
        return None if found is None else from_milliseconds(found[1])

    def transferred(self, store: str, *, since: datetime, before_order: str | None = None) -> int:
        """How many bytes were to be transferred to the internet from one moment on, by all that one account pays for.

        An order counts as long as it is open, too: nobody knows in which month its bytes travel. Amazon sums up all
        regions of an account (prices.md, 4); any other store is on its own.

        Args:
            store: The store's identity.
            since: The moment.
            before_order: The token of an order before which to stop.
        """
        moment = to_milliseconds(since)
        with self._database.read() as connection:
            found = connection.execute(_OF_ORDER, (before_order,)).fetchone()
            end = _whole(found[0]) if found is not None else _NO_END
            values = (store, _account_pattern(store), end, moment, moment)
            ((size,),) = connection.execute(_TRANSFERRED, values).fetchall()
        return _whole(size)

    def between(self, since: datetime, until: datetime) -> list[Commitment]:
        """What was committed to from one moment up to another, oldest first."""
        with self._database.read() as connection:
            return _between(connection, since, until)

    def unsettled(self, store: str, what: str) -> list[Commitment]:
        """The commitments of a command that has not told what it spent in the end, or was killed before."""
        with self._database.read() as connection:
            return [_read(row) for row in connection.execute(_OPEN, (store, what))]

    def last_archive(self) -> int:
        """The row of the archive that was recorded last."""
        with self._database.read() as connection:
            ((row,),) = connection.execute("SELECT coalesce(max(id), 0) FROM archive").fetchall()
            return _whole(row)

    def archived_since(self, store: str, vault_name: str, after: int, *, until: int | None = None) -> list[int]:
        """The sizes of the archives of a vault that were recorded after a row, up to another one."""
        rows = (after, _NO_END if until is None else until)
        with self._database.read() as connection:
            return [_whole(row[0]) for row in connection.execute(_ARCHIVED_SINCE, (store, vault_name, *rows))]

    def stored(self) -> list[Stored]:
        """How much lies in each store; a size that is not known counts nothing."""
        with self._database.read() as connection:
            rows = connection.execute(_STORED).fetchall()
        return [
            Stored(str(store), None if url is None else str(url), _whole(archives), _whole(size))
            for store, url, archives, size in rows
        ]


def _between(connection: apsw.Connection, since: datetime, until: datetime | None) -> list[Commitment]:
    end = to_milliseconds(until) if until is not None else _NO_END
    return [_read(row) for row in connection.execute(_MONTH, (to_milliseconds(since), end))]


def _values(commitment: Commitment) -> tuple[str | int | None, ...]:
    return (
        commitment.store,
        commitment.vault_name,
        commitment.what,
        to_milliseconds(commitment.committed_at),
        _text(commitment.amount),
        _text(commitment.most),
        commitment.after,
        int(commitment.is_settled),
        commitment.transfer_size,
    )


def _account_pattern(store: str) -> str:
    """What the names of all stores of the same account at Amazon look like; "" for any other store."""
    kind, _, rest = store.partition(":")
    account = rest.rpartition(":")[2]
    return f"glacier:*:{account}" if kind == "glacier" and account.isdecimal() else ""


def _read(row: tuple[Any, ...]) -> Commitment:
    return Commitment(
        store=row[0],
        vault_name=row[1],
        what=row[2],
        committed_at=from_milliseconds(row[3]),
        amount=None if row[4] is None else Decimal(row[4]),
        most=None if row[5] is None else Decimal(row[5]),
        after=row[6],
        is_settled=bool(row[7]),
        transfer_size=_whole(row[8]),
        row=row[9],
    )


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"


def _whole(value: Any) -> int:
    return int(value)
