"""One bundle from its folder to its results, through as many tries as it takes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coldframe import names
from coldframe.archiver.bundle_entries import other_result
from coldframe.archiver.bundle_try import BundleTry
from coldframe.archiver.crew import Next
from coldframe.archiver.members import list_bundle
from coldframe.archiver.opening import SourceUnreadable
from coldframe.archiver.run import TRIES
from coldframe.archiver.scan import LeftOut, Unreadable
from coldframe.catalog.model import Kind
from coldframe.errors import SourceChanged
from coldframe.progress import Finished, Outcome, Planned

if TYPE_CHECKING:
    from coldframe.archiver.members import Bundle
    from coldframe.archiver.request import FileResult
    from coldframe.archiver.run import Run
    from coldframe.archiver.scan import FoundBundle
    from coldframe.errors import ColdframeError

_SLOTS = "bundles"
_MOST_BUNDLES = 3


class BundleWork:
    """One bundle on its way. Only three are at a time, since their parts wait in memory; others wait for their turn.

    Args:
        run: What all work shares.
        found: The folder.
    """

    def __init__(self, run: Run, found: FoundBundle) -> None:
        """Nothing is listed yet."""
        self._run = run
        self._found = found
        self._tries = 0
        self._lost: dict[str, Unreadable] = {}
        self._bundle: Bundle | None = None
        self._try: BundleTry | None = None

    def start(self) -> Next:
        """The first step: wait for a turn, then list the folder and go on from there."""
        if not self._run.claims.take(_SLOTS, self.start, limit=_MOST_BUNDLES):
            return Next()
        return self._begin()

    def _begin(self) -> Next:
        bundle = list_bundle(self._found, self._run.rules, unreadable=self._lost)
        if self._bundle is None:
            self._run.observer(Planned(1, bundle.size))
        self._bundle = bundle
        if not bundle.members:
            return self._end(*self._nothing(bundle))
        self._try = BundleTry(self._run, bundle, on_end=self._end, on_trouble=self._again)
        return self._try.start()

    def _nothing(self, bundle: Bundle) -> list[FileResult]:
        is_told = self._lost or any(isinstance(item, Unreadable) for item in bundle.others)
        if self._run.rules.include or is_told:
            return []
        empty = LeftOut(self._found.folder.path, self._found.folder.location, "a folder with nothing to zip")
        return [other_result(empty, Kind.BUNDLE)]

    def _again(self, error: ColdframeError) -> Next:
        """Begin anew without a member that cannot be read, or with one that has changed, unless tried often enough."""
        bundle_try = self._try
        if bundle_try is None:
            raise error
        bundle_try.drop()
        if isinstance(error, SourceUnreadable) and error.location not in self._lost:
            self._lost[error.location] = self._lose(error)
            return Next(steps=[self._begin])
        self._tries += 1
        if isinstance(error, SourceChanged) and self._tries < TRIES:
            return Next(steps=[self._begin])
        return self._end(bundle_try.result(Outcome.FAILED, detail=str(error)))

    def _lose(self, error: SourceUnreadable) -> Unreadable:
        inside = error.location[len(self._found.folder.location) :]
        path = names.write_path(names.read_path(self._found.folder.path) + inside)
        return Unreadable(path, error.location, f"{error}; it is not in the zip")

    def _end(self, *results: FileResult) -> Next:
        others = [*(self._bundle.others if self._bundle is not None else ()), *self._lost.values()]
        ruled = [replace(result, rule=self._found.rule) if result.kind is Kind.BUNDLE else result for result in results]
        ended = [*ruled, *(other_result(item, Kind.MEMBER) for item in others)]
        for result in ended:
            self._run.observer(Finished(result.path, result.size, result.outcome, result.detail))
        return Next(ended, self._run.claims.release(_SLOTS, wake=1))
