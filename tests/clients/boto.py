"""boto3, with an account's key and nothing of what this machine's user has set up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import botocore
from botocore.config import Config

from clients.serving import REGION

if TYPE_CHECKING:
    from clients.serving import Account

VERSION = f"boto3/{boto3.__version__} botocore/{botocore.__version__}"


def boto3_client(account: Account, *, url: str | None = None, verify: str | None = None, **config: Any) -> Any:
    """A client of the account.

    Args:
        account: Whose.
        url: What listens in the server's place.
        verify: The file of the authority to trust.
        config: As botocore takes it.
    """
    options = {"endpoint_url": url or account.url, "verify": verify, "config": Config(**config)}
    return _session(account).client("glacier", **options)


def boto3_resource(account: Account) -> Any:
    """The resource interface of the account."""
    return _session(account).resource("glacier", endpoint_url=account.url)


def _session(account: Account) -> Any:
    return boto3.session.Session(
        aws_access_key_id=account.access_key_id,
        aws_secret_access_key=account.secret_access_key,
        region_name=REGION,
    )
