"""Hooks: whoever wants to hear that an order is done or needs attention hears it, and no order hangs on that."""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from agents.world import World
from cli.conftest import cli, home, subs  # noqa: F401 - fixtures
from coldframe.catalog.news import OrderNews
from coldframe.catalog.order_model import OrderState
from coldframe.composition.ordering import Watch
from coldframe.composition.telling import MOST_TRIES, Teller
from coldframe.errors import DestinationUnavailable
from coldframe.notify.hearers import AppriseHearer, NotTold
from coldframe.notify.order_hooks import Hooks
from coldframe.progress import Noted
from coldframe.settings import parse_hooks
from notify.receiver import receiving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ran
    from coldframe.progress import Event

_HOOK = """
import json, os, sys
facts = json.load(sys.stdin)
facts["variables"] = {k: v for k, v in os.environ.items() if k.startswith("COLDFRAME_ORDER_")}
facts["arguments"] = sys.argv[2:]
with open(sys.argv[1], "a") as file:
    file.write(json.dumps(facts) + "\\n")
"""


def _hook(tmp_path: Path, *, ending: str = "", arguments: tuple[str, ...] = ()) -> tuple[str, ...]:
    """A program that notes what it is told, and then ends as `ending` has it."""
    return (sys.executable, "-c", f"{_HOOK}\n{ending}", str(tmp_path / "heard"), *arguments)


def _heard(tmp_path: Path) -> list[dict[str, Any]]:
    path = tmp_path / "heard"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


class _Told(list[str]):
    """Keeps what is noted."""

    def __call__(self, event: Event) -> None:
        self.extend([event.text] if isinstance(event, Noted) else [])


def _watched(world: World, told: _Told | None = None) -> None:
    list(Watch(world.coldframe, observer=told if told is not None else _Told()).carry_on(wait=False))


def test_hook_hears_of_an_order_that_is_done(tmp_path: Path) -> None:
    """Once, with the facts on its standard input and in its environment; its words reach it as they are."""
    words = ("$HOME; echo", "a b", "")
    world = World(tmp_path, hooks=Hooks(on_done=_hook(tmp_path, arguments=words), on_attention=("false",)))
    number = world.order()
    for _ in range(2):
        _watched(world)
    (facts,) = _heard(tmp_path)
    assert (facts["event"], facts["order_number"], facts["state"]) == ("done", number, "done")
    assert (facts["files"], facts["placed_files"], facts["failed_files"], facts["placed_size"]) == (1, 1, 0, 5)
    assert facts["arguments"] == list(words)
    assert facts["variables"]["COLDFRAME_ORDER_NUMBER"] == str(number)
    assert facts["variables"]["COLDFRAME_ORDER_EVENT"] == "done"
    world.coldframe.close()


def test_hook_hears_of_an_order_that_is_incomplete(tmp_path: Path) -> None:
    """That needs attention, and says where to look."""
    world = World(tmp_path, hooks=Hooks(on_attention=_hook(tmp_path), on_done=("false",)))
    world.order()
    (vault,) = {entry.archive.vault_name for entry in world.coldframe.catalog.select(world.everything())}
    for entry in world.coldframe.catalog.select(world.everything()):
        world.coldframe.store.delete_archive(vault, entry.archive.archive_id)
    _watched(world)
    (facts,) = _heard(tmp_path)
    assert (facts["event"], facts["kind"], facts["state"], facts["failed_files"]) == (
        "attention",
        "incomplete",
        "incomplete",
        1,
    )
    assert "orders show 1" in facts["text"]
    world.coldframe.close()


def test_order_that_waits_for_somebody_is_told_once_a_day(tmp_path: Path) -> None:
    """Not with each round; and when it is mended, the end of the order is told."""
    hook = _hook(tmp_path)
    world = World(tmp_path, hooks=Hooks(on_done=hook, on_attention=hook))
    world.order()
    (back,) = tmp_path.glob("back*")
    back.rmdir()
    for hours in (0, 1, 22, 2, 1):
        world.clock.advance(hours=hours)
        with pytest.raises(DestinationUnavailable):
            _watched(world)
    assert [facts["kind"] for facts in _heard(tmp_path)] == ["DestinationUnavailable"] * 2
    back.mkdir()
    _watched(world)
    assert [facts["event"] for facts in _heard(tmp_path)] == ["attention", "attention", "done"]
    world.coldframe.close()


