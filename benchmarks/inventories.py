"""Measure inventory jobs: time, and the memory of the server that writes and sends the output.

Usage: python -m benchmarks.inventories [--archives 1000000] [--moto 10000] [--folder .cache]

The ledger is filled through its own port, with all the rows that uploads leave, but with no bytes behind them: an
inventory reads none. Then `coldframe serve` is asked by boto3 for an inventory, and the output is read and counted.
Moto's server, which keeps everything in memory and knows JSON alone, is filled by uploads. Linux only.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from typing import TYPE_CHECKING, Any

from benchmarks.served import REGION, coldframe_server, moto_server
from coldframe.clock import SystemClock, to_milliseconds
from coldframe.composition.stores import open_embedded
from coldframe.inventory.vault_json import Item, VaultInventory
from coldframe.model import MIB
from coldframe.ports import ArchiveRow, PartRow
from coldframe.service.ids import new_key
from coldframe.service.vaults import with_change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.served import Server, Use
    from coldframe.ports import Changes
    from coldframe.service import VaultService

VAULT = "astrodata"
_BATCH = 20_000
_SIZE = 33 * MIB
_PATIENCE_SECONDS = 900
_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Row:
    """One inventory job: its archives and bytes, the seconds until the output began and ended, what the server took."""

    server: str
    form: str
    archives: int
    size: int
    first_seconds: float
    seconds: float
    use: Use

    def markdown(self) -> str:
        """A line of the table."""
        return (
            f"| {self.server} | {self.form} | {self.archives:,} | {self.size / MIB:.1f} | {self.first_seconds:.2f} "
            f"| {self.seconds:.2f} | {self.use.cpu_seconds:.2f} | {self.use.peak_bytes / MIB:.0f} |"
        )


def main() -> None:
    """Fill, ask, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archives", type=int, default=1_000_000, help="how many our own server lists (0: leave out)")
    parser.add_argument("--moto", type=int, default=10_000, help="how many moto's server lists (0: leave out)")
    parser.add_argument("--folder", default=".cache", help="a folder on the disk to measure (default: .cache)")
    options = parser.parse_args()
    print("| server | output | archives | MiB | first byte, s | whole job, s | server CPU, s | server peak, MiB |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for row in (*_ours(folder, options.archives), *_motos(folder, options.moto)):
            print(row.markdown(), flush=True)


def _ours(folder: str, count: int) -> Iterator[Row]:
    if not count:
        return
    with coldframe_server(folder) as server:
        with closing(open_embedded(os.path.join(folder, "store"), region=REGION)) as store:
            fill(store, count)
        yield _measure(server, "JSON", count)
        yield _measure(server, "CSV", count)


def _motos(folder: str, count: int) -> Iterator[Row]:
    if not count:
        return
    with moto_server(folder) as server, closing(_client(server)) as client:
        client.create_vault(vaultName=VAULT)
        for number in range(count):
            client.upload_archive(vaultName=VAULT, archiveDescription=_name(number), body=b"%d" % number)
        yield _measure(server, "JSON", count)


def fill(store: VaultService, count: int) -> None:
    """Give a store a vault of so many archives, with every row that an upload leaves."""
    store.create_vault(VAULT)
    for first in range(0, count, _BATCH):
        store.ledger.write(_adder(range(first, min(first + _BATCH, count))))


def _adder(numbers: range) -> Callable[[Changes], None]:
    def act(changes: Changes) -> None:
        vault = changes.vault(VAULT)
        assert vault is not None
        now_ms = to_milliseconds(SystemClock().now())
        for number in numbers:
            key, digest = new_key(now_ms), sha256(b"%d" % number).hexdigest()
            vault = with_change(vault, now_ms, 0, archives=1, size=_SIZE)
            changes.add_archive(ArchiveRow(key, vault.row, now_ms, vault.change, _SIZE, digest, _name(number)))
            changes.put_part(PartRow(key, 0, _SIZE, digest, new_key(now_ms)))
        changes.update_vault(vault)

    return act


def _name(number: int) -> str:
    """A description as `coldframe archive` writes them."""
    path = f"Subs/Light/M33_Light_Blue_180_secs_{number:07d}.fit"
    return f"coldframe/1 file size={_SIZE} modified=2026-11-23T06:30:15Z path={path}"


def _measure(server: Server, form: str, count: int) -> Row:
    """Ask for an inventory, wait until it is there, read it to the end, count what it lists."""
    uses: list[Use] = []
    with closing(_client(server)) as client, server.watched(uses):
        began = time.perf_counter()
        job = {"Type": "inventory-retrieval", "Format": form}
        job_id = client.initiate_job(vaultName=VAULT, jobParameters=job)["jobId"]
        waited = _wait(client, job_id)
        answer = client.get_job_output(vaultName=VAULT, jobId=job_id)["body"]
        data = answer.read(1)
        first_seconds = time.perf_counter() - began - waited
        size, found = _count([data], answer, form)
        seconds = time.perf_counter() - began - waited
    assert found == count, f"{found} of {count} archives are listed"
    return Row(server.name, form, count, size, first_seconds, seconds, uses[0])


def _wait(client: Any, job_id: str) -> float:
    """Wait until the job has ended; the seconds that were slept, which are the server's choice and not its work."""
    clock, slept = SystemClock(), 0.0
    while not client.describe_job(vaultName=VAULT, jobId=job_id)["Completed"]:
        clock.sleep(_POLL_SECONDS)
        slept += _POLL_SECONDS
    return slept


def _count(head: list[bytes], answer: Any, form: str) -> tuple[int, int]:
    """The bytes of the output, and the archives that it lists; JSON is read as a client of constant memory reads it."""
    size = 0

    def pieces() -> Iterator[bytes]:
        nonlocal size
        for piece in chain(head, iter(lambda: answer.read(MIB), b"")):
            size += len(piece)
            yield piece

    if form == "CSV":
        lines = sum(piece.count(b"\n") for piece in pieces())
        return size, lines - 1
    found = sum(isinstance(item, Item) for item in VaultInventory(pieces()))
    return size, found


def _client(server: Server) -> Any:
    import boto3  # noqa: PLC0415 - heavy
    from botocore.config import Config  # noqa: PLC0415 - likewise

    session = boto3.session.Session(
        server.environ["AWS_ACCESS_KEY_ID"], server.environ["AWS_SECRET_ACCESS_KEY"], region_name=REGION
    )
    config = Config(read_timeout=_PATIENCE_SECONDS, retries={"total_max_attempts": 1})
    return session.client("glacier", endpoint_url=server.url, config=config)


if __name__ == "__main__":
    main()
