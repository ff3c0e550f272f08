"""The threads of a run, and what passes between them: steps in, results and further steps out.

What a step wants recorded is recorded by one thread for all: whatever has come together while the last records were
made durable goes into the next transaction. So a commit is shared by as many files as were sent meanwhile, no thread
that could send waits for one, and a file's result is handed on only after the commit that holds it.
"""

from __future__ import annotations

from collections import defaultdict, deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING

from coldframe.archiver.request import FileResult
from coldframe.archiver.stopping import Stopped
from coldframe.errors import ColdframeError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

    from coldframe.archiver.stopping import Stop
    from coldframe.catalog.recording import Recording

    Record = Callable[[Sequence[Recording]], Sequence[Exception | None]]

_LISTEN_SECONDS = 0.5
"""How long the main thread waits at most before it hears a signal again (Windows: a wait cannot be interrupted)."""

_MOST_WAITING = 1000


_MOST_UNRECORDED = 500
"""While so many archives wait to be recorded, no new work is begun."""


@dataclass(frozen=True, slots=True)
class Next:
    """What came out of a step: results to hand on, and steps that are possible now, made when they are asked for.

    `record`, if given, must be durable first; what comes of that, `recorded` tells then. `others` are what came out of
    other work that the same step did.
    """

    results: Sequence[FileResult] = ()
    steps: Iterable[Callable[[], Next]] = ()
    record: Recording | None = None
    recorded: Callable[[], Next] | None = None
    others: Sequence[Next] = ()

    def flat(self) -> Iterator[Next]:
        """It, and each of the others."""
        yield self
        for other in self.others:
            yield from other.flat()


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What was recorded in one transaction, and for each why not, if it was not."""

    batch: Sequence[Next]
    refusals: Sequence[BaseException | None]


class Claims:
    """Who works on what, so that nothing is done twice at once: a step that finds its claim taken waits for it."""

    def __init__(self) -> None:
        """Nothing is claimed."""
        self._lock = Lock()
        self._held: defaultdict[Hashable, int] = defaultdict(int)
        self._waiting: defaultdict[Hashable, deque[Callable[[], Next]]] = defaultdict(deque)
        self._waiting_count = 0

    def take(self, key: Hashable, step: Callable[[], Next], *, limit: int = 1) -> bool:
        """Claim `key`, which at most `limit` may hold. If that many do, `step` is kept for when it is released."""
        with self._lock:
            if self._held[key] < limit:
                self._held[key] += 1
                return True
            self._waiting[key].append(step)
            self._waiting_count += 1
            return False

    def release(self, key: Hashable, *, wake: int = _MOST_WAITING) -> list[Callable[[], Next]]:
        """Give a claim back; answers the steps that waited for it, at most `wake` of them."""
        with self._lock:
            self._held[key] -= 1
            if not self._held[key]:
                del self._held[key]
            waiting = self._waiting[key]
            steps = [waiting.popleft() for _ in range(min(wake, len(waiting)))]
            if not waiting:
                del self._waiting[key]
            self._waiting_count -= len(steps)
            return steps

    @property
    def are_crowded(self) -> bool:
        """Whether so many steps wait that no new work should be begun."""
        return self._waiting_count >= _MOST_WAITING


class Crew:
    """Carries out steps on a few threads and hands on their results as they come.

    Steps that a step has made possible come before new work, so files that were begun are finished first and few are
    open at any moment. No more steps are taken than there are threads to begin them soon.

    Args:
        jobs: How many threads.
        claims: Tell when to take no new work.
        stop: Tells when to take no further steps at all.
        record: Makes records durable together; answers for each why it was refused, or None.
    """

    def __init__(self, jobs: int, *, claims: Claims, stop: Stop, record: Record) -> None:
        """No thread runs yet."""
        self._jobs = jobs
        self._record = record
        self._unrecorded: list[Next] = []
        self._is_recording = False
        self._claims = claims
        self._stop = stop
        self._done: SimpleQueue[Next | _Recorded | BaseException] = SimpleQueue()
        self._ready: list[Iterator[Callable[[], Next]]] = []
        self._running = 0
        self._error: BaseException | None = None

    def carry_out(self, work: Iterator[Callable[[], Next] | FileResult]) -> Iterator[FileResult]:
        """Carry out `work` and all that follows from it.

        Raises:
            ColdframeError: What no file alone is to blame for. What was under way is ended first.
        """
        try:
            with (
                ThreadPoolExecutor(1, thread_name_prefix="recorder") as recorder,
                ThreadPoolExecutor(self._jobs, thread_name_prefix="archiver") as pool,
            ):
                try:
                    yield from self._loop(work, pool, recorder)
                finally:
                    if self._running:
                        self._stop.ask_at_once()
        finally:
            self._record_rest()
        if self._error is not None:
            raise self._error

    def _loop(
        self, work: Iterator[Callable[[], Next] | FileResult], pool: ThreadPoolExecutor, recorder: ThreadPoolExecutor
    ) -> Iterator[FileResult]:
        is_more = True
        while is_more or self._running:
            while self._running < self._jobs + 1 and (item := self._take(work)) is not None:
                if isinstance(item, FileResult):
                    yield item
                else:
                    self._running += 1
                    pool.submit(self._carry_out_one, item)
            self._begin_recording(recorder)
            is_more = self._running > 0 or self._is_recording
            if is_more:
                yield from self._hear()

    def _begin_recording(self, recorder: ThreadPoolExecutor) -> None:
        """Record what waits for it, unless that is being done for others: then it waits for the next time."""
        if self._unrecorded and not self._is_recording:
            batch, self._unrecorded = self._unrecorded, []
            self._is_recording = True
            recorder.submit(self._record_batch, batch)

    def _record_batch(self, batch: Sequence[Next]) -> None:
        records = [each.record for each in batch if each.record is not None]
        try:
            self._done.put(_Recorded(batch, self._record(records)))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that iterates
            self._done.put(_Recorded(batch, [error] * len(batch)))

    def _record_rest(self) -> None:
        """Record what was sent when nobody wanted to hear of it any more, so that it is not sent again."""
        while not self._done.empty():
            answer = self._done.get()
            if isinstance(answer, Next):
                self._unrecorded += [each for each in answer.flat() if each.record is not None]
        records = [each.record for each in self._unrecorded if each.record is not None]
        if records:
            with suppress(ColdframeError):
                self._record(records)

    def _take(self, work: Iterator[Callable[[], Next] | FileResult]) -> Callable[[], Next] | FileResult | None:
        """The next step or result; None if there is none now."""
        if self._stop.is_asked or self._error is not None:
            return None
        while self._ready:
            step = next(self._ready[-1], None)
            if step is not None:
                return step
            self._ready.pop()
        is_crowded = self._claims.are_crowded or len(self._unrecorded) >= _MOST_UNRECORDED
        return None if is_crowded else next(work, None)

    def _hear(self) -> Iterator[FileResult]:
        """Wait for one step to end."""
        while True:
            try:
                answer = self._done.get(timeout=_LISTEN_SECONDS)
                break
            except Empty:
                continue
        yield from self._take_in(answer)

    def _take_in(self, answer: Next | _Recorded | BaseException) -> Iterator[FileResult]:
        if isinstance(answer, _Recorded):
            self._is_recording = False
            for each, refusal in zip(answer.batch, answer.refusals, strict=True):
                if refusal is not None:
                    self._error = self._error or refusal
                elif each.recorded is not None:
                    yield from self._hand_on(each.recorded())
            return
        self._running -= 1
        if isinstance(answer, Next):
            yield from self._hand_on(answer)
        elif not isinstance(answer, Stopped) and self._error is None:
            self._error = answer

    def _hand_on(self, answer: Next) -> Iterator[FileResult]:
        for each in answer.flat():
            if each.record is not None:
                self._unrecorded.append(each)
            if each.steps:
                self._ready.append(iter(each.steps))
            yield from each.results

    def _carry_out_one(self, step: Callable[[], Next]) -> None:
        try:
            self._done.put(step())
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that iterates
            self._done.put(error)
