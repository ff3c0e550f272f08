"""What competes: the machine's limits, coldframe, and the peers that are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from benchmarks.harness import Contender, Step

ARCHIVE = "archive"
RETRIEVE = "retrieve"
WRITE_LIMIT = "limit: durable sequential write"
DIRECT_LIMIT = "the same, past the page cache"
HASH_LIMIT = "limit: tree hash, all cores"
LIMITS = (WRITE_LIMIT, HASH_LIMIT)
VAULT = "bench"
HOME = "home"

_ZIP = ("--zip", "Bias", "--zip", "Dark", "--zip", "Flat")


def limits(source: str) -> list[Contender]:
    """The limits, each measured in both phases: getting bytes back writes and hashes as many.

    The one past the page cache does what coldframe does, and is shown; the limit is what is usual, the way of `dd`.
    """
    program = (sys.executable, "-m", "benchmarks.limits")
    environ = {"PYTHONPATH": os.getcwd()}
    digest = (*program, "hash", source)

    def writing(name: str, way: str, does: str) -> Contender:
        steps = [Step(phase, (*program, way, source, f"{way}-{phase}")) for phase in (ARCHIVE, RETRIEVE)]
        return Contender(name, does, tuple(steps), environ)

    return [
        writing(
            WRITE_LIMIT,
            "write",
            "reads the files and writes them one after another into one file as dd does: by the MiB, fsync at the end",
        ),
        writing(DIRECT_LIMIT, "direct", "the same with O_DIRECT, as coldframe writes its blobs"),
        Contender(
            HASH_LIMIT,
            "reads the files and computes their tree hashes by hashlib, a thread for each core",
            (Step(ARCHIVE, digest), Step(RETRIEVE, digest)),
            environ,
        ),
    ]


def coldframe(source: str, *, zipped: bool) -> Contender:
    """Coldframe with the embedded store."""
    program = coldframe_program()
    archive = (*program, "archive", source, "--vault", VAULT, *(_ZIP if zipped else ()))
    retrieve = (*program, "retrieve", "*", "--vault", VAULT, "--into", "back", "--yes")
    return Contender(
        "coldframe",
        "every blob, folder, ledger and catalog entry fsynced before it counts; on the way back every byte verified "
        "and every file fsynced",
        (
            Step(None, (*program, "vault", "create", VAULT)),
            Step(ARCHIVE, archive),
            Step(RETRIEVE, retrieve),
        ),
        {"COLDFRAME_HOME": HOME},
    )


def coldframe_program() -> tuple[str, ...]:
    """The installed command of this environment."""
    return (os.path.join(os.path.dirname(sys.executable), "coldframe"),)


def peers(source: str) -> list[Contender]:
    """The peers that are on PATH; says on standard error which are not."""
    makers = {"restic": _restic, "borg": _borg, "rclone": _rclone}
    found = []
    for name, make in makers.items():
        program = _find(name)
        if program is None:
            print(f"{name} is not installed and is left out", file=sys.stderr)
        else:
            found.append(make(program, source))
    return found


def _restic(program: str, source: str) -> Contender:
    repository = (program, "--repo", "store", "--no-cache", "--quiet")
    return Contender(
        _version(program, "version"),
        "deduplicates and encrypts, compression off; fsyncs its pack files; restored files are synced afterwards",
        (
            Step(None, (*repository, "init")),
            Step(ARCHIVE, _then_sync((*repository, "backup", "--compression", "off", source), "store")),
            Step(RETRIEVE, _then_sync((*repository, "restore", "latest", "--target", "back"), "back")),
        ),
        {"RESTIC_PASSWORD": "bench"},
    )


def _borg(program: str, source: str) -> Contender:
    return Contender(
        _version(program, "--version"),
        "deduplicates, neither compressed nor encrypted; fsyncs its segments; extracted files are synced afterwards",
        (
            Step(None, (program, "init", "--encryption", "none", "store")),
            Step(None, ("mkdir", "back")),
            Step(ARCHIVE, _then_sync((program, "create", "--compression", "none", "store::one", source), "store")),
            Step(RETRIEVE, ("sh", "-c", f"cd back && {program} extract ../store::one && sync -f .")),
        ),
        {"BORG_BASE_DIR": "borg", "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"},
    )


def _rclone(program: str, source: str) -> Contender:
    copy = (program, "copy", "--checksum", "--config", os.devnull)
    return Contender(
        _version(program, "version"),
        "copies each file and compares checksums of both sides; its writes are synced afterwards",
        (
            Step(ARCHIVE, _then_sync((*copy, source, "store"), "store")),
            Step(RETRIEVE, _then_sync((*copy, "store", "back"), "back")),
        ),
    )


def _then_sync(command: tuple[str, ...], folder: str) -> tuple[str, ...]:
    """The command, and after it everything in the folder's file system made durable."""
    return ("sh", "-c", f'"$@" && sync -f {folder}', "sh", *command)


def _find(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=os.path.dirname(sys.executable))


def _version(program: str, option: str) -> str:
    answer = subprocess.run([program, option], check=True, capture_output=True, text=True)
    return " ".join(answer.stdout.split()[:2])
