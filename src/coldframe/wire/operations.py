"""The operations as botocore's Glacier service model describes them: routes, parameters, answers.

The model is read once, when the face is made, into values of our own; none of it is copied into this package.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping

API_VERSION = "2012-06-01"
OWNER_ONLY = frozenset(
    {
        "AbortVaultLock",
        "AddTagsToVault",
        "CompleteVaultLock",
        "CreateVault",
        "GetDataRetrievalPolicy",
        "InitiateVaultLock",
        "ListProvisionedCapacity",
        "ListTagsForVault",
        "ListVaults",
        "PurchaseProvisionedCapacity",
        "RemoveTagsFromVault",
        "SetDataRetrievalPolicy",
    }
)
"""What no policy can grant to another account (glacier-api 8); the model does not say it."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The form of a value: what a structure's members are, and what a list or a map holds."""

    kind: str
    members: Mapping[str, Member] = field(default_factory=dict)
    of: Shape | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a structure: its place, its name there, and its form.

    Places are `uri`, `querystring`, `header`, `statusCode`, and "" for the body.
    """

    name: str
    place: str
    wire_name: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Message:
    """What goes one way: its members, and the one that is the whole body, if one is."""

    shape: Shape
    payload: Member | None = None

    @property
    def is_streaming(self) -> bool:
        """Whether the body is bytes rather than JSON."""
        return self.payload is not None and self.payload.shape.kind == "blob"

    @property
    def content(self) -> Shape:
        """The form of the JSON body."""
        if self.payload is not None:
            return self.payload.shape
        inner = {name: member for name, member in self.shape.members.items() if not member.place}
        return Shape("structure", inner)

    def at(self, place: str) -> list[Member]:
        """The members that are in one place."""
        return [member for member in self.shape.members.values() if member.place == place]


_NOTHING = Shape("structure")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `path` has the segments of its route, parameters in braces; `query` what the route fixes."""

    name: str
    method: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    status: int
    request: Message
    answer: Message


@cache
def load_operations() -> Mapping[str, Operation]:
    """All 33 operations by name."""
    from botocore.loaders import Loader  # noqa: PLC0415 - loaded where a face or its client is wanted
    from botocore.model import ServiceModel  # noqa: PLC0415 - as above

    description = Loader().load_service_model("glacier", "service-2", API_VERSION)
    model = ServiceModel(description, "glacier")
    return {name: _operation(model.operation_model(name)) for name in model.operation_names}


def _operation(model: Any) -> Operation:
    path, _, query = model.http["requestUri"].partition("?")
    return Operation(
        name=model.name,
        method=model.http["method"],
        path=tuple(path.strip("/").split("/")),
        query=dict(parse_qsl(query)),
        status=model.http.get("responseCode", 200),
        request=_message(model.input_shape),
        answer=_message(model.output_shape),
    )


def _message(shape: Any) -> Message:
    if shape is None:
        return Message(_NOTHING)
    ours = _shape(shape)
    payload = shape.serialization.get("payload")
    return Message(ours, ours.members[payload] if payload else None)


def _shape(shape: Any) -> Shape:
    if shape.type_name == "structure":
        return Shape("structure", {name: _member(name, inner) for name, inner in shape.members.items()})
    inner = {"list": "member", "map": "value"}.get(shape.type_name)
    return Shape(shape.type_name, of=_shape(getattr(shape, inner)) if inner else None)


def _member(name: str, shape: Any) -> Member:
    place = shape.serialization.get("location", "")
    return Member(name, place, shape.serialization.get("name", name), _shape(shape))
