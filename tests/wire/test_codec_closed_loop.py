"""Whatever a store answers, an ordinary boto3 client reads back equal; whatever the client asks, the store is asked.

A store that follows a script stands behind the real face; before it are boto3 with botocore's own serialisers and
parsers, and `GlacierStore`, which turns what they read into the model's values again. Both ends speak the same port, so
both directions are one sentence: the arguments that arrive are those that were given, and the answer likewise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coldframe import errors
from coldframe.model import (
    MIB,
    ByteRange,
    Page,
    PartDescription,
    PartsPage,
    Receipt,
    UploadDescription,
    VaultDescription,
)
from coldframe.ports.admin import (
    DataRetrievalPolicy,
    LockState,
    ProvisionedCapacity,
    RetrievalStrategy,
    VaultEvent,
    VaultLock,
    VaultNotifications,
)
from coldframe.stores.glacier import GlacierStore
from coldframe.stores.opening import client_config
from coldframe.testing.bodies import BytesBody
from coldframe.tree_hash import tree_hash
from coldframe.wire.in_process import open_client
from wire import test_codec as words
from wire.world import KEY, REGION, make_face

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from coldframe.model import Buffer
    from coldframe.wire.face import Face

_ids, _sizes, _moments, _hashes = words._ids, words._sizes, words._moments, words._hashes
_names = words._names.filter(lambda name: name not in {".", ".."})
_texts = words._words.filter(lambda text: text == text.strip())
_markers = st.none() | _texts
_unicode = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
_vaults = st.builds(
    VaultDescription,
    vault_name=_names,
    vault_arn=_texts,
    created_at=_moments,
    last_inventory_at=st.none() | _moments,
    number_of_archives=st.integers(0, 10**9),
    size=st.integers(0, 2**63 - 1),
)
_uploads = st.builds(
    UploadDescription,
    upload_id=_ids,
    vault_arn=_texts,
    description=st.none() | _texts,
    part_size=st.sampled_from([MIB << power for power in range(13)]),
    created_at=_moments,
)
_parts = st.lists(st.builds(PartDescription, words._ranges, _hashes), max_size=4)
_policies = st.builds(DataRetrievalPolicy, st.just(RetrievalStrategy.BYTES_PER_HOUR), st.integers(1, 2**63 - 1)) | (
    st.sampled_from([DataRetrievalPolicy(), DataRetrievalPolicy(RetrievalStrategy.FREE_TIER)])
)
_notices = st.builds(
    VaultNotifications, _texts, st.lists(st.sampled_from(VaultEvent), min_size=1, max_size=2, unique=True).map(tuple)
)


class Script:
    """A store that says what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answer: Any = None
        self.asked: Any = None  # operation, arguments in order, arguments by name

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Any operation of the port."""
        if name.startswith("__"):
            raise AttributeError(name)

        def act(*given_in_order: Any, **by_name: Any) -> Any:
            seen = tuple(b"".join(map(bytes, each)) if hasattr(each, "size") else each for each in given_in_order)
            self.asked = (name, seen, by_name)
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

        return act


@dataclass(frozen=True)
class ScriptedOutput:
    """Implements `ports.JobOutput` over bytes in memory."""

    data: bytes
    range: ByteRange
    total_size: int
    content_type: str
    tree_hash: str | None
    archive_description: str | None
    closed: list[bool] = field(default_factory=list)

    def __iter__(self) -> Iterator[Buffer]:
        """The bytes, in two pieces."""
        yield self.data[: len(self.data) // 2]
        yield self.data[len(self.data) // 2 :]

    def close(self) -> None:
        """Note it."""
        self.closed.append(True)

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


@pytest.fixture(scope="module")
def loop() -> Iterator[tuple[Script, GlacierStore]]:
    """The script at one end, the client at the other."""
    script = Script()
    face: Face = make_face(script, find_store=lambda _: script).face  # type: ignore[arg-type,return-value]  # it answers to all
    store = GlacierStore(open_client(face, key=KEY, region=REGION, config=client_config()), url="http://x.invalid")
    yield script, store
    store.close()


_often = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))

# operation, arguments in order, arguments by name, answers
_CASES: Mapping[str, tuple[list[st.SearchStrategy[Any]], dict[str, st.SearchStrategy[Any]], st.SearchStrategy[Any]]] = {
    "create_vault": ([_names], {}, st.none()),
    "describe_vault": ([_names], {}, _vaults),
    "list_vaults": (
        [],
        {"limit": st.none() | st.integers(1, 10**6), "marker": _markers},
        st.builds(Page, st.lists(_vaults, max_size=3), _markers),
    ),
    "delete_vault": ([_names], {}, st.none()),
    "initiate_multipart_upload": (
        [_names],
        {"part_size": st.sampled_from([MIB << power for power in range(13)]), "description": _texts | st.just("")},
        _ids,
    ),
    "complete_multipart_upload": (
        [_names, _ids],
        {"archive_size": _sizes, "tree_hash": _hashes},
        st.builds(Receipt, _ids, st.just("")),
    ),
    "abort_multipart_upload": ([_names, _ids], {}, st.none()),
    "list_parts": (
        [_names, _ids],
        {"limit": st.none() | st.integers(1, 99), "marker": _markers},
        st.builds(PartsPage, _uploads, _parts, _markers),
    ),
    "list_multipart_uploads": (
        [_names],
        {"limit": st.none() | st.integers(1, 99), "marker": _markers},
        st.builds(Page, st.lists(_uploads, max_size=3), _markers),
    ),
    "delete_archive": ([_names, _ids], {}, st.none()),
    "initiate_job": ([_names, words._archive_jobs | words._inventories], {}, _ids),
    "add_tags_to_vault": ([_names, st.dictionaries(_unicode, _unicode, min_size=1, max_size=4)], {}, st.none()),
    "remove_tags_from_vault": ([_names, st.lists(_unicode, min_size=1, max_size=4)], {}, st.none()),
    "list_tags_for_vault": ([_names], {}, st.dictionaries(_unicode, _unicode, max_size=4)),
    "set_vault_notifications": ([_names, _notices], {}, st.none()),
    "get_vault_notifications": ([_names], {}, _notices),
    "delete_vault_notifications": ([_names], {}, st.none()),
    "set_vault_access_policy": ([_names, _unicode], {}, st.none()),
    "get_vault_access_policy": ([_names], {}, _unicode),
    "delete_vault_access_policy": ([_names], {}, st.none()),
    "initiate_vault_lock": ([_names, _unicode], {}, _ids),
    "complete_vault_lock": ([_names, _ids], {}, st.none()),
    "abort_vault_lock": ([_names], {}, st.none()),
    "get_vault_lock": (
        [_names],
        {},
        st.builds(VaultLock, _unicode, st.sampled_from(LockState), _moments, st.none() | _moments),
    ),
    "get_data_retrieval_policy": ([], {}, _policies),
    "set_data_retrieval_policy": ([_policies], {}, st.none()),
    "list_provisioned_capacity": (
        [],
        {},
        st.lists(st.builds(ProvisionedCapacity, _ids, _moments, _moments), max_size=2),
    ),
    "purchase_provisioned_capacity": ([], {}, _ids),
}


@pytest.mark.parametrize("name", _CASES)
def test_operation_crosses_the_wire_both_ways(name: str, loop: tuple[Script, GlacierStore]) -> None:
    """What is asked arrives as it was meant, and what is answered is read back equal."""
    script, store = loop
    in_order, by_name, answers = _CASES[name]

    @_often
    @given(st.tuples(*in_order), st.fixed_dictionaries(by_name), answers)
    def cross(arguments: tuple[Any, ...], named: dict[str, Any], answer: Any) -> None:
        if isinstance(answer, Receipt):
            answer = Receipt(answer.archive_id, named["tree_hash"])  # another one would be refused
        script.answer = answer
        assert getattr(store, name)(*arguments, **named) == answer
        assert script.asked == (name, arguments, named)

    cross()


_jobs = words._jobs


@_often
@given(_names, _jobs)
def test_job_crosses_the_wire(loop: tuple[Script, GlacierStore], vault_name: str, job: Any) -> None:
    """A job with whatever fields it has, alone and in a page."""
    script, store = loop
    script.answer = job
    assert store.describe_job(vault_name, job.job_id) == job
    assert script.asked == ("describe_job", (vault_name, job.job_id), {})
    script.answer = Page([job, job], "next")
    assert store.list_jobs(vault_name, completed=True, status=job.status, limit=7, marker="m") == script.answer
    asked = {"completed": True, "status": job.status, "limit": 7, "marker": "m"}
    assert script.asked == ("list_jobs", (vault_name,), asked)


@_often
@given(_names, st.binary(min_size=1, max_size=40), _texts, _ids)
def test_bodies_cross_the_wire(
    loop: tuple[Script, GlacierStore], vault_name: str, data: bytes, text: str, made: str
) -> None:
    """An archive and a part, with their bytes, places and hashes."""
    script, store = loop
    digest = tree_hash(data)
    script.answer = Receipt(made, digest)
    assert store.upload_archive(vault_name, BytesBody(data), description=text) == script.answer
    assert script.asked == ("upload_archive", (vault_name, data), {"tree_hash": digest, "description": text})
    store._part_sizes[made] = MIB
    script.answer = digest
    assert store.upload_multipart_part(vault_name, made, BytesBody(data), start=3 * MIB) == digest
    assert script.asked == (
        "upload_multipart_part",
        (vault_name, made, data),
        {"start": 3 * MIB, "tree_hash": digest},
    )


@st.composite
def _outputs(draw: st.DrawFn) -> ScriptedOutput:
    """A part of an output, of any kind."""
    data, start = draw(st.binary(min_size=1, max_size=99)), draw(st.integers(0, 10**9))
    kind = draw(st.sampled_from(["application/octet-stream", "application/json", "text/csv"]))
    place = ByteRange(start, start + len(data))
    total_size = place.end + draw(st.integers(0, 10**9))
    return ScriptedOutput(data, place, total_size, kind, draw(st.none() | _hashes), draw(st.none() | _texts))


@_often
@given(_names, _outputs())
def test_outputs_cross_the_wire(loop: tuple[Script, GlacierStore], vault_name: str, output: ScriptedOutput) -> None:
    """A range of an output: the bytes, where they lie, of how many, their kind, hash and description; then closed."""
    script, store = loop
    script.answer = output
    with store.get_job_output(vault_name, "job", byte_range=output.range) as found:
        assert (found.range, found.total_size) == (output.range, output.total_size)
        assert (found.tree_hash, found.content_type) == (output.tree_hash, output.content_type)
        assert found.archive_description == output.archive_description
        assert b"".join(map(bytes, found)) == output.data
    assert script.asked == ("get_job_output", (vault_name, "job"), {"byte_range": output.range})
    assert output.closed


_ERRORS = [
    errors.AccessDenied,
    errors.InsufficientCapacity,
    errors.InvalidParameterValue,
    errors.LimitExceeded,
    errors.MissingParameterValue,
    errors.PolicyEnforced,
    errors.RequestTimeout,
    errors.ResourceNotFound,
    errors.Throttled,
]


@_often
@given(st.sampled_from(_ERRORS), _unicode)
def test_errors_cross_the_wire(loop: tuple[Script, GlacierStore], kind: type[errors.StoreError], text: str) -> None:
    """An error is the same error at the other end, with the same words."""
    script, store = loop
    script.answer = kind(text)
    with pytest.raises(errors.StoreError) as caught:
        store.describe_vault("v")
    assert type(caught.value) is kind
    assert str(caught.value) == text


@_often
@given(st.sampled_from([errors.ServiceUnavailable, errors.DamagedArchive, OSError, KeyError]), _unicode)
def test_trouble_inside_crosses_without_its_words(
    loop: tuple[Script, GlacierStore], kind: type[Exception], text: str
) -> None:
    """What went wrong inside is told as unavailable, and nothing of it gets out."""
    script, store = loop
    secret = f"secret {text}"
    script.answer = kind(secret)
    with pytest.raises(errors.ServiceUnavailable) as caught:
        store.describe_vault("v")
    assert secret not in str(caught.value)