def test_hook_that_fails_is_tried_again_and_given_up(tmp_path: Path) -> None:
    """With growing pauses, so many times, in whatever process; its last line is told, and the order is done."""
    world = World(tmp_path, hooks=Hooks(on_done=_hook(tmp_path, ending="sys.exit('no network')")))
    number, told = world.order(), _Told()
    _watched(world, told)
    assert world.coldframe.orders.order(number).state is OrderState.DONE
    for _ in range(5):
        Teller(world.coldframe, observer=told).deliver()  # at once: nothing is due
    assert len(_heard(tmp_path)) == 1
    assert "no network" in told[0]
    assert "tried again later" in told[0]
    for _ in range(30):
        world.clock.advance(hours=1.1)
        Teller(world.coldframe, observer=told).deliver()
    assert [facts["tries"] for facts in _heard(tmp_path)] == list(range(1, MOST_TRIES + 1))
    assert len({facts["news_id"] for facts in _heard(tmp_path)}) == 1
    assert "given up after many tries" in told[-1]
    world.coldframe.close()


def test_news_outlives_a_process_that_dies_while_it_tells(tmp_path: Path) -> None:
    """Claimed and not told, it is due again; claimed again and again, it is given up: neither lost nor for ever."""
    world = World(tmp_path, hooks=Hooks(on_done=_hook(tmp_path)))
    world.order()
    list(world.coldframe.retriever().watch(wait=False))  # closed; and now a process claims it and dies
    news = OrderNews(world.coldframe.catalog.database)
    assert news.claim(world.clock.now(), lease_seconds=120) is not None
    Teller(world.coldframe).deliver()
    assert _heard(tmp_path) == []
    world.clock.advance(121)
    Teller(world.coldframe).deliver()
    assert [facts["tries"] for facts in _heard(tmp_path)] == [2]
    world.coldframe.close()


def test_hook_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    """Its time is up, the failure is told, the order is done."""
    ending = "import subprocess, time\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'])\n"
    hook = _hook(tmp_path, ending=f"{ending}time.sleep(99)")
    world, told = World(tmp_path, hooks=Hooks(on_done=hook, timeout_seconds=1.0)), _Told()
    number = world.order()
    _watched(world, told)
    assert "not done after 1 seconds" in told[0]
    assert world.coldframe.orders.order(number).state is OrderState.DONE
    world.coldframe.close()


def test_hook_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With its name."""
    world, told = World(tmp_path, hooks=Hooks(on_done=("no-such-program",))), _Told()
    world.order()
    _watched(world, told)
    assert "the hook no-such-program cannot be run" in told[0]
    world.coldframe.close()


def test_hook_need_not_read(tmp_path: Path) -> None:
    """A program that ignores its standard input, and prints much, is as good as any."""
    command = (sys.executable, "-c", "print('x' * 1_000_000)")
    world, told = World(tmp_path, hooks=Hooks(on_done=command)), _Told()
    world.order()
    _watched(world, told)
    assert told == []
    world.coldframe.close()


def test_news_of_before_is_no_news_to_a_hook_of_today(tmp_path: Path) -> None:
    """Whoever configures a hook is not told of all orders that ever were."""
    world = World(tmp_path)
    world.order()
    _watched(world)
    world.coldframe.settings = World(tmp_path / "x", hooks=Hooks(on_done=_hook(tmp_path))).coldframe.settings
    Teller(world.coldframe).deliver()
    assert _heard(tmp_path) == []
    world.coldframe.close()


# --- apprise ----------------------------------------------------------------------------------------------------------


def test_apprise_reaches_a_server(tmp_path: Path) -> None:
    """Title, words and kind arrive; the URL with its secret stands nowhere."""
    with receiving() as receiver:
        url = f"json://user:hush@127.0.0.1:{receiver.port}/hook"
        world, told = World(tmp_path, hooks=Hooks(notify=(url,))), _Told()
        world.order()
        _watched(world, told)
    (request,) = receiver.received
    body = json.loads(request.body)
    assert body["title"] == "coldframe: order 1 is done"
    assert body["message"].startswith("1 of 1 file, 5 B, in ")
    assert body["type"] == "success"
    assert told == []
    assert "hush" not in repr(world.coldframe.settings)
    world.coldframe.close()


def test_url_that_was_told_is_not_told_again(tmp_path: Path) -> None:
    """Of two, one fails: only that is tried again."""
    with receiving() as good, receiving() as bad:
        bad.answer = b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"
        urls = tuple(f"json://127.0.0.1:{receiver.port}/hush" for receiver in (bad, good))
        world, told = World(tmp_path, hooks=Hooks(notify=urls)), _Told()
        world.order()
        _watched(world, told)
        assert len(told) == 1
        assert "URL number 1 failed" in told[0]
        assert "hush" not in told[0]
        world.clock.advance(hours=1)
        bad.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        Teller(world.coldframe, observer=told).deliver()
        assert (len(good.received), len(bad.received), len(told)) == (1, 2, 1)
    world.coldframe.close()


@pytest.mark.parametrize("url", ["nosuch://hush", "json://", "mailto://hush"])
def test_url_that_apprise_does_not_know_is_told_by_its_number(
    url: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither we nor apprise's own log show it."""
    with caplog.at_level(logging.DEBUG), pytest.raises(NotTold, match="URL number 3") as caught:
        AppriseHearer(url, 3).tell({"event": "done", "title": "t", "text": "x"})
    assert "hush" not in f"{caught.value}{caplog.text}{capfd.readouterr()}"


