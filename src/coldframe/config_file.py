"""The configuration file as text: TOML whose every value can be told with file and line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coldframe.errors import BadSettings, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


_WINDOWS_PATH = re.compile(r'"[A-Za-z]:\\[^"\n]*"')
_BARE_WORD = re.compile(r"^\s*\w+\s*=\s*(?!(?:true|false|inf|nan)\b)[A-Za-z./~]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the configuration: how a value becomes a setting, and what it means."""

    parse: Callable[[Any], Any]
    meaning: str
    example: str


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A configuration that was read: where from, its text, and what TOML makes of it."""

    path: str
    text: str
    table: Mapping[str, Any]

    def where(self, *keys: str) -> str:
        """The file and the line in which a value begins, for messages; `keys` lead to it from the top."""
        return f"{self.path}, line {_line_of(self.text, keys)}"

    def subtables(self, name: str) -> Mapping[str, Mapping[str, Any]]:
        """The tables `[name.…]`, by the last part of their names.

        Raises:
            BadSettings: Something else stands there.
        """
        tables = self.table.get(name, {})
        if not isinstance(tables, dict):
            raise BadSettings(f"{self.where(name)}: {name} has tables alone: write [{name}.NAME] above its keys.")
        for inner, table in tables.items():
            if not isinstance(table, dict):
                raise BadSettings(
                    f"{self.where(name, inner)}: {inner!r} is no table: write [{name}.NAME] above its keys."
                )
        return tables


def read_config(path: str) -> ConfigFile:
    """Read a configuration; one that is not there says nothing.

    Raises:
        BadSettings: It cannot be read, or is not TOML in UTF-8.
    """
    try:
        with open(path, "rb") as file:
            raw = file.read()
    except FileNotFoundError:
        return ConfigFile(path, "", {})
    except OSError as error:
        raise BadSettings(f"{path}: cannot be read: {error.strerror}.") from error
    import tomllib  # noqa: PLC0415 - only where there is a file; start-up time

    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
        return ConfigFile(path, text, tomllib.loads(text))
    except UnicodeDecodeError as error:
        raise BadSettings(f"{path}: is not UTF-8 text.") from error
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"{path}: is not TOML: {error}.{_hint(text)}") from error


def _hint(text: str) -> str:
    """What is most often the matter with a configuration that is not TOML."""
    if _WINDOWS_PATH.search(text):
        return " A path with backslashes wants single quotes: 'C:\\Astro\\m33.csv'."
    return ' A text wants quotes: vault = "astrodata".' if _BARE_WORD.search(text) else ""


def read_values(
    config: ConfigFile, keys: Mapping[str, Key], within: Sequence[str] = (), tables: Iterable[str] = ()
) -> dict[str, Any]:
    """The settings of the table that `within` leads to, by key.

    Args:
        config: The file.
        keys: What may stand there.
        within: The names of the tables on the way, from the top.
        tables: Names that are no keys and are read by somebody else.

    Raises:
        BadSettings: A key is unknown or its value wrong; the line is told.
    """
    table: Any = config.table
    for name in within:
        table = table[name]
    others, values = tuple(tables), {}
    for name, value in table.items():
        if name in others:
            continue
        where = config.where(*within, name)
        if name not in keys:
            raise BadSettings(f"{where}: there is no key {name!r}{nearest(name, [*keys, *others])}")
        values[name] = parse_value(keys[name], value, f"{where}: {name}")
    return values


def parse_value(key: Key, value: object, where: str) -> object:
    """The setting that a value becomes.

    Raises:
        BadSettings: It is none; `where` begins the message.
    """
    try:
        return key.parse(value)
    except ValueError as error:
        raise BadSettings(f"{where}: {error}. For example: {key.example}.") from error


def _line_of(text: str, keys: Sequence[str]) -> int:
    """The line where a key begins: the one after the last start of the text that does without it.

    The standard parser keeps no lines; this asks it again, which is exact, and slow only when something is wrong.
    """
    import tomllib  # noqa: PLC0415 - as above

    lines = text.split("\n")
    last_without = 0
    for number in range(1, len(lines) + 1):
        try:
            if _holds(tomllib.loads("\n".join(lines[:number])), keys):
                break
        except tomllib.TOMLDecodeError:
            continue  # in the middle of a value
        last_without = number
    return last_without + 1


def _holds(table: object, keys: Sequence[str]) -> bool:
    for key in keys:
        if not isinstance(table, dict) or key not in table:
            return False
        table = table[key]
    return True
