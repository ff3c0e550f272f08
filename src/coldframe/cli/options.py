"""The flags that commands share, each written once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from coldframe import settings
from coldframe.cli.app import App
from coldframe.model import ByteRange
from coldframe.quantities import parse_duration, parse_money, parse_size
from coldframe.rates import parse_limit

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")


def parse_byte_range(text: str) -> ByteRange:
    """The bytes of `FIRST-LAST`, both included as everywhere in the protocol.

    Raises:
        ValueError: It is no range.
    """
    first, sign, last = text.strip().removeprefix("bytes=").partition("-")
    if not (sign and first.isdecimal() and last.isdecimal() and int(first) <= int(last)):
        raise ValueError(f"{text!r} is no range: write FIRST-LAST, both included, as in 0-1048575")
    return ByteRange(int(first), int(last) + 1)


def parse_moment(text: str) -> datetime:
    """The moment of an ISO 8601 text, of UTC where it names no zone; a bare date is its first moment.

    Raises:
        ValueError: It is none.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is no date: write 2026-01-31 or 2026-01-31T18:00:00Z") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def parse_order(text: str) -> int:
    """The number of an order.

    Raises:
        ValueError: It is none.
    """
    if not (text.isascii() and text.isdecimal() and int(text[:19]) > 0 and len(text) < len(str(2**63))):
        raise ValueError(f"{text!r} is no order: write its number; `coldframe orders` lists them")
    return int(text)


def check_limit(text: str) -> str:
    """A limit as it was written, once it is known to be one.

    Raises:
        ValueError: It is none.
    """
    parse_limit(text)
    return text.strip()


class Parsed(click.ParamType[Any]):
    """A value read by one of our parsers, whose message becomes click's."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        """Remember the parser; `name` is shown in the help."""
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the value, or fail as click does: exit 2 with the option's name."""
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


SIZE = Parsed("size", parse_size)
RATE = Parsed("rate", parse_limit)
RATE_TEXT = Parsed("rate", check_limit)
DURATION = Parsed("duration", parse_duration)
MONEY = Parsed("usd", parse_money)
FILE = Parsed("file", settings.parse_path)
JOBS = Parsed("number", settings.parse_jobs)
PART_SIZE = Parsed("size", settings.parse_part_size)
TIER = Parsed("tier", settings.parse_tier)
ORDER = Parsed("number", parse_order)
VAULT = Parsed("name", settings.parse_vault)
BYTE_RANGE = Parsed("first-last", parse_byte_range)
MOMENT = Parsed("date", parse_moment)


def store_option(function: F) -> F:
    """`--store`, and `--profile`: whatever works on a store can be told by a profile which one."""
    return click.option(
        "--store", metavar="URL", help="The store: a folder or a URL. Default: COLDFRAME_STORE, or the configured one."
    )(_profile_option(function))


def _profile_option(function: F) -> F:
    """`--profile`, which no command takes as an argument: the settings know it before any of them asks."""

    def remember(context: click.Context, _option: click.Parameter, value: str | None) -> None:
        if value is not None:
            context.ensure_object(App).choose_profile(value)

    return click.option(
        "--profile",
        metavar="NAME",
        is_eager=True,
        expose_value=False,
        callback=remember,
        shell_complete=_complete_profile,
        help="Use [profile.NAME] of the configuration. Default: COLDFRAME_PROFILE.",
    )(function)


def rules_option(function: F) -> F:
    """`--rules`."""
    return click.option(
        "--rules",
        multiple=True,
        metavar="NAME",
        shell_complete=_complete_rules,
        help="Zip and leave out as this rule set says (`coldframe rules`).",
    )(function)


def _complete_rules(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in settings.rule_set_names(settings.find_home()) if name.startswith(incomplete)]


def _complete_profile(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in settings.profile_names(settings.find_home()) if name.startswith(incomplete)]


def seal_key_option(function: F) -> F:
    """`--seal-key`."""
    return click.option(
        "--seal-key", type=FILE, metavar="FILE", help="The sealing key of access keys. Default: seal.key in the store."
    )(function)


def vault_option(function: F) -> F:
    """`--vault`."""
    return click.option("--vault", "-v", type=VAULT, metavar="NAME", help="The vault. Default: COLDFRAME_VAULT.")(
        function
    )


def output_option(function: F) -> F:
    """`--output`."""
    forms = click.Choice(settings.OUTPUT_FORMS)
    return click.option("--output", "-o", type=forms, help="How data is printed.  [default: table]")(function)


def max_cost_option(function: F) -> F:
    """`--max-cost`."""
    return click.option("--max-cost", type=MONEY, metavar="USD", help="Refuse what would cost more.")(function)


def yes_option(function: F) -> F:
    """`--yes`."""
    return click.option("--yes", "-y", is_flag=True, help="Do not ask.")(function)


def dry_run_option(function: F) -> F:
    """`--dry-run`."""
    return click.option("--dry-run", "-n", is_flag=True, help="Only show what would be done.")(function)
