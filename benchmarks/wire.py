"""Clients before servers over loopback: the founding tree, many small files, and a crowd of connections."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.contenders import VAULT, coldframe_program
from benchmarks.harness import measure, settle
from benchmarks.limits import list_files
from benchmarks.served import coldframe_server, moto_server
from benchmarks.wire_tables import Crowd, Series, WireResult, crowd_table, table_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from benchmarks.harness import Run
    from benchmarks.served import Server, Use

    Serve = Callable[[str], AbstractContextManager[Server]]

UPLOAD = "upload"
DOWNLOAD = "download"
CONNECTIONS = 64
_SMALL = 4096
_SMALL_COUNT = 20_000
_SAMPLE = 200
"""How many files the AWS CLI is given at most, times the scale: it takes as long for each, be they many or few."""


@dataclass(frozen=True, slots=True)
class Client:
    """A client and the server that it talks to. Its commands run in an empty folder, with the server's keys.

    Args:
        name: Of both.
        does: What a reader must know of it.
        serve: Starts the server in a folder.
        commands: What is measured, by phase.
        files: What it is to move; also in the file `list`.
        prepare: What is run first and not measured.
    """

    name: str
    does: str
    serve: Serve
    commands: dict[str, tuple[str, ...]]
    files: Sequence[str]
    prepare: tuple[str, ...] | None = None


def compete_over(
    source: str, *, workspace: str, rounds: int, scale: float, is_cold: bool
) -> tuple[list[Series], list[str]]:
    """Every client moves the files of a folder in every round, before a server of its own; figures and tables."""
    field = _field(source, max(int(_SAMPLE * scale), 5))
    found: dict[tuple[str, str], list[tuple[Run, Use]]] = {}
    for number in range(rounds):
        turn = number % len(field)
        for client in [*field[turn:], *field[:turn]]:
            for phase, run, use in _compete_once(client, os.path.join(workspace, "contender"), is_cold=is_cold):
                found.setdefault((phase, client.name), []).append((run, use))
                _tell(f"round {number + 1} of {rounds}: {client.name}, {phase}: {run.wall_seconds:.2f} s")
    series = [
        _series(phase, one, found[phase, one.name])
        for phase in (UPLOAD, DOWNLOAD)
        for one in field
        if (phase, one.name) in found
    ]
    told = "\n".join(f"- {client.name}: {client.does}" for client in field)
    return series, [*(table_of(phase, series) for phase in (UPLOAD, DOWNLOAD)), told]


def crowds(*, workspace: str, rounds: int, count: int) -> list[Crowd]:
    """Many connections upload small archives at once, to coldframe's server and to moto's."""
    command = [sys.executable, "-m", "benchmarks.crowd", str(CONNECTIONS), str(count), str(_SMALL)]
    found = []
    for number in range(rounds):
        for serve in (coldframe_server, moto_server):
            with serve(_empty(os.path.join(workspace, "crowd"))) as server:
                uses: list[Use] = []
                environ = {**os.environ, **_environ(server)}
                with server.watched(uses):
                    run = subprocess.run(command, check=True, env=environ, stdout=subprocess.PIPE, text=True)
                found.append(Crowd(server.name, json.loads(run.stdout), uses[0]))
                rate = found[-1].told["archives_per_second"]
                _tell(
                    f"round {number + 1} of {rounds}: {server.name}, {CONNECTIONS} connections: {rate:.0f} archives/s"
                )
    return found


def wire_result(trees: dict[str, str], *, workspace: str, rounds: int, scale: float, is_cold: bool) -> WireResult:
    """The whole workload over folders by title, and small archives from many connections."""
    series: list[Series | Crowd] = []
    parts: list[str] = []
    for title, source in trees.items():
        found, tables = compete_over(source, workspace=workspace, rounds=rounds, scale=scale, is_cold=is_cold)
        series += found
        parts += [f"### {title}", *tables]
    crowd = crowds(workspace=workspace, rounds=rounds, count=max(int(_SMALL_COUNT * scale), CONNECTIONS))
    title = f"### {CONNECTIONS} connections, archives of {_SMALL:,} bytes"
    return WireResult([*series, *crowd], [*parts, title, crowd_table(crowd)])


def _field(source: str, sample: int) -> list[Client]:
    """Who competes over the files of a folder; the AWS CLI over a sample."""
    paths = list_files(source)
    moto = "keeps all in memory, checks neither signature nor tree hash; its jobs wait for seconds: uploads alone"
    aws = f"a command for each file up, two for each back; of more files than {sample}, the first {sample}"
    return [
        _coldframe(source, paths),
        _loop("boto3 script", "one client, one file after another", ("boto3_loop",), paths),
        _loop("AWS CLI", aws, ("aws_loop", _aws_program()), paths[:sample]),
        _loop("boto3 script, moto's server", moto, ("boto3_loop",), paths, serve=moto_server),
    ]


def _coldframe(source: str, paths: Sequence[str]) -> Client:
    program = coldframe_program()
    return Client(
        "coldframe",
        "tree hashes compared at both ends, catalog and files durable; nothing is zipped",
        coldframe_server,
        {
            UPLOAD: (*program, "archive", source, "--vault", VAULT),
            DOWNLOAD: (*program, "retrieve", "*", "--vault", VAULT, "--into", "back", "--yes"),
        },
        paths,
        prepare=(*program, "vault", "create", VAULT),
    )


def _loop(
    name: str, does: str, words: tuple[str, ...], paths: Sequence[str], *, serve: Serve = coldframe_server
) -> Client:
    """A program of this folder that loops over a list of files."""
    module, *more = words
    program = (sys.executable, "-m", f"benchmarks.{module}", *more)
    phases = (UPLOAD, DOWNLOAD) if serve is coldframe_server else (UPLOAD,)
    return Client(name, does, serve, {phase: (*program, phase, "list", "ids", "back") for phase in phases}, paths)


def _compete_once(client: Client, folder: str, *, is_cold: bool) -> list[tuple[str, Run, Use]]:
    """One client before a new server: its phases in order."""
    found = []
    with client.serve(_empty(folder)) as server:
        environ = _environ(server)
        with open(os.path.join(folder, "list"), "w", encoding="utf-8") as file:
            file.writelines(f"{path}\n" for path in client.files)
        if client.prepare:
            measure(client.prepare, folder=folder, environ=environ)
        for phase, command in client.commands.items():
            settle(is_cold=is_cold)
            uses: list[Use] = []
            with server.watched(uses):
                run = measure(command, folder=folder, environ=environ)
            found.append((phase, run, uses[0]))
    shutil.rmtree(folder)
    return found


def _environ(server: Server) -> dict[str, str]:
    """What a client is told. The programs of this folder are found, too."""
    here = {"PYTHONPATH": os.getcwd(), "COLDFRAME_HOME": "home", "COLDFRAME_STORE": server.url}
    return {**server.environ, **here}


def _series(phase: str, client: Client, found: Sequence[tuple[Run, Use]]) -> Series:
    runs, uses = tuple(run for run, _ in found), tuple(use for _, use in found)
    return Series(phase, client.name, len(client.files), sum(map(os.path.getsize, client.files)), runs, uses)


def _empty(folder: str) -> str:
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return folder


def _aws_program() -> str:
    """The AWS CLI that the tests use, installed if it is not yet."""
    installer = os.path.join("tests", "clients", "installing.py")
    return subprocess.run([sys.executable, installer], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
