"""`coldframe api`: any operation of the protocol, raw, on any store."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from difflib import get_close_matches
from tempfile import SpooledTemporaryFile
from textwrap import shorten
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import click

from coldframe.cli.charges import CHARGES, tell_price, tell_transfer
from coldframe.cli.command import SETTINGS, Command, Group
from coldframe.cli.exits import Exit
from coldframe.cli.options import Parsed, dry_run_option, store_option, yes_option
from coldframe.composition.call_prices import SPENDING, call_price
from coldframe.composition.calling import call_operation, keep_in_file, spool
from coldframe.composition.operations import Form, command_name, load_api
from coldframe.composition.spending import Outlay
from coldframe.errors import BadUsage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.cli.app import App
    from coldframe.composition.calling import Keep
    from coldframe.composition.operations import ApiOperation, Parameter

_STANDARD = "-"
_SUMMARY_WIDTH = 60
_SAMPLES = {"vaultName": "astrodata"}
_IN_MEMORY = 64 * 1024 * 1024
_CANNOT_BE_UNDONE = frozenset({"CompleteVaultLock", "DeleteArchive", "DeleteVault"})


class Operations(Group):
    """A group whose commands are the protocol's operations, under either form of their names."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All 33."""
        return list(load_api())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """One of them."""
        operation = load_api().get(command_name(cmd_name))
        return None if operation is None else _command_of(operation)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the operation, or tell which one was meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            near = get_close_matches(command_name(error.command_name), load_api())
            raise click.UsageError(
                f"There is no operation {error.command_name!r}"
                + (f"; did you mean {' or '.join(near)}?" if near else "; `coldframe api --help` lists all."),
                ctx,
            ) from None


@click.group(
    cls=Operations,
    subcommand_metavar="OPERATION [OPTIONS]",
    examples=(
        "coldframe api list-vaults",
        "coldframe api UploadArchive --vault-name astrodata --body frame.fit --archive-description frame.fit",
        'coldframe api initiate-job --vault-name astrodata --job-parameters \'{"Type": "inventory-retrieval"}\'',
        "coldframe api get-job-output --vault-name astrodata --job-id ID --output-file - | jq .",
    ),
)
def command() -> None:
    """Call one OPERATION of the Glacier API on any store, and print its answer as JSON.

    Operations and parameters have the API's names, as in ListVaults and vaultName, or the AWS CLI's, as in list-vaults
    and --vault-name. Nothing is read or written but what the operation says: the catalog does not learn of it.
    """


def _command_of(operation: ApiOperation) -> click.Command:
    """The command of an operation: an option for each parameter, and what every operation has."""

    def run(app: App, /, **values: Any) -> Exit:
        return _Call(app, operation, values).run()

    options: list[Any] = [_option_of(parameter) for parameter in operation.parameters]
    options += [_output_file_option] if operation.gives_bytes else []
    options += [store_option, dry_run_option, yes_option, _output_option]
    callback: Any = click.pass_obj(run)
    for option in reversed(options):
        callback = option(callback)
    return click.command(
        operation.command,
        cls=Command,
        help=f"{operation.name}. {operation.meaning}",
        examples=(_example(operation),),
        short_help=shorten(operation.summary, _SUMMARY_WIDTH, placeholder=" ..."),
        context_settings={**SETTINGS, "token_normalize_func": command_name},
    )(callback)


def _example(operation: ApiOperation) -> str:
    """A line with all that the operation requires."""
    words = ["coldframe api", operation.command]
    for parameter in operation.parameters:
        if parameter.is_required:
            value = {Form.BODY: "frame.fit"}.get(parameter.form) or _SAMPLES.get(parameter.name, "ID")
            words += [f"--{parameter.option}", value]
    return " ".join([*words, *(["--output-file output"] if operation.gives_bytes else [])])


def _option_of(parameter: Parameter) -> Any:
    text, kind, metavar = parameter.meaning, None, parameter.form.value.upper()
    if parameter.name == "accountId":
        text, metavar = "Whose vaults: 12 digits.  [default: your own]", "ID"
    elif parameter.form is Form.BODY:
        text, metavar = f"{text} A file, or {_STANDARD} for standard input.", "FILE"
    elif parameter.form is not Form.TEXT:
        kind = Parsed(parameter.form.value, parameter.read)
        inside = f" with {', '.join(parameter.members)}" if parameter.members else ""
        text = f"{text} JSON{inside}; or file://PATH."
    names = (f"--{parameter.option}", parameter.name)
    return click.option(*names, type=kind, metavar=metavar, required=parameter.is_required, help=text)


