"""Policies: JSON documents that users hand in, from a file or from standard input, and get back."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from coldframe.cli.ids import STANDARD_INPUT
from coldframe.cli.output import Column
from coldframe.errors import BadUsage
from coldframe.names import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coldframe.cli.app import App


def read_policy(path: str) -> str:
    """The text of a policy, as it is in a file or, for `-`, on standard input.

    Only its form is looked at here, where line and column can be told; what it says is the store's to judge.

    Raises:
        BadUsage: It cannot be read, or is not a JSON object.
    """
    where = "standard input" if path == STANDARD_INPUT else path
    text = _read(path, where)
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadUsage(f"{where}, line {error.lineno}, column {error.colno}: this is not JSON: {error.msg}.") from error
    except RecursionError as error:
        raise BadUsage(f"{where}: this is nested too deeply for a policy.") from error
    if not isinstance(document, dict):
        raise BadUsage(f'{where}: a policy is a JSON object: {{"Version": "2012-10-17", "Statement": [...]}}.')
    return _unwrapped(document) or text


def _read(path: str, where: str) -> str:
    try:
        if path == STANDARD_INPUT:
            return sys.stdin.read().removeprefix("\ufeff")
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except OSError as error:
        raise BadUsage(f"{where}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadUsage(f"{where}: this is not text in UTF-8.") from error


def _unwrapped(document: dict[str, object]) -> str | None:
    """The policy inside `{"Policy": "..."}`, the form in which the AWS CLI prints and takes one."""
    inner = next((value for key, value in document.items() if key.lower() == "policy"), None)
    return inner if isinstance(inner, str) and "Statement" not in document else None


def print_policy(app: App, row: Mapping[str, object], form: str | None) -> None:
    """Print a policy: its text alone, fit for a file, or in other forms than a table the whole row."""
    if app.form(form) == "table":
        text = str(row["policy"])
        sys.stdout.write((_printable_lines(text) if sys.stdout.isatty() else text).rstrip("\n") + "\n")
        sys.stdout.flush()
        return
    with app.printer(tuple(Column(key) for key in row), form=form) as printer:
        printer.row(row)


def _printable_lines(text: str) -> str:
    """The lines of a text, without anything in them that could steer a terminal."""
    return "\n".join(printable(line) for line in text.splitlines())
