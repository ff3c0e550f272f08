"""The JSON of a policy, within limits that no honest policy comes near (reliability A12)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NoReturn

from coldframe.ports.admin import MAX_POLICY_SIZE
from coldframe.service.policies.flaws import Flaw, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_DEPTH = 8
"""Brackets within brackets; a policy that says all there is to say needs 6."""


class Number(str):
    """A JSON number as it was written, so that nothing is rounded and no digits are counted twice."""

    __slots__ = ()


def read_document(text: str) -> dict[str, object]:
    """The document's outermost object. `Flaw` if it is too large or deep, not JSON, or says one thing twice."""
    _require_size(text)
    _require_depth(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_once,
            parse_int=Number,
            parse_float=Number,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        problem = f"not well-formed JSON at line {error.lineno}, column {error.colno}"
        raise Flaw("", problem) from error
    if not isinstance(value, dict):
        raise Flaw("", "a policy is a JSON object")
    return value


def _require_size(text: str) -> None:
    if len(text) > MAX_POLICY_SIZE or len(text.encode(errors="surrogatepass")) > MAX_POLICY_SIZE:
        problem = f"larger than {MAX_POLICY_SIZE} bytes"
        raise Flaw("", problem)


def _require_depth(text: str) -> None:
    """Count the brackets outside of strings before the JSON parser recurses into them."""
    depth = 0
    in_string = is_escaped = False
    for character in text:
        if in_string:
            in_string = is_escaped or character != '"'
            is_escaped = character == "\\" and not is_escaped
        elif character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        else:
            in_string = character == '"'
        if depth > MAX_DEPTH:
            problem = f"nested deeper than {MAX_DEPTH} levels"
            raise Flaw("", problem)


def _once(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    read: dict[str, object] = {}
    for name, value in pairs:
        if name in read:
            problem = f"{shown(name)} stands twice in one object"
            raise Flaw("", problem)
        read[name] = value
    return read


def _refuse_constant(name: str) -> NoReturn:
    problem = f"{name} is not JSON"
    raise Flaw("", problem)


def texts(value: object, element: str) -> tuple[str, ...]:
    """One string or a list of them, none empty; `Flaw` for anything else."""
    items = value if isinstance(value, list) else [value]
    if not items:
        raise Flaw(element, "an empty list")
    return tuple(_text(item, element) for item in items)


def _text(value: object, element: str) -> str:
    if not isinstance(value, str) or isinstance(value, Number) or not value:
        problem = f"{shown(value)} is not a string with something in it"
        raise Flaw(element, problem)
    require_plain(value, element)
    return value


def require_plain(text: str, element: str) -> None:
    """Refuse half characters, which could not even be shown, and policy variables, which nobody would fill in."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise Flaw(element, "a string holds half of a surrogate pair")
    if "${" in text:
        problem = f"policy variables are not supported: {shown(text)}"
        raise Flaw(element, problem)
