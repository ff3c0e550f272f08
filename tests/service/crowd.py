"""Sixty-four threads that do to one store whatever the protocol allows, all at once, each from a seed of its own.

What is theirs to know is noted by the `Crowd`: the bytes of every archive that was acknowledged, a history of who saw
what when, and whatever an answer said that cannot be.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coldframe.errors import (
    DamagedArchive,
    InvalidParameterValue,
    ResourceNotFound,
    ServiceUnavailable,
    StoreUnreachable,
)
from coldframe.model import MIB, ArchiveRetrieval, ByteRange, InventoryRetrieval
from coldframe.testing.bodies import BytesBody, read_output
from coldframe.tree_hash import tree_hash
from service.history import Did, History

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.ports.admin import GovernedStore
    from coldframe.service import VaultService
    from coldframe.testing.clock import FakeClock

THREADS = 64
LASTING = ("north", "south", "east", "west")
"""Vaults that are never deleted."""
BRIEF = ("spring", "autumn")
"""Vaults that come and go."""
_HOT = 6
"""So many uploads are fought over at any moment."""


@dataclass(frozen=True, slots=True)
class Known:
    """An archive that was acknowledged. One that is `kept` is never deleted on purpose."""

    vault: str
    data: bytes
    is_kept: bool


@dataclass(slots=True)
class Contest:
    """An upload that many complete, abort and send parts of: what each of its ends was answered."""

    vault: str
    upload_id: str
    variants: tuple[bytes, bytes]
    made: set[str] = field(default_factory=set)
    hashes: set[str] = field(default_factory=set)
    aborted: int = 0


class Crowd:
    """What the threads share.

    Args:
        store: What they use: the service, or a client of it.
        seed: Which random things they do.
    """

    def __init__(self, store: GovernedStore, seed: int) -> None:
        self.store = store
        self.seed = seed
        self.history = History()
        self.known: dict[str, Known] = {}
        self.contests: list[Contest] = []
        self.faults: list[str] = []
        self.done: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, what: str) -> None:
        """Something was done once more."""
        with self._lock:
            self.done[what] += 1

    def note(self, archive_id: str, known: Known) -> None:
        """An archive was acknowledged."""
        with self._lock:
            self.known.setdefault(archive_id, known)

    def enter(self, contest: Contest) -> None:
        """One more upload to fight over."""
        with self._lock:
            self.contests.append(contest)

    def archives(self) -> list[tuple[str, Known]]:
        """All archives that were acknowledged so far."""
        with self._lock:
            return list(self.known.items())

    def end(self, contest: Contest, *, made: str | None, digest: str = "") -> None:
        """A completion, or without `made` an abortion, was acknowledged."""
        with self._lock:
            if made is None:
                contest.aborted += 1
            else:
                contest.made.add(made)
                contest.hashes.add(digest)
            if len(contest.made) > 1 or len(contest.hashes) > 1 or (contest.made and contest.aborted):
                self.faults.append(f"an upload ended twice: {contest.made} {contest.hashes} {contest.aborted}")

    def run(self, steps: int, *, service: VaultService, clock: FakeClock) -> None:
        """Let all threads do so many things each, while another one sweeps, and days go by."""
        for vault in (*LASTING, *BRIEF):
            self.store.create_vault(vault)
        stop = threading.Event()
        barrier = threading.Barrier(THREADS + 1)
        with ThreadPoolExecutor(THREADS + 1) as pool:
            sweeping = pool.submit(self._sweep, barrier, stop, (service, clock))
            members = [pool.submit(Member(self, number).act, barrier, steps) for number in range(THREADS)]
            try:
                for member in members:
                    member.result()
            finally:
                stop.set()
            sweeping.result()

    def _sweep(self, barrier: threading.Barrier, stop: threading.Event, what: tuple[VaultService, FakeClock]) -> None:
        """Sweep without a pause; most times a quarter of an hour later than before, sometimes days."""
        service, clock = what
        barrier.wait()
        rounds = 0
        while not stop.is_set():
            rounds += 1
            clock.advance(hours=49 if rounds % 5 == 0 else 0.25)
            service.sweep()
            self.count("sweeps")


class Member:
    """One thread of the crowd."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        self._crowd = crowd
        self._store = crowd.store
        self._rng = random.Random(f"{crowd.seed} {number}")
        self._number = number
        self._tag: str | None = None
        acts: list[tuple[int, Callable[[], None]]] = [
            (5, self._upload),
            (2, self._open),
            (8, self._fight),
            (3, self._delete),
            (4, self._retrieve),
            (1, self._list),
            (2, self._make_or_drop_vault),
            (2, self._tag_vault),
            (1, self._set_policy),
        ]
        self._acts = [act for weight, act in acts for _ in range(weight)]

    def act(self, barrier: threading.Barrier, steps: int) -> None:
        """Do so many things. Days go by, so what was begun may be over, and bytes on their way swept: that is told."""
        barrier.wait()
        for _ in range(steps):
            self.act_once()

    def act_once(self) -> None:
        """Do one thing.

        Raises:
            StoreUnreachable: The store is gone, and whether it did what it was asked is not known.
        """
        act = self._rng.choice(self._acts)
        try:
            act()
        except StoreUnreachable:
            raise
        except ServiceUnavailable:
            self._crowd.count("refusals")
        except DamagedArchive as error:
            self._crowd.faults.append(str(error))
        self._crowd.count(act.__name__.strip("_"))

    # --- archives -----------------------------------------------------------------------------------------------------

    def _upload(self) -> None:
        vault = self._rng.choice(LASTING + BRIEF)
        data = self._rng.randbytes(self._rng.randrange(1, 3000))
        try:
            receipt, *ticks = self._crowd.history.timed(lambda: self._store.upload_archive(vault, BytesBody(data)))
        except ResourceNotFound:
            self._blame(vault, "a vault that is never deleted was not found")
            return
        self._crowd.note(receipt.archive_id, Known(vault, data, is_kept=vault in LASTING and len(data) % 3 == 0))
        self._crowd.history.add(receipt.archive_id, Did.UPLOADED, *ticks)

    def _delete(self) -> None:
        archive_id, known = self._pick()
        if not archive_id or known.is_kept:
            return
        begun = self._crowd.history.tick()
        try:
            self._store.delete_archive(known.vault, archive_id)
        except ServiceUnavailable:
            self._crowd.history.add(archive_id, Did.DELETED, begun, None)
            raise
        except (ResourceNotFound, InvalidParameterValue):
            self._blame(known.vault, "a vault that is never deleted did not know its archive")
            return  # the vault was deleted after all that was in it, and perhaps made anew
        self._crowd.history.add(archive_id, Did.DELETED, begun, self._crowd.history.tick())

    def _retrieve(self) -> None:
        archive_id, known = self._pick()
        if not archive_id:
            return
        begun = self._crowd.history.tick()
        try:
            job_id = self._store.initiate_job(known.vault, ArchiveRetrieval(archive_id))
        except ResourceNotFound:
            self._crowd.history.add(archive_id, Did.MISSED, begun, self._crowd.history.tick())
            return
        self._crowd.history.add(archive_id, Did.SAW, begun, self._crowd.history.tick())
        span = ByteRange(0, len(known.data)) if self._rng.random() < 0.5 else ByteRange(len(known.data) // 2, 1 << 40)
        with suppress(ResourceNotFound):  # a day went by, or the vault did: a job outlives its archive, not its vault
            found = read_output(self._store, known.vault, job_id, span)
            if found != known.data[span.start : span.end]:
                self._crowd.faults.append(f"{archive_id} holds other bytes")

    def _list(self) -> None:
        """An inventory shows the vault as it was at one moment of the request for it (reliability R8)."""
        vault, history = self._rng.choice(LASTING), self._crowd.history
        job_id, *ticks = history.timed(lambda: self._store.initiate_job(vault, InventoryRetrieval()))
        try:
            listed = json.loads(read_output(self._store, vault, job_id))["ArchiveList"]
        except ResourceNotFound:
            return
        found = {item["ArchiveId"]: item for item in listed}
        if len(found) != len(listed):
            self._crowd.faults.append("an inventory lists an archive twice")
        for archive_id in history.uploaded_before(ticks[0]):
            known = self._crowd.known[archive_id]
            if known.vault == vault and archive_id not in found:
                history.add(archive_id, Did.MISSED, *ticks)
        for archive_id, item in found.items():
            history.add(archive_id, Did.SAW, *ticks)
            known_or_none = self._crowd.known.get(archive_id)
            if known_or_none is not None and item["SHA256TreeHash"] != tree_hash(known_or_none.data):
                self._crowd.faults.append(f"an inventory has another tree hash for {archive_id}")

    # --- uploads in parts ---------------------------------------------------------------------------------------------

    def _open(self) -> None:
        vault = self._rng.choice(LASTING)
        first = self._rng.randbytes(MIB) if self._rng.random() < 0.1 else b""
        one, other = (first + self._rng.randbytes(self._rng.randrange(1, 2000)) for _ in range(2))
        contest = Contest(vault, self._store.initiate_multipart_upload(vault, part_size=MIB), (one, other))
        with suppress(ResourceNotFound):
            if first:
                self._store.upload_multipart_part(vault, contest.upload_id, BytesBody(first), start=0)
            self._send_last(contest, one)
            self._crowd.enter(contest)

    def _fight(self) -> None:
        if not self._crowd.contests:
            return
        contest = self._rng.choice(self._crowd.contests[-_HOT:])
        data = self._rng.choice(contest.variants)
        act = self._rng.choice([self._complete, self._complete, self._complete, self._send_last, self._abort])
        with suppress(ResourceNotFound):  # it has ended
            act(contest, data)

    def _send_last(self, contest: Contest, data: bytes) -> None:
        start = len(data) // MIB * MIB
        body = BytesBody(data[start:])
        if self._store.upload_multipart_part(contest.vault, contest.upload_id, body, start=start) != tree_hash(
            data[start:]
        ):
            self._crowd.faults.append("a part was confirmed with another tree hash")

    def _complete(self, contest: Contest, data: bytes) -> None:
        digest = tree_hash(data)
        begun = self._crowd.history.tick()
        with suppress(InvalidParameterValue):  # the parts of the other variant are there
            receipt = self._store.complete_multipart_upload(
                contest.vault, contest.upload_id, archive_size=len(data), tree_hash=digest
            )
            self._crowd.note(receipt.archive_id, Known(contest.vault, data, is_kept=len(data) % 3 == 0))
            self._crowd.end(contest, made=receipt.archive_id, digest=digest)
            self._crowd.history.add(receipt.archive_id, Did.UPLOADED, begun, self._crowd.history.tick())
            self._crowd.count("completions")

    def _abort(self, contest: Contest, _data: bytes) -> None:
        self._store.abort_multipart_upload(contest.vault, contest.upload_id)
        self._crowd.end(contest, made=None)
        self._crowd.count("abortions")

    # --- vaults -------------------------------------------------------------------------------------------------------

    def _make_or_drop_vault(self) -> None:
        """An empty vault may go; one that is not stays, with all that is in it (reliability R6)."""
        vault = self._rng.choice(BRIEF)
        if self._rng.random() < 0.5:
            self._store.create_vault(vault)
            return
        with suppress(InvalidParameterValue):
            self._store.delete_vault(vault)
            self._crowd.count("deleted vaults")

    def _tag_vault(self) -> None:
        """A tag of one's own is as one left it."""
        vault, key = LASTING[self._number % len(LASTING)], f"member-{self._number % THREADS}"
        if self._tag is not None and self._rng.random() < 0.3:
            self._store.remove_tags_from_vault(vault, [key])
            self._tag = None
        else:
            self._tag = str(self._rng.random())
            self._store.add_tags_to_vault(vault, {key: self._tag})
        found = self._store.list_tags_for_vault(vault).get(key)
        if found != self._tag:
            self._crowd.faults.append(f"the tag {key} is {found}, not {self._tag}")

    def _set_policy(self) -> None:
        """Of policies that are set at once, one is there whole."""
        vault = self._rng.choice(LASTING)
        self._store.set_vault_access_policy(vault, _policy(self._store.describe_vault(vault).vault_arn, self._number))
        found = json.loads(self._store.get_vault_access_policy(vault))
        if found["Id"] != found["Statement"][0]["Sid"]:
            self._crowd.faults.append("an access policy of two")

    # ------------------------------------------------------------------------------------------------------------------

    def _pick(self) -> tuple[str, Known]:
        """An archive that was acknowledged, dead or alive."""
        archives = self._crowd.archives()
        return self._rng.choice(archives) if archives else ("", Known("", b"", is_kept=True))

    def _blame(self, vault: str, message: str) -> None:
        if vault in LASTING:
            self._crowd.faults.append(message)


def _policy(vault_arn: str, number: int) -> str:
    name = f"Member{number}"
    statement = {
        "Sid": name,
        "Effect": "Deny",
        "Principal": {"AWS": "111111111111"},
        "Action": "glacier:DeleteArchive",
        "Resource": vault_arn,
    }
    return json.dumps({"Version": "2012-10-17", "Id": name, "Statement": [statement]})