def test_missing_extra_is_told_with_what_to_do(
    cli: Callable[..., Ran],  # noqa: F811 - the fixture
    subs: Path,  # noqa: F811 - the fixture
    home: Path,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The order is done all the same."""
    (home / "config.toml").write_text('[hooks]\nnotify = ["ntfy://hush"]\n', encoding="utf-8")
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert cli("vault", "create", "astro").code == 0
    assert cli("archive", "Subs", "-v", "astro").code == 0
    ran = cli("retrieve", "Blue", "--into", "back", "--yes")
    assert ran.code == 0
    assert "pip install 'coldframe[apprise]'" in ran.err
    assert "hush" not in ran.out + ran.err
    assert "cannot be told" in cli("watch").err


# --- the configuration ------------------------------------------------------------------------------------------------


def test_hooks_are_read() -> None:
    """Programs, URLs and their time."""
    table = {"on_done": ["a", "b c"], "on_attention": ["d"], "notify": ["ntfy://x"], "timeout": "10s"}
    hooks = parse_hooks(table)
    assert hooks == Hooks(on_done=("a", "b c"), on_attention=("d",), notify=("ntfy://x",), timeout_seconds=10)
    assert parse_hooks({}) == Hooks()


@pytest.mark.parametrize(
    "value",
    [
        "x",
        {"on_don": ["x"]},
        {"on_done": "notify-send hush"},
        {"on_done": [1]},
        {"on_done": [""]},
        {"notify": "ntfy://hush"},
        {"notify": ["hush"]},
        {"timeout": "soon"},
    ],
)
def test_hooks_that_make_no_sense_are_refused(value: object) -> None:
    """And what may be a secret is not shown."""
    with pytest.raises(ValueError, match=r"\w") as caught:
        parse_hooks(value)
    assert "hush" not in str(caught.value)


def test_retrieve_tells_too(
    cli: Callable[..., Ran],  # noqa: F811 - the fixture
    subs: Path,  # noqa: F811 - the fixture
    home: Path,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    """An order is an order, whoever carries it on; by the configuration, as a user has it."""
    hook = json.dumps(list(_hook(tmp_path)))
    (home / "config.toml").write_text(f"[hooks]\non_done = {hook}\n", encoding="utf-8")
    assert cli("vault", "create", "astro").code == 0
    assert cli("archive", "Subs", "-v", "astro").code == 0
    assert cli("retrieve", "Blue", "--into", "back", "--yes").code == 0
    assert [facts["placed_files"] for facts in _heard(tmp_path)] == [3]
    assert not os.path.exists(home / "locks" / "watch.holder.json")
