"""The protocol's operations as botocore's model describes them, for whoever calls them by name."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any

from coldframe.errors import BadUsage

if TYPE_CHECKING:
    from collections.abc import Mapping

_TAG = re.compile(r"<[^>]*>")
_SPACE = re.compile(r"\s+")
_SENTENCE = re.compile(r"(?<=[a-z0-9)][.!?]) (?=[A-Z])")
_PARAGRAPH = re.compile(r"</p>|<ul>|<ol>")
_OWN = "-"
"""What boto3 says for an account that is not given: the caller's own."""
_FROM_FILE = "file://"


class Form(Enum):
    """How a parameter's value is written."""

    TEXT = "text"
    NUMBER = "number"
    JSON = "json"
    BODY = "body"


_FORMS = {"string": Form.TEXT, "integer": Form.NUMBER, "long": Form.NUMBER, "blob": Form.BODY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter: its name in the protocol, and as an option of a command line.

    Args:
        members: What a structure has.
        meaning: A sentence of the model's documentation.
    """

    name: str
    option: str
    form: Form
    is_required: bool
    members: tuple[str, ...]
    meaning: str

    def read(self, text: str) -> object:
        """The value that a text means.

        Raises:
            ValueError: It means none.
        """
        if self.form is Form.NUMBER:
            return int(text)
        if self.form is not Form.JSON:
            return text
        if text.startswith(_FROM_FILE):
            try:
                with open(text.removeprefix(_FROM_FILE), encoding="utf-8-sig") as file:
                    text = file.read()
            except OSError as error:
                raise ValueError(f"{error.filename}: {error.strerror}") from error
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"this is not JSON: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOperation:
    """One operation: its name in the protocol, as a command, and as boto3's method.

    Args:
        gives_bytes: Whether it answers with a body of bytes.
        summary: A sentence of the model's documentation.
        meaning: A paragraph of it.
    """

    name: str
    command: str
    method: str
    parameters: tuple[Parameter, ...]
    gives_bytes: bool
    summary: str
    meaning: str

    def check(self, parameters: Mapping[str, object]) -> None:
        """Hold parameters against the model.

        Raises:
            BadUsage: One is missing, unknown or of another type.
        """
        from botocore.exceptions import ParamValidationError  # noqa: PLC0415 - heavy, and loaded already by now
        from botocore.validate import validate_parameters  # noqa: PLC0415 - as above

        try:
            validate_parameters({"accountId": _OWN, **parameters}, _load_model().operation_model(self.name).input_shape)
        except ParamValidationError as error:
            report = "; ".join(str(error.kwargs["report"]).splitlines())
            raise BadUsage(f"{self.name}: {report}.") from error


@cache
def load_api() -> Mapping[str, ApiOperation]:
    """All 33 operations by the names of their commands, in the order of the alphabet."""
    operations = (_operation(_load_model().operation_model(name)) for name in _load_model().operation_names)
    return {operation.command: operation for operation in sorted(operations, key=lambda each: each.command)}


def command_name(name: str) -> str:
    """`ListVaults`, `list_vaults` or `list-vaults` as `list-vaults`; so are the names of parameters."""
    from botocore import xform_name  # noqa: PLC0415 - heavy, and wanted by few commands

    return str(xform_name(name.replace("_", "-"), "-"))


@cache
def _load_model() -> Any:
    from botocore.loaders import Loader  # noqa: PLC0415 - as above
    from botocore.model import ServiceModel  # noqa: PLC0415 - as above

    return ServiceModel(Loader().load_service_model("glacier", "service-2"), "glacier")


def _operation(model: Any) -> ApiOperation:
    shape, command = model.input_shape, command_name(model.name)
    required = set(shape.required_members) - {"accountId"}
    meaning = _plain(_PARAGRAPH.split(model.documentation)[0])
    return ApiOperation(
        name=model.name,
        command=command,
        method=command.replace("-", "_"),
        parameters=tuple(
            _parameter(name, inner, is_required=name in required) for name, inner in shape.members.items()
        ),
        gives_bytes=model.has_streaming_output,
        summary=_first_sentence(meaning),
        meaning=meaning,
    )


def _parameter(name: str, shape: Any, *, is_required: bool) -> Parameter:
    form = _FORMS.get(shape.type_name, Form.JSON)
    return Parameter(
        name=name,
        option=command_name(name),
        form=form,
        is_required=is_required or form is Form.BODY,
        members=tuple(shape.members) if shape.type_name == "structure" else (),
        meaning=_first_sentence(_plain(shape.documentation)),
    )


def _plain(documentation: str) -> str:
    """HTML as a text of one line, without the words that each description begins with."""
    text = _SPACE.sub(" ", html.unescape(_TAG.sub(" ", documentation))).replace(" .", ".").replace(" ,", ",").strip()
    text = text.removeprefix("This operation ")
    return text[:1].upper() + text[1:]


def _first_sentence(text: str) -> str:
    return _SENTENCE.split(text)[0].removesuffix(":").rstrip(".") + "."
