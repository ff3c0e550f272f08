"""Measure what keys and permissions cost each request.

Usage: python -m benchmarks.permissions [--folder .cache]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import timeit
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from coldframe.clock import SystemClock
from coldframe.composition.accounts import REGION, open_accounts
from coldframe.wire.access import Access, AccountAuthorizer, StaticKeyring
from coldframe.wire.face import Face
from coldframe.wire.http import Request
from coldframe.wire.signature import Scope, canonical_request, sign, string_to_sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.composition.accounts import Accounts
    from coldframe.wire.access import Key

_TURNS, _ROUNDS = 2_000, 7
_TIMESTAMP = "%Y%m%dT%H%M%SZ"


def main() -> None:
    """Print a table of microseconds, each the least of several rounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", default=".cache", help="a folder on the disk to measure (default: .cache)")
    with tempfile.TemporaryDirectory(dir=parser.parse_args().folder) as folder, open_accounts(folder) as accounts:
        key = accounts.create_key()
        _govern(accounts)
        print("| step | microseconds |", "| --- | ---: |", sep="\n")
        for name, act in _steps(accounts, key).items():
            print(f"| {name} | {_microseconds(act):.1f} |", flush=True)


def _govern(accounts: Accounts) -> None:
    """A vault without policies, and one with both kinds, tags and a hundred keys beside."""
    store = accounts.all()[0]
    for _ in range(100):
        accounts.create_key()
    for name in ("plain", "governed"):
        store.create_vault(name)
    young = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "glacier:DeleteArchive",
        "Resource": f"arn:aws:glacier:{REGION}:000000000000:vaults/governed",
        "Condition": {"NumericLessThan": {"glacier:ArchiveAgeInDays": "365"}},
    }
    policy = json.dumps({"Statement": [young]})
    store.set_vault_access_policy("governed", policy)
    store.initiate_vault_lock("governed", policy)
    store.add_tags_to_vault("governed", {"season": "spring"})


def _steps(accounts: Accounts, key: Key) -> dict[str, Callable[[], object]]:
    find_store = accounts.store
    static = StaticKeyring({key.access_key_id: key})
    clock = SystemClock()
    bare = Face(find_store, keyring=static, authorizer=AccountAuthorizer(), clock=clock, region=REGION)
    whole = Face(find_store, keyring=accounts.keyring, authorizer=accounts.authorizer, clock=clock, region=REGION)
    plain, governed = _access(key, "plain"), _access(key, "governed")
    request = _describe(key)
    return {
        "read nothing from the ledger": lambda: find_store(key.account_id).ledger.read(lambda _: None),  # type: ignore[union-attr]
        "find a key and open its seal": lambda: accounts.keyring.find(key.access_key_id),
        "decide, vault without policies": lambda: accounts.authorizer.authorize(plain),
        "decide, access policy and lock policy": lambda: accounts.authorizer.authorize(governed),
        "DescribeVault through the face, a key in memory and no policies": lambda: bare.handle(request),
        "DescribeVault through the face, with keys and policies": lambda: whole.handle(request),
    }


def _access(key: Key, vault_name: str) -> Access:
    return Access(
        key=key,
        operation="UploadArchive",
        account_id=key.account_id,
        vault_name=vault_name,
        archive_id=None,
        at=datetime.now(UTC),  # noqa: TID251 - a measurement is of today
        peer="127.0.0.1",
        is_secure=True,
        user_agent="benchmark",
    )


def _describe(key: Key) -> Request:
    """A signed DescribeVault, good for five minutes."""
    stamp = datetime.now(UTC).strftime(_TIMESTAMP)  # noqa: TID251 - as above
    headers = [(b"Host", b"localhost"), (b"x-amz-date", stamp.encode()), (b"x-amz-glacier-version", b"2012-06-01")]
    signed = ("host", "x-amz-date", "x-amz-glacier-version")
    path, scope = b"/-/vaults/governed", Scope(stamp[:8], REGION, "glacier")
    canonical = canonical_request(
        method="GET", path=path, query=b"", headers=headers, signed=signed, payload_hash=_NOTHING
    )
    signature = sign(key.secret_access_key, scope, string_to_sign(timestamp=stamp, scope=scope, canonical=canonical))
    told = f"AWS4-HMAC-SHA256 Credential={key.access_key_id}/{scope}, SignedHeaders={';'.join(signed)}, "
    authorization = (b"Authorization", f"{told}Signature={signature}".encode())
    return Request(method="GET", path=path, headers=[*headers, authorization], peer="127.0.0.1")


_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def _microseconds(act: Callable[[], object]) -> float:
    act()
    return min(timeit.repeat(act, number=_TURNS, repeat=_ROUNDS)) / _TURNS * 1e6


if __name__ == "__main__":
    main()
