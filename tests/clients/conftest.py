"""A server in a process of its own, and the clients of others, installed and pointed at it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from clients.aws_cli import AwsCli, Examples
from clients.boto import boto3_client
from clients.installing import OLDEST_NODE, find_node, install_aws_cli, install_npm_packages
from clients.node import Node
from clients.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from clients.serving import Account, Served


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A running server for all tests of this process, without waits."""
    with serving(tmp_path_factory.mktemp("served") / "store") as server:
        yield server


@pytest.fixture
def account(served: Served) -> Account:
    """An account that only this test uses."""
    return served.open_account()


@pytest.fixture
def connect() -> Iterator[Callable[..., Any]]:
    """Opens boto3 clients as `boto3_client` does, any number of them, and closes all at the end."""
    with ExitStack() as opened:

        def open_one(account: Account, **options: Any) -> Any:
            client = boto3_client(account, **options)
            opened.callback(client.close)
            return client

        yield open_one


@pytest.fixture(scope="session")
def aws_program() -> Path:
    """The AWS CLI, installed on first use."""
    return install_aws_cli()


@pytest.fixture
def aws(aws_program: Path, account: Account, tmp_path: Path) -> AwsCli:
    """The AWS CLI with the key of this test's account."""
    return AwsCli(aws_program, account, tmp_path)


@pytest.fixture
def examples(aws: AwsCli) -> Examples:
    """The examples of the AWS CLI's documentation, to be run."""
    return Examples(aws)


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The SDK for JavaScript, installed on first use."""
    if find_node() is None:
        pytest.skip(f"node {OLDEST_NODE} or newer and npm are not installed")
    return install_npm_packages()


@pytest.fixture
def node(node_modules: Path, account: Account, tmp_path: Path) -> Node:
    """Node with the SDK and the key of this test's account."""
    return Node(str(find_node()), node_modules, account, tmp_path)
