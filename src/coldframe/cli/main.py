"""The entry point: it alone turns an error into words and an exit code."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from coldframe.cli.app import App, forget_output, say
from coldframe.cli.command import Lazy, LazyGroup, OutputClosed, debug_option
from coldframe.cli.exits import Exit, exit_for
from coldframe.errors import ColdframeError, in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

_DAILY, _CARE, _PARTS, _STEPS = "Archive and retrieve", "Look after", "Set up", "Step by step"

COMMANDS = {
    "archive": Lazy(_DAILY, "Archive files and folders into a vault."),
    "ls": Lazy(_DAILY, "List what is archived, from the catalog."),
    "retrieve": Lazy(_DAILY, "Get archived files back."),
    "estimate": Lazy(_DAILY, "Say what archiving or retrieving would cost."),
    "orders": Lazy(_DAILY, "Show retrievals under way and done."),
    "watch": Lazy(_DAILY, "Carry on all open orders until they are done."),
    "verify": Lazy(_CARE, "Compare files, catalog, vault and store."),
    "drill": Lazy(_CARE, "Bring a sample back, as after a fire, and compare it."),
    "cleanup": Lazy(_CARE, "List and remove what killed runs left over."),
    "inventory": Lazy(_CARE, "Export, import, refresh or rebuild the record of what is where."),
    "vault": Lazy(_PARTS, "Create, list, show, delete or govern vaults."),
    "rules": Lazy(_PARTS, "Show what the rule sets zip and leave out."),
    "job": Lazy(_STEPS, "Start, show and list jobs, and fetch what they bring."),
    "upload": Lazy(_STEPS, "List and abort open multipart uploads."),
    "delete": Lazy(_STEPS, "Delete archives for ever."),
    "retrieval-policy": Lazy(_STEPS, "Show or set the limit of an account's retrievals."),
    "capacity": Lazy(_STEPS, "List and purchase provisioned capacity."),
    "api": Lazy(_PARTS, "Call any operation of the Glacier API."),
    "key": Lazy(_PARTS, "Create, list, revoke or rotate access keys."),
    "serve": Lazy(_PARTS, "Serve the vaults of a store to Glacier clients."),
    "completion": Lazy(_PARTS, "Print the completion script of a shell."),
}
EXAMPLES = (
    "coldframe vault create astrodata",
    "coldframe archive ./Subs --vault astrodata --zip Bias --zip Dark --zip Flat",
    "coldframe ls Blue",
    "coldframe retrieve 'Light/*_Blue_*' --vault astrodata --into ./back",
)


def _show_version(context: click.Context, _option: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's way
    if value:
        import coldframe  # noqa: PLC0415 - the version is looked up only here

        click.echo(f"coldframe {coldframe.__version__}")
        context.exit()


@click.group(
    name="coldframe",
    cls=LazyGroup,
    commands_in="coldframe.cli",
    lazy=COMMANDS,
    examples=EXAMPLES,
    params=[debug_option()],
    epilog="Help on one command: coldframe COMMAND --help",
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show it.")
def program() -> None:
    """Archive folders into cold storage, know what is where, and get it back byte for byte."""


def main() -> None:
    """The program `coldframe`."""
    try:
        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while the last words were being said
        code = Exit.INTERRUPTED
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the code is decided; Python would end by the signal instead
    gc.freeze()  # all memory goes back now; Python would search it for garbage first
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command and answer its exit code; whatever goes wrong is told on standard error."""
    app = App()
    _mend_streams()
    try:
        status = program.main(args=list(arguments), prog_name="coldframe", standalone_mode=False, obj=app)
        sys.stdout.flush()
        return int(status or Exit.DONE)
    except (OutputClosed, BrokenPipeError):
        forget_output()
        return Exit.DONE  # whoever read our output had enough
    except (KeyboardInterrupt, click.Abort):
        say("Interrupted.")
        return Exit.INTERRUPTED
    except click.ClickException as error:
        _tell_misuse(error)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the rim: nothing may pass it untold
        return _tell(error, app)
    finally:
        with suppress(Exception):
            app.close()


def _mend_streams() -> None:
    """Have streams that take anything: ones that were closed swallow it, names that the locale lacks are escaped."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - open to the end, like the real one
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _tell(error: Exception, app: App) -> Exit:
    if app.is_debugging:
        import traceback  # noqa: PLC0415 - only where wanted

        traceback.print_exception(error)
    say(f"coldframe: {describe(error)}")
    return exit_for(error)


def _tell_misuse(error: click.ClickException) -> None:
    """What click found in the arguments, in our form: how it is meant, then what is wrong."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return
    if isinstance(error, click.UsageError) and error.ctx is not None:
        click.echo(error.ctx.get_usage(), err=True)
        say(f"Try '{error.ctx.command_path} --help' for help.")
        say("")
    say(f"coldframe: {error.format_message()}")


def describe(error: Exception) -> str:
    """An error in plain words: what, which file or vault, what to do next."""
    if isinstance(error, ColdframeError):
        return in_words(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}."
    return f"This should not have happened: {type(error).__name__}: {error}. With --debug it says where."
