"""Which notifier a topic's notices go to, and what a configuration makes of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from coldframe.composition.notifying import open_notifier
from coldframe.errors import BadSettings
from coldframe.notify.routes import Routes
from coldframe.notify.targets import WebHook, parse_target
from coldframe.ports.notices import NoRoute, Notice
from coldframe.settings import Home, Settings, load_settings, with_flags
from coldframe.testing.clock import FakeClock
from notify.receiver import receiving
from notify.world import OWN, VAULTS, Listener

if TYPE_CHECKING:
    from pathlib import Path

_URL = "https://hooks.example.org/T0K3N"


def _notice(topic: str) -> Notice:
    return Notice("an-id", topic, "{}")


def _load(folder: Path, text: str, environ: dict[str, str] | None = None) -> Settings:
    (folder / "config.toml").write_text(text, encoding="utf-8")
    return load_settings(Home(str(folder), str(folder)), environ or {})


def test_topic_with_a_hook_goes_there_and_others_to_sns() -> None:
    """The hook stands in for the topic."""
    hook, sns = Listener(), Listener()
    routes = Routes({OWN: hook}, sns=sns, clock=FakeClock())
    routes.deliver(_notice(OWN))
    routes.deliver(_notice(VAULTS))
    assert (hook.topics, sns.topics) == ([OWN], [VAULTS])


def test_topic_without_a_route_is_told_of_once() -> None:
    """Nothing is configured: each notice is dropped, and the log says so once for each topic, with what to do."""
    lines: list[str] = []
    routes = Routes({}, sns=None, clock=FakeClock(), log=lines.append)
    for topic in (OWN, OWN, VAULTS, OWN):
        with pytest.raises(NoRoute):
            routes.deliver(_notice(topic))
    assert [json.loads(line)["sns_topic"] for line in lines] == [OWN, VAULTS]
    assert "sns_endpoint" in lines[0]


def test_topics_without_a_route_are_remembered_in_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever names ever new topics fills neither memory nor log."""
    monkeypatch.setattr("coldframe.notify.routes._MOST_TOPICS", 3)
    lines: list[str] = []
    routes = Routes({}, sns=None, clock=FakeClock(), log=lines.append)
    for number in range(9):
        with pytest.raises(NoRoute):
            routes.deliver(_notice(f"{OWN}{number}"))
    assert len(lines) == 3


def test_settings_read_web_hooks(tmp_path: Path) -> None:
    """A topic is mapped to a URL, or to a URL and a secret."""
    hooks = f'[webhooks]\n"{OWN}" = "{_URL}"\n"{VAULTS}" = {{ url = "{_URL}", secret = "s" }}\n'
    text = f"webhooks_allow_private = true\n{hooks}"
    settings = _load(tmp_path, text)
    assert settings.webhooks == {OWN: WebHook(parse_target(_URL)), VAULTS: WebHook(parse_target(_URL), "s")}
    assert settings.webhooks_allow_private is True
    assert "T0K3N" not in repr(settings)


@pytest.mark.parametrize(
    ("value", "endpoint"),
    [("amazon", "amazon"), ("Amazon", "amazon"), ("http://127.0.0.1:4566", "http://127.0.0.1:4566")],
)
def test_settings_read_the_sns_endpoint(tmp_path: Path, value: str, endpoint: str) -> None:
    """Amazon's own, or a URL; from file, environment or flag."""
    assert _load(tmp_path, f'sns_endpoint = "{value}"\n').sns_endpoint == endpoint
    assert _load(tmp_path, "", {"COLDFRAME_SNS_ENDPOINT": value}).sns_endpoint == endpoint
    assert with_flags(Settings(), sns_endpoint=value).sns_endpoint == value


@pytest.mark.parametrize(
    "text",
    [
        'sns_endpoint = "sns.us-east-1"\n',
        'sns_endpoint = "ftp://127.0.0.1"\n',
        "sns_endpoint = true\n",
        f'webhooks = "{_URL}"\n',
        f'[webhooks]\n"my topic" = "{_URL}"\n',
        f'[webhooks]\n"arn:aws:sqs:us-east-1:123456789012:q" = "{_URL}"\n',
        f'[webhooks]\n"{OWN}" = "file:///T0K3N"\n',
        f'[webhooks]\n"{OWN}" = 5\n',
        f'[webhooks]\n"{OWN}" = {{ secret = "s" }}\n',
        f'[webhooks]\n"{OWN}" = {{ url = "{_URL}", secret = "" }}\n',
        f'[webhooks]\n"{OWN}" = {{ url = "{_URL}", password = "s" }}\n',
        'webhooks_allow_private = "perhaps"\n',
    ],
)
def test_settings_refuse_what_is_no_target(tmp_path: Path, text: str) -> None:
    """The message names the line, and not the URL: that may hold a secret."""
    with pytest.raises(BadSettings, match=r"line 1: (sns_endpoint|webhooks)") as caught:
        _load(tmp_path, text)
    assert "T0K3N" not in str(caught.value)


def test_configured_hook_receives_if_private_is_allowed() -> None:
    """The settings' own notifier posts to a machine of the network, only where that is allowed."""
    with receiving() as receiver:
        hooks = {OWN: WebHook(parse_target(f"http://127.0.0.1:{receiver.port}/"))}
        with pytest.raises(BadSettings, match=r"webhooks_allow_private"):
            open_notifier(Settings(webhooks=hooks))
        assert receiver.received == []
        open_notifier(Settings(webhooks=hooks, webhooks_allow_private=True)).deliver(_notice(OWN))
        assert len(receiver.received) == 1


def test_nothing_configured_drops_everything(caplog: pytest.LogCaptureFixture) -> None:
    """Notifications are off unless somebody turned them on."""
    with pytest.raises(NoRoute):
        open_notifier(Settings()).deliver(_notice(OWN))
    assert "dropped" in caplog.text
