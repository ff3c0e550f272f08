"""Which topics and queues we made for vaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import apsw

    from coldframe.catalog.database import Database

_COLUMNS = "store, vault_name, token, region, sns_endpoint, sqs_endpoint, profile"


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultQueue:
    """A topic and a queue, made or about to be made.

    Args:
        store: The store's identity.
        vault_name: The vault that tells the topic.
        token: Random; part of their names.
        region: Where they are.
        sns_endpoint: Where SNS is; None is Amazon's own.
        sqs_endpoint: Where SQS is, likewise.
        profile: The AWS profile that made them.
    """

    store: str
    vault_name: str
    token: str
    region: str
    sns_endpoint: str | None = None
    sqs_endpoint: str | None = None
    profile: str | None = None

    @property
    def name(self) -> str:
        """The name of both: at most 80 letters, digits, `-` and `_`, as SQS wants it."""
        letters = "".join(each if each.isalnum() or each in "-_" else "-" for each in self.vault_name)
        return f"coldframe-{letters[:50]}-{self.token}"


class VaultQueues:
    """The topics and queues of one catalog."""

    def __init__(self, database: Database) -> None:
        """Store the arguments."""
        self._database = database

    def find(self, store: str, vault_name: str) -> VaultQueue | None:
        """The one of a vault."""
        sql = f"SELECT {_COLUMNS} FROM vault_queue WHERE store = ? AND vault_name = ?"
        with self._database.read() as connection:
            for row in connection.execute(sql, (store, vault_name)):
                texts = [None if each is None else str(each) for each in row]
                identity, vault, token, region = (str(each) for each in texts[:4])
                return VaultQueue(
                    store=identity,
                    vault_name=vault,
                    token=token,
                    region=region,
                    sns_endpoint=texts[4],
                    sqs_endpoint=texts[5],
                    profile=texts[6],
                )
        return None

    def add(self, queue: VaultQueue) -> VaultQueue:
        """Keep one, before anything of it is made; answers the one that is kept, if there was one already."""
        values = (
            queue.store,
            queue.vault_name,
            queue.token,
            queue.region,
            queue.sns_endpoint,
            queue.sqs_endpoint,
            queue.profile,
        )

        def act(connection: apsw.Connection) -> None:
            connection.execute(f"INSERT OR IGNORE INTO vault_queue ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", values)

        self._database.write(act)
        return self.find(queue.store, queue.vault_name) or queue

    def forget(self, queue: VaultQueue) -> None:
        """Nothing of it is left."""
        sql = "DELETE FROM vault_queue WHERE store = ? AND vault_name = ? AND token = ?"
        self._database.write(lambda connection: connection.execute(sql, (queue.store, queue.vault_name, queue.token)))
