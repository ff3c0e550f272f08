"""What orders have asked of their stores, and what was agreed to: so that no kill, and no expiry, costs more than that.

A request for a job is counted before it is sent. Whether one that was under way when the process died has arrived, the
next complete listing of the vault tells.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from coldframe.catalog.news import add_pausing, drop_pausing
from coldframe.catalog.order_model import OrderState, Spent, WantedState
from coldframe.clock import to_milliseconds
from coldframe.errors import NothingMatched

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal

    import apsw

    from coldframe.catalog.database import Database

OUTPUT_LIFE = timedelta(hours=24)
"""So long a job stays in the store's list at least when it has ended."""
UNKNOWN_SIZE_TAKEN = 64 * 1024 * 1024
"""What a job is taken to bring whose archive's size nobody knows yet."""

_SIZE = "coalesce(range_end - range_start, archive_size, 0)"
_LIVING = "('started', 'ready')"


class Asking:
    """The requests of one catalog's orders. Methods may be called from any thread."""

    def __init__(self, database: Database) -> None:
        """Store the arguments."""
        self._database = database

    def begin(self, rows: Sequence[int], now: datetime) -> None:
        """A job is about to be asked for, for each of these: counted before the request is sent."""
        at = to_milliseconds(now)
        self._change(f"UPDATE order_job SET asked = asked + 1, is_asking = {at:d} WHERE id = ?", rows)

    def withdraw(self, rows: Sequence[int]) -> None:
        """The store has refused, or was not asked: nothing is to be paid."""
        self._change("UPDATE order_job SET asked = asked - 1, is_asking = 0 WHERE id = ? AND is_asking", rows)

    def settle(self, numbers: Sequence[int], now: datetime) -> None:
        """A complete listing shows no job for what is still wanted: requests without an answer did not arrive.

        After a day nobody can say so: the job may have come and gone. Then it counts.
        """
        sql = (
            "SELECT id, is_asking FROM order_job WHERE order_number = ? AND is_asking"
            f" AND state IN ('{WantedState.WANTED}', '{WantedState.HELD}')"
        )
        since = to_milliseconds(now - OUTPUT_LIFE)
        with self._database.read() as connection:
            found = [row for number in numbers for row in connection.execute(sql, (number,))]
        self.withdraw([_int(row) for row, at in found if _int(at) > since])
        self._change(
            "UPDATE order_job SET is_asking = 0 WHERE id = ?", [_int(row) for row, at in found if _int(at) <= since]
        )

    def agree(self, rows: Sequence[int]) -> None:
        """One more job for each of these is within the price that was agreed."""
        self._change("UPDATE order_job SET agreed = max(agreed, asked + 1) WHERE id = ?", rows)

    def hold(self, rows: Sequence[int], why: str) -> None:
        """Another job for these would cost more than was agreed."""
        sql = f"UPDATE order_job SET state = '{WantedState.HELD}', detail = ? WHERE id = ?"
        self._database.write(lambda connection: connection.executemany(sql, ((why, row) for row in rows)))

    def committed(self, number: int) -> Spent:
        """All that an order has asked for, and may yet ask for without anybody's consent."""
        return self._sum(
            "CASE WHEN state IN ('done', 'failed', 'at hand') THEN asked ELSE max(asked, agreed) END", number
        )

    def held(self, number: int) -> Spent:
        """One job more for everything that is held."""
        return self._sum(f"state = '{WantedState.HELD}'", number)

    def outstanding(self, store: str) -> int:
        """How many bytes are on their way from a store, or lie there to be fetched, for all orders together."""
        sql = (
            f"SELECT total(coalesce(range_end - range_start, archive_size, ?)) FROM order_job WHERE state IN {_LIVING}"
            " AND order_number IN (SELECT number FROM orders WHERE store = ? AND closed_at IS NULL)"
        )
        with self._database.read() as connection:
            (row,) = connection.execute(sql, (UNKNOWN_SIZE_TAKEN, store))
        return _int(row[0])

    def pause(self, number: int, *, why: str, now: datetime) -> bool:
        """Pause an open order of which nothing can be done but what is held; whether it was paused. `why` is news."""

        def act(connection: apsw.Connection) -> bool:
            connection.execute(
                f"UPDATE orders SET state = '{OrderState.PAUSED}' WHERE number = ?1 AND state = '{OrderState.OPEN}'"
                f" AND EXISTS (SELECT 1 FROM order_job WHERE order_number = ?1 AND state = '{WantedState.HELD}')"
                " AND NOT EXISTS (SELECT 1 FROM order_job WHERE order_number = ?1"
                "   AND state IN ('wanted', 'started', 'ready', 'at hand'))"
                " AND NOT EXISTS (SELECT 1 FROM order_placement WHERE order_number = ?1 AND state = 'waiting'"
                "   AND job IS NULL)",
                (number,),
            )
            is_paused = connection.changes() > 0
            if is_paused:
                add_pausing(connection, number, why, to_milliseconds(now))
            return is_paused

        return self._database.write(act)

    def resume(self, number: int, *, max_cost: Decimal) -> None:
        """One more job was agreed to for everything that an order holds, and `max_cost` for all of it.

        Raises:
            NothingMatched: The order is over.
        """

        def act(connection: apsw.Connection) -> bool:
            connection.execute(
                "UPDATE orders SET state = ?, max_cost = ? WHERE number = ? AND closed_at IS NULL",
                (OrderState.OPEN, str(max_cost), number),
            )
            if not connection.changes():
                return False
            drop_pausing(connection, number)
            connection.execute(
                f"UPDATE order_job SET state = '{WantedState.WANTED}', agreed = max(agreed, asked + 1)"
                f" WHERE order_number = ? AND state = '{WantedState.HELD}'",
                (number,),
            )
            return True

        if not self._database.write(act):
            raise NothingMatched(f"order {number} is over: nothing of it can be gone on with")

    def _sum(self, times: str, number: int) -> Spent:
        sums = f"total(times), total(times * {_SIZE}), total(times * (archive_size IS NULL))"
        sql = f"SELECT {sums} FROM (SELECT *, {times} AS times FROM order_job WHERE order_number = ?)"
        with self._database.read() as connection:
            (row,) = connection.execute(sql, (number,))
        return Spent(jobs=_int(row[0]), size=_int(row[1]), unknown_sizes=_int(row[2]))

    def _change(self, sql: str, rows: Sequence[int]) -> None:
        if rows:
            self._database.write(lambda connection: connection.executemany(sql, ((row,) for row in rows)))


def rows_like(connection: apsw.Connection, columns: str, numbers: Sequence[int], keys: Sequence[str]) -> list[Any]:
    """What orders want of these archives, or of whole archives with these tree hashes, and is not closed."""
    sql = (
        f"SELECT {columns} FROM order_job WHERE order_number IN (SELECT value FROM json_each(?1))"
        " AND state NOT IN ('done', 'failed') AND archive_id IN (SELECT value FROM json_each(?2))"
        f" UNION SELECT {columns} FROM order_job WHERE order_number IN (SELECT value FROM json_each(?1))"
        " AND state IN ('wanted', 'held') AND range_start IS NULL AND tree_hash IN (SELECT value FROM json_each(?2))"
    )
    return list(connection.execute(sql, (json.dumps(list(numbers)), json.dumps(list(keys)))))


def _int(value: object) -> int:
    """A whole number from SQLite, whose total() answers a float."""
    return int(value)  # type: ignore[call-overload,no-any-return]  # apsw's values are untyped
