"""`coldframe serve`: the vault service over HTTP."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from coldframe.cli.command import Command
from coldframe.cli.options import DURATION, FILE, SIZE, Parsed, seal_key_option, store_option
from coldframe.cli.signals import Interrupts
from coldframe.errors import BadUsage
from coldframe.server.address import parse_address
from coldframe.settings import parse_account, parse_limits, parse_region, parse_sns_endpoint, parse_waits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coldframe.cli.app import App
    from coldframe.composition.serving import Serving
    from coldframe.wire.access import Key

ADDRESS = Parsed("address", parse_address)
_WAKE_SECONDS = 0.1
"""How often the main thread looks whether a signal came."""


@click.command(
    cls=Command,
    examples=(
        "coldframe serve --store /srv/coldframe",
        "coldframe serve --store /srv/coldframe --listen 0.0.0.0:8377 --cert server.pem --key server.key",
        "coldframe serve --listen 127.0.0.1:0 --admin-listen 127.0.0.1:8378 --access-log access.jsonl",
        "coldframe serve --tiers amazon --limit max_connections=200 --limit idle_seconds=20s",
    ),
)
@store_option
@click.option("--listen", type=ADDRESS, help="HOST:PORT to serve on; port 0 picks one.  [default: 127.0.0.1:8377]")
@click.option("--cert", type=FILE, metavar="FILE", help="Serve HTTPS with this certificate (PEM, with its chain).")
@click.option("--key", type=FILE, metavar="FILE", help="The certificate's private key (PEM, without a password).")
@click.option(
    "--plain-http",
    is_flag=True,
    help="Allow HTTP without TLS beyond this machine. Whoever is on the way can then read every archive and change "
    "answers; only for a network that is yours alone, or behind a proxy that encrypts.",
)
@click.option("--admin-listen", type=ADDRESS, help="HOST:PORT for /health and /metrics. Default: nowhere.")
@click.option("--access-log", metavar="FILE", help="Append a JSON line for each request; - for standard output.")
@click.option("--region", type=Parsed("region", parse_region), help="What clients sign for.  [default: us-east-1]")
@click.option("--account", type=Parsed("account", parse_account), help="Whose the store is.  [default: 000000000000]")
@click.option("--tiers", type=Parsed("waits", parse_waits), help="How long jobs take: none or amazon.")
@click.option("--free-daily-bytes", type=SIZE, help="What the FreeTier retrieval strategy allows in a day.")
@click.option("--scarce-expedited", is_flag=True, default=None, help="Refuse Expedited without provisioned capacity.")
@click.option("--limit", "limits", multiple=True, metavar="NAME=VALUE", help="Change one of the server's limits.")
@click.option("--grace", type=DURATION, default="30s", help="How long a stop waits for requests.  [default: 30s]")
@click.option(
    "--sns-endpoint",
    type=Parsed("url", parse_sns_endpoint),
    help="The SNS endpoint that is told of finished jobs: a URL, or `amazon`.",
)
@seal_key_option
@click.pass_obj
def command(
    app: App,
    /,
    *,
    store: str | None,
    cert: str | None,
    key: str | None,
    plain_http: bool,
    access_log: str | None,
    limits: tuple[str, ...],
    grace: float,
    **flags: object,
) -> None:
    """Serve the vaults of a store to Glacier clients, over HTTP.

    The first time, the store and an access key are made, and how to use it is shown, once. `coldframe key` makes more
    keys. Other commands may use the same store meanwhile.

    Ctrl-C, or SIGTERM, lets the requests at work finish; twice ends at once.
    """
    from coldframe.composition.serving import ServeRequest, Serving  # noqa: PLC0415 - start-up time
    from coldframe.composition.stores import store_folder  # noqa: PLC0415 - as above

    settings = app.settle(store=store, limits=_limits(limits), **flags)
    with _line_writer(access_log) as write:
        request = ServeRequest(
            folder=store_folder(app.coldframe().store_url),
            settings=settings,
            certificate=cert,
            certificate_key=key,
            is_plain_allowed=plain_http,
            access_log=write,
        )
        with Serving(request) as serving:
            _introduce(app, serving, request.folder)
            _run(app, serving, grace)


def _run(app: App, serving: Serving, grace: float) -> None:
    """Serve until a signal comes, and tell whoever waits for it when all is ready."""
    words = f"Finishing the requests at work, for {grace:g} seconds at most; press Ctrl-C again to end at once."
    clock = app.coldframe().clock
    with Interrupts(_nothing, say=app.say, leave=_nothing, words=words) as interrupts:
        serving.start()
        if serving.admin_url is not None:
            app.say(f"Health and metrics: {serving.admin_url}/health and /metrics")
        sys.stdout.write(f"listening on {serving.url}\n")
        sys.stdout.flush()
        while interrupts.exit is None:
            clock.sleep(_WAKE_SECONDS)
        if not serving.stop(grace):
            app.say("Not all requests could finish in time; those were cut off. Whatever was acknowledged is safe.")


def _introduce(app: App, serving: Serving, folder: str) -> None:
    """Tell what was made, and how to use it: the secret is shown this once."""
    app.say(*serving.problems)
    if serving.is_new_store:
        app.say(f"Made a new store in {folder}.")
    if serving.new_key is not None:
        app.say(
            "There was no access key yet, so this one was made. Its secret is shown this once; `coldframe key create` "
            "makes more.",
            "",
            *_usage(serving.new_key, serving),
            "",
        )


def _usage(key: Key, serving: Serving) -> list[str]:
    """Lines for the user's shell."""
    assign = '  $Env:{} = "{}"' if sys.platform == "win32" else "  export {}={}"
    variables = {
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "AWS_DEFAULT_REGION": serving.region,
    }
    return [
        *(assign.format(name, value) for name, value in variables.items()),
        f"  aws glacier --endpoint-url {serving.url} list-vaults --account-id -",
    ]


@contextmanager
def _line_writer(path: str | None) -> Iterator[Callable[[str], None] | None]:
    """Whatever takes the lines of the access log."""
    from coldframe.server.access_log import LineWriter  # noqa: PLC0415 - start-up time

    if path is None:
        yield None
    elif path == "-":
        yield LineWriter(sys.stdout)
    else:
        try:
            stream = open(os.path.expanduser(path), "a", encoding="ascii")  # noqa: SIM115 - closed below
        except OSError as error:
            raise BadUsage(f"The access log {path} cannot be written: {error.strerror}.") from error
        with stream:
            yield LineWriter(stream)


def _limits(texts: tuple[str, ...]) -> object:
    """The limits of `--limit`, or None without any, so that those of the configuration apply."""
    if not texts:
        return None
    try:
        return parse_limits(",".join(texts))
    except ValueError as error:
        raise BadUsage(f"--limit: {error}.") from error


def _nothing() -> None:
    """Nothing is to be done: the signal itself is asked for, and no terminal was changed."""
