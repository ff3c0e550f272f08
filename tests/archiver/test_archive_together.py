"""Small files go to the store together; what becomes of each is its own."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from archiver.conftest import VAULT
from coldframe.archiver import together
from coldframe.errors import InvalidParameterValue, ServiceUnavailable, StoreError
from coldframe.model import MIB
from coldframe.progress import Event, Outcome, Planned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archiver.conftest import World
    from coldframe.model import Receipt
    from coldframe.ports import Upload

_COUNT = 100


class Groups:
    """A store that takes archives together, and remembers how many there were each time."""

    def __init__(self, inner: Any, *, keeps: bool = True, error: StoreError | None = None, lies: bool = False) -> None:
        """Keep what comes if `keeps`; then answer, or raise `error`; a lie is another tree hash for each second one."""
        self.sizes: list[int] = []
        self.singles = 0
        self._inner, self._keeps, self._error, self._lies = inner, keeps, error, lies

    def __getattr__(self, name: str) -> Any:
        """The inner one's attribute."""
        return getattr(self._inner, name)

    def upload_archive(self, *args: Any, **kwargs: Any) -> Receipt:
        """Count it."""
        self.singles += 1
        receipt: Receipt = self._inner.upload_archive(*args, **kwargs)
        return receipt

    def upload_archives(self, vault_name: str, uploads: Sequence[Upload]) -> Sequence[Receipt]:
        """Keep, answer, raise or lie."""
        self.sizes.append(len(uploads))
        receipts = self._inner.upload_archives(vault_name, uploads) if self._keeps else []
        if self._error is not None:
            raise self._error
        if self._lies:
            return [replace(one, tree_hash="0" * 64) if at % 2 else one for at, one in enumerate(receipts)]
        return list(receipts)


def _fill(world: World) -> None:
    for number in range(_COUNT):
        world.write(f"{number:03}", b"%d" % number)


def _require_all(world: World, results: dict[str, Any]) -> None:
    """Each file once in the vault and in the catalog, with its own bytes."""
    assert {result.outcome for result in results.values()} == {Outcome.ARCHIVED}
    assert len(results) == world.count_archives() == world.count_entries() == _COUNT
    for path, result in results.items():
        assert world.fetch(result.archive_id) == b"%d" % int(path)
    assert world.catalog.attempts(world.store.identity, VAULT) == []


def test_small_files_go_together(world: World) -> None:
    """Far fewer acts than files; the next run sends nothing."""
    _fill(world)
    store = Groups(world.store)
    _require_all(world, replace(world, store=store).run())
    assert sum(store.sizes) + store.singles == _COUNT
    assert len(store.sizes) <= _COUNT // together.MOST_FILES + 1
    assert {result.outcome for result in world.run().values()} == {Outcome.UNCHANGED}


@pytest.mark.parametrize("keeps", [False, True], ids=["kept none", "kept all"])
@pytest.mark.parametrize("error", [ServiceUnavailable("no"), InvalidParameterValue("no")], ids=["503", "400"])
def test_after_an_error_each_is_looked_for_and_sent_by_itself(world: World, error: StoreError, *, keeps: bool) -> None:
    """Whether the store kept them before it failed or not, each is there once."""
    _fill(world)
    store = Groups(world.store, keeps=keeps, error=error)
    _require_all(world, replace(world, store=store).run())
    assert store.singles == (0 if keeps else _COUNT)


def test_a_tree_hash_that_is_not_ours_is_sent_again(world: World) -> None:
    """Those alone; their first archives are deleted again."""
    _fill(world)
    store = Groups(world.store, lies=True)
    _require_all(world, replace(world, store=store).run())
    assert store.singles == sum(size // 2 for size in store.sizes)


def test_a_store_that_breaks_ends_the_run_and_what_was_sent_counts(world: World) -> None:
    """The next run sends the rest, and nothing twice."""

    class Breaking(Groups):
        def upload_archive(self, *args: Any, **kwargs: Any) -> Receipt:
            if self.singles >= 10:
                raise StoreError("the disk is gone")
            return super().upload_archive(*args, **kwargs)

    _fill(world)
    broken = replace(world, store=Breaking(world.store, keeps=False, error=ServiceUnavailable("no")))
    with pytest.raises(StoreError, match="the disk is gone"):
        list(broken.archiver(jobs=1).archive(broken.request()))
    results = list(world.archiver().archive(world.request()))
    assert len(results) == _COUNT
    assert world.count_archives() == world.count_entries() == _COUNT
    assert world.catalog.attempts(world.store.identity, VAULT) == []


def test_files_in_a_group_end_each_in_its_own_way(world: World) -> None:
    """New, same as another, gone, empty, known: one group, five ways."""
    world.write("known", b"known")
    world.run()
    for path, data in {"new": b"new", "twin 1": b"twin", "twin 2": b"twin", "empty": b""}.items():
        world.write(path, data)
    gone = world.write("gone", b"gone")

    class Removing(list[Event]):
        """Removes a file once it has been found."""

        def append(self, event: Event, /) -> None:
            if isinstance(event, Planned):
                os.rename(gone, f"{world.top}/elsewhere")

    results = replace(world, store=Groups(world.store), events=Removing()).run()
    outcomes = {path: result.outcome for path, result in results.items()}
    assert outcomes.pop("gone") is Outcome.FAILED
    assert sorted((outcomes.pop("twin 1"), outcomes.pop("twin 2"))) == [Outcome.ARCHIVED, Outcome.RECORDED]
    assert outcomes == {"known": Outcome.UNCHANGED, "new": Outcome.ARCHIVED, "empty": Outcome.ARCHIVED}
    assert world.count_archives() == 4
    assert world.catalog.attempts(world.store.identity, VAULT) == []


@pytest.mark.parametrize("kind", ["large", "limited", "another store"])
def test_what_gains_nothing_goes_alone(world: World, kind: str) -> None:
    """Larger files, files under a rate limit, and stores that take archives one by one."""
    size = together.LARGEST + 1 if kind == "large" else 5
    for number in range(4):
        world.write(f"{number}", b"%d" % number * size)
    store = Groups(world.store)

    class Passing:
        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

    here = replace(world, store=Passing() if kind == "another store" else store)
    rate = 100 * MIB if kind == "limited" else None
    results = here.by_path(here.archiver(limit_rate=rate).archive(here.request()))
    assert {result.outcome for result in results.values()} == {Outcome.ARCHIVED}
    assert (store.sizes, store.singles) == ([], 4)
