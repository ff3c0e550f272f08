"""Who hears of finished jobs: notifiers as they are configured, and the thread that delivers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.clock import SystemClock
from coldframe.errors import BadSettings
from coldframe.settings import AMAZON_SNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from coldframe.clock import Clock
    from coldframe.notify.deliverer import Deliverer
    from coldframe.ports import NoticeState
    from coldframe.ports.notices import Notifier
    from coldframe.service import VaultService
    from coldframe.settings import Settings


def open_notifier(settings: Settings, *, clock: Clock | None = None) -> Notifier:
    """What `sns_endpoint`, `webhooks` and `webhooks_allow_private` ask for; without them it drops everything.

    Args:
        settings: The settings.
        clock: Times exchanges with web hooks and dates their signatures.

    Raises:
        BadSettings: A web hook is at an address of this machine or a private network, and that is not allowed.
    """
    from coldframe.notify.hooks import WebHookNotifier  # noqa: PLC0415 - loads where something is served
    from coldframe.notify.network import Network  # noqa: PLC0415 - as above
    from coldframe.notify.routes import Routes  # noqa: PLC0415 - as above
    from coldframe.notify.sns import SnsNotifier, client_opener  # noqa: PLC0415 - as above

    _require_allowed(settings)
    clock = clock or SystemClock()
    network = Network(clock, is_private_allowed=settings.webhooks_allow_private)
    hooks = {topic: WebHookNotifier(hook, network=network, clock=clock) for topic, hook in settings.webhooks.items()}
    endpoint = settings.sns_endpoint
    opener = client_opener(None if endpoint == AMAZON_SNS else endpoint)
    return Routes(hooks, sns=SnsNotifier(opener) if endpoint else None, clock=clock)


def open_deliverer(
    stores: Callable[[], Iterable[VaultService]],
    notifier: Notifier,
    *,
    clock: Clock | None = None,
    count: Callable[[NoticeState], None] = lambda _: None,
    poll_seconds: float = 1.0,
) -> Deliverer:
    """The thread that delivers the notices of all stores; the caller starts and stops it.

    Args:
        stores: Answers the stores, anew each time: accounts come and go. Stopped before they are closed.
        notifier: Delivers; see :func:`open_notifier`.
        clock: Dates what is logged.
        count: Hears how each attempt ended; see `OutboxPorts`.
        poll_seconds: How long it rests when nothing is due.
    """
    from coldframe.notify.deliverer import Deliverer  # noqa: PLC0415 - as above
    from coldframe.service.outbox import OutboxPorts  # noqa: PLC0415 - as above
    from coldframe.wire.encode import job_message  # noqa: PLC0415 - as above

    ports = OutboxPorts(notifier, job_message, count=count)
    return Deliverer(
        lambda: [store.outbox(ports) for store in stores()], clock=clock or SystemClock(), poll_seconds=poll_seconds
    )


def _require_allowed(settings: Settings) -> None:
    """Tell at the start what could only be refused later; where names lead is seen when something is delivered."""
    from coldframe.notify.addresses import is_address, is_public  # noqa: PLC0415 - as above

    for topic, hook in settings.webhooks.items():
        host = hook.target.host
        if is_address(host) and not is_public(host) and not settings.webhooks_allow_private:
            raise BadSettings(
                f"The web hook of {topic} is at {host}, an address of this machine or a private network. "
                "Set webhooks_allow_private = true if that is meant."
            )
