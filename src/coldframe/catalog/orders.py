"""Durable orders, in the catalog's file.

An order, its jobs, its placements and how far each is survive `kill -9` at any moment: every method that changes
something answers only after the change is durable.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from coldframe.catalog.asking import Asking, rows_like
from coldframe.catalog.news import DONE, INCOMPLETE, OrderNews, add_closing
from coldframe.catalog.order_model import (
    OrderState,
    PlacementState,
    Spent,
    Tally,
    WantedState,
    place_key,
)
from coldframe.catalog.order_rows import (
    ORDER_COLUMNS,
    PLACEMENT_COLUMNS,
    WANTED_COLUMNS,
    order_values,
    placement_values,
    read_order,
    read_placement,
    read_wanted,
    wanted_values,
)
from coldframe.clock import to_milliseconds
from coldframe.errors import NothingMatched

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    import apsw

    from coldframe.catalog.database import Database
    from coldframe.catalog.order_model import (
        Batch,
        Order,
        Placement,
        PlacementChange,
        Wanted,
        WantedChange,
    )

_ADD_PLACEMENT = (
    "INSERT INTO order_placement (path, size, modified_ns, header_offset, data_offset, compressed_size, method, sha256,"
    " crc32, state, placed_as, detail, place_key, order_number, job)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_CLOSED = f"('{PlacementState.PLACED}', '{PlacementState.PRESENT}')"
_OVER = f"('{WantedState.DONE}', '{WantedState.FAILED}')"


class Orders:
    """All orders of one catalog. Methods may be called from any thread."""

    def __init__(self, database: Database) -> None:
        """Store the arguments."""
        self._database = database

    @property
    def path(self) -> str:
        """The catalog's file; the locks of orders lie beside it."""
        return self._database.path

    @property
    def asking(self) -> Asking:
        """What they have asked of their stores."""
        return Asking(self._database)

    # --- placing and reading ------------------------------------------------------------------------------------------

    def place(self, order: Order, batches: Iterable[Batch]) -> int:
        """Keep a new order with all that belongs to it, in one transaction, and answer its number.

        `batches` is read as the rows are written; memory stays flat.
        """

        def act(connection: apsw.Connection) -> int:
            number = _insert(
                connection, "INSERT INTO orders VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)", order_values(order)
            )
            for wanted, placements in batches:
                _add_batch(connection, number, wanted, placements)
            return number

        return self._database.write(act)

    def order(self, number: int) -> Order:
        """One order.

        Raises:
            NothingMatched: There is none of that number.
        """
        with self._database.read() as connection:
            for row in connection.execute(f"SELECT {ORDER_COLUMNS} FROM orders WHERE number = ?", (number,)):
                return read_order(row)
        raise NothingMatched(f"there is no order {number}; `coldframe orders` lists them")

    def orders(self, *, store: str | None = None, open_only: bool = False) -> list[Order]:
        """All orders, oldest first; those of one store, or those that can be carried on, if so asked."""
        condition = "(?1 IS NULL OR store = ?1) AND (NOT ?2 OR closed_at IS NULL AND state = 'open')"
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT {ORDER_COLUMNS} FROM orders WHERE {condition} ORDER BY number", (store, int(open_only))
            )
            return [read_order(row) for row in rows]

    def newest(self) -> int:
        """The number of the order that was placed last; 0 before there is any."""
        with self._database.read() as connection:
            (row,) = connection.execute("SELECT coalesce(max(number), 0) FROM orders")
            return _int(row[0])

    def tally(self, number: int) -> Tally:
        """How far an order is."""
        with self._database.read() as connection:
            (row,) = connection.execute(
                "SELECT count(*), total(size), count(*) FILTER (WHERE done), total(size) FILTER (WHERE done),"
                " count(*) FILTER (WHERE state = 'failed')"
                f" FROM (SELECT size, state, state IN {_CLOSED} AS done FROM order_placement WHERE order_number = ?)",
                (number,),
            )
            states = connection.execute(
                "SELECT state, count(*) FROM order_job WHERE order_number = ? GROUP BY state", (number,)
            )
            jobs = {WantedState(str(state)): _int(count) for state, count in states}
        files, size, placed_files, placed_size, failed_files = (_int(value) for value in row)
        return Tally(
            files=files,
            size=size,
            placed_files=placed_files,
            placed_size=placed_size,
            failed_files=failed_files,
            jobs=jobs,
        )

    def spent(self, number: int) -> Spent:
        """What the order's jobs have asked of the store so far."""
        with self._database.read() as connection:
            (row,) = connection.execute(
                "SELECT total(asked), total(asked * coalesce(range_end - range_start, archive_size, 0))"
                " FROM order_job WHERE order_number = ?",
                (number,),
            )
        return Spent(jobs=_int(row[0]), size=_int(row[1]))

    # --- its jobs -----------------------------------------------------------------------------------------------------

    def wanted(self, number: int, *states: WantedState, limit: int = 500) -> Iterator[Wanted]:
        """The order's archives and ranges in one of `states`, by row; each page is read when it is needed."""
        last = 0
        sql = (
            f"SELECT {WANTED_COLUMNS} FROM order_job WHERE order_number = ? AND id > ?"
            " AND state IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT ?"
        )
        while True:
            with self._database.read() as connection:
                page = [read_wanted(row) for row in connection.execute(sql, (number, last, json.dumps(states), limit))]
            yield from page
            if len(page) < limit:
                return
            last = page[-1].row

    def find_wanted(self, numbers: Sequence[int], keys: Sequence[str]) -> list[Wanted]:
        """What the orders want of archives with these IDs, or with these tree hashes as a whole, and is not closed."""
        with self._database.read() as connection:
            return [read_wanted(row) for row in rows_like(connection, WANTED_COLUMNS, numbers, keys)]

    def has_archives(self, number: int, archive_ids: Collection[str]) -> bool:
        """Whether the order is for all of these archives."""
        sql = (
            "SELECT count(DISTINCT archive_id) FROM order_job WHERE order_number = ?"
            " AND archive_id IN (SELECT value FROM json_each(?))"
        )
        with self._database.read() as connection:
            (row,) = connection.execute(sql, (number, json.dumps(list(archive_ids))))
            return _int(row[0]) == len(set(archive_ids))

    def wanted_row(self, row: int) -> Wanted:
        """One archive or range that an order wants."""
        with self._database.read() as connection:
            sql = f"SELECT {WANTED_COLUMNS} FROM order_job WHERE id = ?"
            return next(read_wanted(found) for found in connection.execute(sql, (row,)))

    def has_work(self, number: int) -> bool:
        """Whether files of the order can be put in place now."""
        sql = (
            "SELECT EXISTS (SELECT 1 FROM order_job WHERE order_number = ?1 AND state IN ('ready', 'at hand'))"
            " OR EXISTS (SELECT 1 FROM order_placement WHERE order_number = ?1 AND state = 'waiting' AND job IS NULL)"
        )
        with self._database.read() as connection:
            (row,) = connection.execute(sql, (number,))
            return bool(row[0])

    def count_wanted(self, number: int, *states: WantedState) -> int:
        """How many archives and ranges of the order are in one of `states`."""
        sql = "SELECT count(*) FROM order_job WHERE order_number = ? AND state IN (SELECT value FROM json_each(?))"
        with self._database.read() as connection:
            (row,) = connection.execute(sql, (number, json.dumps(states)))
            return _int(row[0])

    def vaults(self, numbers: Sequence[int]) -> list[str]:
        """The vaults in which the orders have anything open."""
        sql = (
            "SELECT DISTINCT vault_name FROM order_job WHERE order_number IN (SELECT value FROM json_each(?))"
            f" AND state NOT IN {_OVER} ORDER BY 1"
        )
        with self._database.read() as connection:
            return [str(row[0]) for row in connection.execute(sql, (json.dumps(list(numbers)),))]

    def started(self, jobs: Mapping[int, str]) -> None:
        """The jobs that were asked for, by row, are started, and are paid."""
        sql = "UPDATE order_job SET state = ?, job_id = ?, is_asking = 0 WHERE id = ?"
        rows = [(WantedState.STARTED, job_id, row) for row, job_id in jobs.items()]
        self._database.write(lambda connection: connection.executemany(sql, rows))

    def change(self, changes: Sequence[WantedChange]) -> None:
        """Set new states; a failed one fails its waiting files, too."""
        if not changes:
            return

        def act(connection: apsw.Connection) -> None:
            for change in changes:
                _change_wanted(connection, change)

        self._database.write(act)

    # --- its files ----------------------------------------------------------------------------------------------------

    def placements(self, wanted_row: int) -> list[Placement]:
        """The files that one wanted archive or range fills."""
        sql = f"SELECT {PLACEMENT_COLUMNS} FROM order_placement WHERE job = ? ORDER BY id"
        with self._database.read() as connection:
            return [read_placement(row) for row in connection.execute(sql, (wanted_row,))]

    def closed_placements(self, number: int, limit: int = 500) -> Iterator[tuple[Placement, Wanted | None]]:
        """Every file of the order that is not waiting any more, in order, with what filled it."""
        columns = ", ".join(f"p.{name.strip()}" for name in PLACEMENT_COLUMNS.split(","))
        wanted = ", ".join(f"w.{name.strip()}" for name in WANTED_COLUMNS.split(","))
        sql = (
            f"SELECT {columns}, {wanted} FROM order_placement p LEFT JOIN order_job w ON w.id = p.job"
            " WHERE p.order_number = ? AND p.id > ? AND p.state <> 'waiting' ORDER BY p.id LIMIT ?"
        )
        width = len(PLACEMENT_COLUMNS.split(","))
        last = 0
        while True:
            with self._database.read() as connection:
                page = list(connection.execute(sql, (number, last, limit)))
            for row in page:
                yield read_placement(row[:width]), None if row[width] is None else read_wanted(row[width:])
            if len(page) < limit:
                return
            last = _int(page[-1][0])

    def empty_placements(self, number: int, limit: int = 500) -> list[Placement]:
        """Some of the waiting files that need no bytes; none when all are closed."""
        sql = (
            f"SELECT {PLACEMENT_COLUMNS} FROM order_placement WHERE order_number = ? AND state = 'waiting'"
            " AND job IS NULL ORDER BY id LIMIT ?"
        )
        with self._database.read() as connection:
            return [read_placement(row) for row in connection.execute(sql, (number, limit))]

    def places_like(self, number: int, placed_as: str, *, by_other_than: int) -> list[str]:
        """The places of other files of the order that a case-insensitive file system may take for `placed_as`."""
        sql = "SELECT placed_as FROM order_placement WHERE order_number = ? AND place_key = ? AND id <> ?"
        with self._database.read() as connection:
            rows = connection.execute(sql, (number, place_key(placed_as), by_other_than))
            return [str(row[0]) for row in rows]

    def close_placements(self, changes: Sequence[PlacementChange], *, wanted: WantedChange | None = None) -> None:
        """Record what became of files, and with the last of them of the archive or range that filled them."""

        def act(connection: apsw.Connection) -> None:
            for change in changes:
                _change_placement(connection, change)
            if wanted is not None:
                _change_wanted(connection, wanted)
                connection.execute("DELETE FROM order_segment WHERE job = ?", (wanted.row,))

        self._database.write(act)

    # --- segments -----------------------------------------------------------------------------------------------------

    def segments(self, wanted_row: int) -> dict[int, str]:
        """The tree hashes of the segments that are durable in the unfinished file, by their starts."""
        sql = "SELECT start, tree_hash FROM order_segment WHERE job = ?"
        with self._database.read() as connection:
            return {_int(start): str(tree_hash) for start, tree_hash in connection.execute(sql, (wanted_row,))}

    def mark_segment(self, wanted_row: int, start: int, tree_hash: str) -> None:
        """A segment is durable in the unfinished file."""

        def act(connection: apsw.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO order_segment VALUES (?, ?, ?)", (wanted_row, start, tree_hash))

        self._database.write(act)

    def forget_segments(self, wanted_row: int) -> None:
        """The unfinished file cannot be trusted; begin again."""

        def act(connection: apsw.Connection) -> None:
            connection.execute("DELETE FROM order_segment WHERE job = ?", (wanted_row,))

        self._database.write(act)

    # --- the end ------------------------------------------------------------------------------------------------------

    def close_if_over(self, number: int, now: datetime) -> OrderState:
        """Close the order if nothing of it is left to do, and answer its state."""

        def act(connection: apsw.Connection) -> OrderState:
            (row,) = connection.execute(
                "SELECT o.state, count(p.id) FILTER (WHERE p.state = 'waiting'),"
                " count(p.id) FILTER (WHERE p.state = 'failed')"
                " FROM orders o LEFT JOIN order_placement p ON p.order_number = o.number WHERE o.number = ?",
                (number,),
            )
            state, waiting, failed = OrderState(str(row[0])), _int(row[1]), _int(row[2])
            if state is not OrderState.OPEN or waiting:
                return state
            state = OrderState.INCOMPLETE if failed else OrderState.DONE
            _close(connection, number, state, now)
            add_closing(connection, number, DONE if state is OrderState.DONE else INCOMPLETE, to_milliseconds(now))
            return state

        return self._database.write(act)

    def trouble(self, number: int, error: Exception, now: datetime) -> None:
        """An open order waits for somebody to mend something; whoever wants to hear that is told."""
        OrderNews(self._database).trouble(number, type(error).__name__, str(error), now)

    def told(self, number: int) -> None:
        """The files that were settled when the order was placed were answered."""
        sql = "UPDATE orders SET is_told = 1 WHERE number = ?"
        self._database.write(lambda connection: connection.execute(sql, (number,)))

    def cancel(self, number: int, now: datetime) -> None:
        """Give an open order up. Jobs that run at the store cannot be stopped; they expire."""
        self._database.write(lambda connection: _close(connection, number, OrderState.CANCELLED, now))


def _close(connection: apsw.Connection, number: int, state: OrderState, now: datetime) -> None:
    connection.execute(
        "UPDATE orders SET state = ?, closed_at = ? WHERE number = ? AND closed_at IS NULL",
        (state, to_milliseconds(now), number),
    )


def _add_batch(
    connection: apsw.Connection, number: int, wanted: Wanted | None, placements: Iterable[Placement]
) -> None:
    row = None
    if wanted is not None:
        sql = f"INSERT INTO order_job ({WANTED_COLUMNS}) VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        row = _insert(connection, sql, (number, *wanted_values(wanted)))
    values = ((*placement_values(placement), number, row) for placement in placements)
    connection.executemany(_ADD_PLACEMENT, values)


def _insert(connection: apsw.Connection, sql: str, values: tuple[Any, ...]) -> int:
    connection.execute(sql, values)
    return connection.last_insert_rowid()


def _change_wanted(connection: apsw.Connection, change: WantedChange) -> None:
    connection.execute(
        "UPDATE order_job SET state = ?1, job_id = ?2, detail = ?3, archive_size = coalesce(archive_size, ?4),"
        " tree_hash = coalesce(tree_hash, ?5), is_asking = is_asking AND ?1 NOT IN ('started', 'ready') WHERE id = ?6",
        (change.state, change.job_id, change.detail, change.archive_size, change.tree_hash, change.row),
    )
    if change.state is WantedState.FAILED:
        connection.execute(
            "UPDATE order_placement SET state = 'failed', detail = ? WHERE job = ? AND state = 'waiting'",
            (change.detail, change.row),
        )


def _change_placement(connection: apsw.Connection, change: PlacementChange) -> None:
    key = None if change.placed_as is None else place_key(change.placed_as)
    connection.execute(
        "UPDATE order_placement SET state = ?, placed_as = ?, place_key = ?, detail = ?, size = coalesce(size, ?)"
        " WHERE id = ?",
        (change.state, change.placed_as, key, change.detail, change.size, change.row),
    )


def _int(value: object) -> int:
    """A whole number from SQLite, which also answers total() as a float."""
    return int(value)  # type: ignore[call-overload,no-any-return]  # apsw's values are untyped
