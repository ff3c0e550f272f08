"""What is to be told of orders, durably: at least once, and not for ever."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.clock import from_milliseconds, to_milliseconds

if TYPE_CHECKING:
    from datetime import datetime

    import apsw

    from coldframe.catalog.database import Database

DONE, INCOMPLETE = "done", "incomplete"
"""The kinds of news of an order that was closed."""
PAUSED = "paused"
"""That of an order that waits for consent; all other kinds are the names of a trouble."""
_DAY = 24 * 3600 * 1000
_ADD = (
    "INSERT INTO order_news (order_number, kind, detail, at, tries, due_at, told) VALUES (?1, ?2, ?3, ?4, 0, ?4, '[]')"
)
_AGAIN = (
    " ON CONFLICT (order_number, kind) DO UPDATE SET detail = excluded.detail, at = excluded.at, tries = 0,"
    f" due_at = excluded.due_at, told = '[]' WHERE order_news.at <= excluded.at - {_DAY}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something to tell of an order.

    Args:
        row: Its number, the same each time that it is told.
        order_number: The order.
        kind: `done`, `incomplete`, `paused`, or the name of a trouble.
        detail: What people are told of it.
        at: Since when it is known.
        tries: How often somebody set out to tell it, this time included.
        told: Who was told already.
    """

    row: int
    order_number: int
    kind: str
    detail: str
    at: datetime
    tries: int
    told: frozenset[str]


class OrderNews:
    """The news of all orders of one catalog. Methods may be called from any thread."""

    def __init__(self, database: Database) -> None:
        """Store the arguments."""
        self._database = database

    def trouble(self, order_number: int, kind: str, detail: str, now: datetime) -> None:
        """An open order has met trouble. The same trouble is news again after a day."""
        at = to_milliseconds(now)
        sql = "SELECT at FROM order_news WHERE order_number = ? AND kind = ?"
        with self._database.read() as connection:  # trouble lasts: most of the time there is nothing to write
            if any(at < known + _DAY for (known,) in connection.execute(sql, (order_number, kind))):
                return
        self._database.write(lambda writer: writer.execute(_ADD + _AGAIN, (order_number, kind, detail, at)))

    def claim(self, now: datetime, *, lease_seconds: float) -> News | None:
        """The oldest news that is due, for one process to tell; unless settled it is due again later.

        Args:
            now: The present moment.
            lease_seconds: It is not due again before that; from then on pauses double, up to an hour.
        """
        at = to_milliseconds(now)
        with self._database.read() as connection:
            if not list(connection.execute("SELECT 1 FROM order_news WHERE due_at <= ? LIMIT 1", (at,))):
                return None
        return self._database.write(lambda writer: _claim(writer, at, int(lease_seconds * 1000)))

    def told(self, row: int, who: str) -> None:
        """One of those who are told has heard it."""
        sql = "UPDATE order_news SET told = json_insert(told, '$[#]', ?) WHERE id = ?"
        self._database.write(lambda writer: writer.execute(sql, (who, row)))

    def settle(self, row: int) -> None:
        """Everybody has heard it, or it is given up."""
        self._database.write(lambda writer: writer.execute("UPDATE order_news SET due_at = NULL WHERE id = ?", (row,)))

    def settle_all(self) -> None:
        """Nobody wants to hear anything."""
        with self._database.read() as connection:
            if not list(connection.execute("SELECT 1 FROM order_news WHERE due_at IS NOT NULL LIMIT 1")):
                return
        self._database.write(
            lambda writer: writer.execute("UPDATE order_news SET due_at = NULL WHERE due_at IS NOT NULL")
        )


def add_closing(connection: apsw.Connection, order_number: int, kind: str, at: int) -> None:
    """The order was closed, in this very transaction; what troubled it is no news any more."""
    connection.execute("UPDATE order_news SET due_at = NULL WHERE order_number = ?", (order_number,))
    connection.execute(_ADD + " ON CONFLICT DO NOTHING", (order_number, kind, "", at))


def add_pausing(connection: apsw.Connection, order_number: int, detail: str, at: int) -> None:
    """The order was paused, in this very transaction."""
    connection.execute(_ADD + _AGAIN, (order_number, PAUSED, detail, at))


def drop_pausing(connection: apsw.Connection, order_number: int) -> None:
    """The order goes on, and if it is paused once more, that is news."""
    connection.execute("DELETE FROM order_news WHERE order_number = ? AND kind = ?", (order_number, PAUSED))


def _claim(connection: apsw.Connection, at: int, lease: int) -> News | None:
    sql = (
        "UPDATE order_news SET tries = tries + 1, due_at = ?1 + max(?2, min(60000 << min(tries, 6), 3600000))"
        " WHERE id = (SELECT id FROM order_news WHERE due_at <= ?1 ORDER BY due_at, id LIMIT 1)"
        " RETURNING id, order_number, kind, detail, at, tries, told"
    )
    for row, order_number, kind, detail, since, tries, told in connection.execute(sql, (at, lease)):
        return News(
            row=int(row),
            order_number=int(order_number),
            kind=str(kind),
            detail=str(detail),
            at=from_milliseconds(int(since)),
            tries=int(tries),
            told=frozenset(json.loads(str(told))),
        )
    return None
