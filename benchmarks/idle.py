"""Measure what `coldframe watch --stay` takes while it has nothing to do but wait: processor time and memory.

Usage: python -m benchmarks.idle [--seconds 300] [--settle 60] [--archives 2000]

All cases run side by side, each in a process and a home of its own: no order at all; an order whose jobs take hours, at
the embedded store and at a coldframe server; the same with a queue of moto's SQS. Linux only.
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from moto.server import ThreadedMotoServer

from coldframe.archiver.request import ArchiveRequest
from coldframe.catalog import Query
from coldframe.clock import SystemClock
from coldframe.composition.archiving import ArchiveJob
from coldframe.composition.library import Coldframe
from coldframe.composition.retrieving import RetrieveJob, RetrieveRun
from coldframe.composition.serving import ServeRequest, Serving
from coldframe.model import AMAZON_WAITS, Tier
from coldframe.server.address import parse_address
from coldframe.settings import Home, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

_REGION = "us-east-1"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Use:
    """What a process has taken so far: processor seconds and the most memory, in MiB."""

    cpu: float
    memory: float


def main() -> None:
    """Start all watches, let them settle, and measure."""
    options = _options()
    clock = SystemClock()
    with ExitStack() as stack:
        top = stack.enter_context(tempfile.TemporaryDirectory(prefix="coldframe-idle-"))
        url = stack.enter_context(_server(top))
        queue = stack.enter_context(_queue())
        cases = {
            "no order": _home(top, "none", store=None, archives=0),
            f"an order, {options.archives:,} jobs, embedded": _home(top, "own", store=None, archives=options.archives),
            f"an order, {options.archives:,} jobs, server": _home(top, "far", store=url, archives=options.archives),
            f"the same, with a queue: {options.archives:,} jobs, server": _home(
                top, "told", store=url, archives=options.archives
            ),
        }
        watches = {
            name: stack.enter_context(_watch(home, ("--queue", queue) if "queue" in name else ()))
            for name, home in cases.items()
        }
        clock.sleep(options.settle)
        before = {name: _use(watch) for name, watch in watches.items()}
        began_at = clock.monotonic()
        clock.sleep(options.seconds)
        seconds = clock.monotonic() - began_at
        print(f"\nwatch --stay over {seconds:.0f} s, after {options.settle} s\n")
        print("| waiting for | CPU s | of a core | peak MiB |\n| --- | ---: | ---: | ---: |")
        for name, watch in watches.items():
            use = _use(watch)
            cpu = use.cpu - before[name].cpu
            print(f"| {name} | {cpu:.2f} | {100 * cpu / seconds:.2f} % | {use.memory:.0f} |", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--settle", type=float, default=60)
    parser.add_argument("--archives", type=int, default=2000)
    return parser.parse_args()


def _home(top: str, name: str, *, store: str | None, archives: int) -> dict[str, str]:
    """The environment of a user who has ordered so many archives, whose jobs take hours."""
    folder = os.path.join(top, name)
    files = os.path.join(folder, "files")
    os.makedirs(files)
    for number in range(archives):
        with open(os.path.join(files, f"{number}.fit"), "wb") as file:
            file.write(number.to_bytes(8, "big"))
    settings = Settings(store=store, tiers=AMAZON_WAITS)
    with Coldframe(Home(folder, folder), settings) as coldframe:
        coldframe.create_store().create_vault(name)
        if archives:
            with coldframe.archive(ArchiveJob(request=ArchiveRequest(paths=(files,), vault_name=name))) as run:
                list(run.results())
            retrieval = RetrieveRun(coldframe, RetrieveJob(into=os.path.join(folder, "back"), query=Query()))
            list(retrieval.carry_on(retrieval.order(retrieval.plan(), tier=Tier.BULK)))
    return {"COLDFRAME_HOME": folder, "COLDFRAME_TIERS": "amazon"}


@contextmanager
def _server(top: str) -> Iterator[str]:
    """A coldframe server whose jobs take hours; its key is in the environment from now on."""
    settings = Settings(listen=parse_address("127.0.0.1:0"), region=_REGION, tiers=AMAZON_WAITS)
    with Serving(ServeRequest(folder=os.path.join(top, "served"), settings=settings)) as serving:
        serving.start()
        if serving.new_key is None:
            raise RuntimeError("the store is not new")
        os.environ["AWS_ACCESS_KEY_ID"] = serving.new_key.access_key_id
        os.environ["AWS_SECRET_ACCESS_KEY"] = serving.new_key.secret_access_key
        os.environ["AWS_DEFAULT_REGION"] = _REGION
        yield serving.url
        serving.stop(5)


@contextmanager
def _queue() -> Iterator[str]:
    """A queue that nothing comes into."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    sqs = boto3.client("sqs", endpoint_url=f"http://{host}:{port}", region_name=_REGION)
    yield sqs.create_queue(QueueName="idle")["QueueUrl"]
    server.stop()


@contextmanager
def _watch(environ: dict[str, str], options: tuple[str, ...]) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "coldframe", "watch", "--stay", *options]
    with subprocess.Popen(command, env={**os.environ, **environ}, stdout=subprocess.DEVNULL) as process:
        yield process
        process.terminate()


def _use(process: subprocess.Popen[bytes]) -> Use:
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        times = file.read().rpartition(")")[2].split()[11:13]
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        (peak,) = [line.split()[1] for line in file if line.startswith("VmHWM:")]
    return Use(sum(map(int, times)) / _TICKS, int(peak) / 1024)


if __name__ == "__main__":
    main()
