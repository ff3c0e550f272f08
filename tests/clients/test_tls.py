"""The same clients over TLS, each with an implementation of its own, told of the authority and of nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from botocore.exceptions import SSLError

from clients.serving import serving
from coldframe.testing.bodies import pattern
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from clients.node import Node
    from clients.serving import Served

_DATA = pattern(2.5)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for this machine, its key, and the authority that signed it."""
    folder = tmp_path_factory.mktemp("tls")
    maker = trustme.CA()
    issued = maker.issue_cert("localhost", "127.0.0.1")
    maker.cert_pem.write_to_path(str(folder / "authority.pem"))
    issued.private_key_pem.write_to_path(str(folder / "server.key"))
    for number, pem in enumerate(issued.cert_chain_pems):
        pem.write_to_path(str(folder / "server.pem"), append=number > 0)
    return folder


@pytest.fixture(scope="module")
def secure(authority: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that speaks TLS."""
    flags = ("--cert", str(authority / "server.pem"), "--key", str(authority / "server.key"))
    with serving(tmp_path_factory.mktemp("secure") / "store", *flags) as server:
        yield server


def test_sdk_for_javascript_works_over_tls(secure: Served, authority: Path, node: Node) -> None:
    """Node's TLS carries archives, parts and jobs."""
    told = replace(node, account=secure.open_account()).run(
        "data_plane.cjs", NODE_EXTRA_CA_CERTS=str(authority / "authority.pem")
    )
    assert {one["checksum"] for one in told["uploaded"].values()} == {tree_hash(_DATA)}
    assert told["back"]["whole"]["isEqual"]


def test_boto3_works_over_tls(secure: Served, authority: Path, connect: Callable[..., Any]) -> None:
    """Python's TLS does too."""
    client = connect(secure.open_account(), verify=str(authority / "authority.pem"))
    client.create_vault(vaultName="v")
    assert client.upload_archive(vaultName="v", body=_DATA)["checksum"] == tree_hash(_DATA)


def test_boto3_trusts_nobody_unasked(secure: Served, connect: Callable[..., Any]) -> None:
    """A server whose authority the client was not told of is refused."""
    with pytest.raises(SSLError):
        connect(secure.open_account()).list_vaults()
