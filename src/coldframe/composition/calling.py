"""One operation of the protocol, called by name on any store: parameters in, the answer's members out."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING, Any

from coldframe.composition.clients import client_of
from coldframe.errors import BadUsage, TreeHashMismatch
from coldframe.files import durable_write
from coldframe.model import MAX_SINGLE_UPLOAD, MIB
from coldframe.names import printable
from coldframe.stores.translation import translated
from coldframe.tree_hash import TreeHasher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import BinaryIO

    from coldframe.composition.library import Coldframe
    from coldframe.composition.operations import ApiOperation

    Keep = Callable[[Iterator[bytes]], None]
    """Takes the bytes of an answer, all of them, or raises what they raise."""

_MAKES_STORE = "CreateVault"
_OUTSIDE = frozenset({"ResponseMetadata", "body"})


def call_operation(
    coldframe: Coldframe, operation: ApiOperation, parameters: Mapping[str, object], *, keep: Keep | None = None
) -> dict[str, Any]:
    """Call an operation, and answer the members of what it answers, under the protocol's own names.

    Args:
        coldframe: Whose store. An embedded one that is not there is made by CreateVault alone.
        operation: Which.
        parameters: By their names in the protocol; a body is a file that can be read twice.
        keep: Takes the answer's bytes, if it has any. They were checked against their tree hash when it returns, if the
            store has told one.

    Raises:
        BadUsage: The parameters do not fit the operation.
        StoreError, CredentialsProblem: What the store answers, or that it does not.
        TreeHashMismatch: The bytes are not those that were promised.
    """
    operation.check(parameters)
    if operation.name == _MAKES_STORE:
        coldframe.create_store()
    with closing(client_of(coldframe)) as client, translated(coldframe.store_url):
        answer = getattr(client, operation.method)(**parameters)
        if keep is not None and operation.gives_bytes:
            with closing(answer["body"]) as body:
                keep(_checked(body, answer.get("checksum")))
    return {name: value for name, value in answer.items() if name not in _OUTSIDE}


def keep_in_file(coldframe: Coldframe, path: str) -> Keep:
    """Keeps an answer's bytes in a file, which gets its name, and replaces another, when all are there and right."""
    folder, name = os.path.split(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise BadUsage(f"There is no folder {printable(folder)} for the output.")
    return lambda buffers: durable_write(coldframe.files, folder, name, buffers)


def spool(source: BinaryIO, target: BinaryIO) -> None:
    """Copy what can be read only once to a file that can be read again: hashes are sent before the bytes.

    Raises:
        BadUsage: It is longer than any body may be.
    """
    size = 0
    while data := source.read(MIB):
        size += len(data)
        if size > MAX_SINGLE_UPLOAD:
            raise BadUsage("A body holds 4 GiB at most: send a longer archive in parts.")
        target.write(data)
    target.seek(0)


def _checked(body: Any, promised: str | None) -> Iterator[bytes]:
    """The bytes, and at their end, whether they are what was promised."""
    hasher = TreeHasher()
    while data := body.read(MIB):
        hasher.update(data)
        yield data
    if promised is not None and hasher.size and hasher.hexdigest() != promised.lower():
        raise TreeHashMismatch(f"The output's tree hash is {hasher.hexdigest()}, but the store promised {promised}.")