_output_file_option = click.option(
    "--output-file", required=True, metavar="FILE", help=f"Where the bytes go; {_STANDARD} is standard output."
)
_output_option = click.option(
    "--output", "-o", type=click.Choice(["json"]), help="json: the answer on one line.  [default: on several]"
)


class _Call:
    """One call, from the options to the printed answer."""

    def __init__(self, app: App, operation: ApiOperation, values: dict[str, Any]) -> None:
        """Store the arguments."""
        self._coldframe = app.coldframe(store=values["store"])
        self._app = app
        self._operation = operation
        self._values = values

    def run(self) -> Exit:
        """Check, ask, call, print."""
        with self._given() as parameters:
            self._operation.check(parameters)
            if self._values["dry_run"]:
                shown = {name: value for name, value in parameters.items() if not hasattr(value, "read")}
                self._app.say(f"Would call {self._operation.name} of {self._coldframe.store_url}:")
                self._print(shown, sys.stdout)
                return Exit.DONE
            outlay = self._outlay(parameters)
            if not self._may_go_on(outlay):
                return Exit.FAILED
            with outlay.committed():
                answer = call_operation(self._coldframe, self._operation, parameters, keep=self._keep())
        self._print(answer, sys.stderr if self._values.get("output_file") == _STANDARD else sys.stdout)
        return Exit.DONE

    @contextmanager
    def _given(self) -> Iterator[dict[str, Any]]:
        """The parameters that were given, by their names in the protocol; a body is open while they are used."""
        given = {parameter: self._values[parameter.name] for parameter in self._operation.parameters}
        named = {parameter.name: value for parameter, value in given.items() if value is not None}
        body = next((parameter for parameter in given if parameter.form is Form.BODY), None)
        if body is None:
            yield named
            return
        with _open_body(named[body.name]) as file:
            yield {**named, body.name: file}

    def _may_go_on(self, outlay: Outlay) -> bool:
        """Whether whoever pays, or would miss what is gone, agrees.

        Whoever calls an operation by its name, without a terminal, knows what it does; money is asked for all the same.
        """
        name, yes = self._operation.name, self._values["yes"]
        if self._coldframe.terms.is_charging:
            outlay.check()
            if name in SPENDING and not self._app.confirm(f"Call {name} all the same?", yes=yes):
                return False
        if name in _CANNOT_BE_UNDONE and sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty():
            return self._app.confirm(f"{name} cannot be undone. Go on?", yes=yes)
        return True

    def _outlay(self, parameters: dict[str, Any]) -> Outlay:
        """What the call costs, told before it is made."""
        name = self._operation.name
        price = call_price(self._coldframe, name, parameters)
        if price.once.limit is None:
            self._app.say(CHARGES)
        elif price.once.limit or price.per_month.limit:
            tell_price(self._app, f"{name} costs", price.once, per_month=price.per_month)
        if price.transfer_size:
            tell_transfer(self._app)
        vault_name = str(parameters.get("vaultName", ""))
        return Outlay(self._coldframe, "api", price.once, vault_name, price.per_month, price.transfer_size)

    def _keep(self) -> Keep | None:
        path = self._values.get("output_file")
        if path is None:
            return None
        return _write_out if path == _STANDARD else keep_in_file(self._coldframe, path)

    def _print(self, answer: dict[str, Any], stream: Any) -> None:
        indent = None if self._values["output"] == "json" else 2
        stream.write(json.dumps(answer, indent=indent) + "\n")


@contextmanager
def _open_body(path: str) -> Iterator[BinaryIO]:
    """A body that can be read twice."""
    if path != _STANDARD:
        try:
            file = open(path, "rb")  # noqa: SIM115 - closed below
        except OSError as error:
            raise BadUsage(f"{path}: cannot be read: {error.strerror}.") from error
        with file:
            yield file
        return
    if sys.stdin is None:
        raise BadUsage("There is no standard input to take the body from.")
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as spooled:
        spool(sys.stdin.buffer, cast("BinaryIO", spooled))
        yield cast("BinaryIO", spooled)


def _write_out(buffers: Iterator[bytes]) -> None:
    for buffer in buffers:
        sys.stdout.buffer.write(buffer)
    sys.stdout.buffer.flush()
