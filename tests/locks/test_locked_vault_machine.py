"""A locked vault survives every operation, sweep, scrub, restart and change of the clock, in any order (I5).

All 33 operations are called with their owner's own keys, over boto3 and the face, with whatever could do harm.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from coldframe.composition.accounts import open_accounts
from coldframe.testing.clock import FakeClock
from coldframe.tree_hash import tree_hash
from coldframe.wire.in_process import open_store_client
from coldframe.wire.operations import load_operations
from locks.held import HELD, deny, fill_and_lock

if TYPE_CHECKING:
    from coldframe.composition.accounts import Accounts

_REGIONS = st.sampled_from(["local", "mars-1"])
_YEARS = st.sampled_from([-10, -1, -0.003, 0.003, 1, 10])
_OPERATIONS = st.sampled_from(sorted(load_operations()))
_ARN = f"arn:aws:glacier:local:000000000000:vaults/{HELD}"
_POLICIES = st.sampled_from([deny(_ARN, "glacier:ListJobs"), deny(_ARN, "glacier:*"), "{}", ""])
_DATA = b"another light"


class LockedVault(RuleBasedStateMachine):
    """Whatever happens, the archives and the lock stay."""

    def __init__(self) -> None:
        """A locked vault."""
        super().__init__()
        self.folder = tempfile.mkdtemp(prefix="coldframe-locked-")
        self.clock = FakeClock()
        self.accounts = self._open("local")
        self.held = fill_and_lock(self.accounts.all()[0])

    def _open(self, region: str) -> Accounts:
        accounts = open_accounts(self.folder, clock=self.clock, region=region)
        self.client = open_store_client(accounts.all()[0], account_id="000000000000", region=region)
        return accounts

    @rule(name=_OPERATIONS, data=st.data())
    def call(self, name: str, data: st.DataObject) -> None:
        """Call an operation of the protocol."""
        method = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).strip("_")
        with suppress(ClientError):
            getattr(self.client, method)(accountId="-", **_parameters(name, self.held.upload_id, self._draw(data)))

    def _draw(self, data: st.DataObject) -> dict[str, Any]:
        return {
            "archiveId": data.draw(st.sampled_from(sorted(self.held.archives))),
            "policy": data.draw(_POLICIES),
            "size": data.draw(st.sampled_from([0, 13, 1 << 20])),
        }

    @rule(years=_YEARS)
    def change_the_clock(self, years: float) -> None:
        """Forwards, or back."""
        with suppress(OverflowError):
            self.clock.set(self.clock.now() + timedelta(days=365 * years))

    @rule()
    def let_days_pass(self) -> None:
        """What ends with time has ended."""
        self.clock.advance(days=4)

    @rule()
    def sweep(self) -> None:
        """Sweep all accounts, after a rehearsal."""
        for store in self.accounts.all():
            store.rehearse_sweep()
            store.sweep()

    @rule()
    def scrub(self) -> None:
        """Hash everything again: nothing is found, nothing is mended away."""
        assert list(self.accounts.all()[0].scrub(restart=True)) == []

    @rule(region=_REGIONS)
    def restart(self, region: str) -> None:
        """Open the folder again, perhaps as if it lay somewhere else."""
        self.client.close()
        self.accounts.close()
        self.accounts = self._open(region)

    @rule()
    def make_a_key(self) -> None:
        """A new key changes nothing."""
        self.accounts.create_key()

    @invariant()
    def everything_is_there(self) -> None:
        """Every byte, and the lock."""
        assert self.held.faults(self.accounts.all()[0]) == []

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.client.close()
        self.accounts.close()
        shutil.rmtree(self.folder)


def _parameters(name: str, upload_id: str, drawn: dict[str, Any]) -> dict[str, Any]:
    """What an operation is asked for, by whoever wants the archives gone."""
    known: dict[str, Any] = {
        "vaultName": HELD,
        "archiveId": drawn["archiveId"],
        "uploadId": upload_id,
        "jobId": "A" * 92,
        "lockId": "A" * 24,
        "checksum": tree_hash(_DATA),
        "archiveSize": str(drawn["size"]),
        "partSize": str(1 << 20),
        "range": f"bytes 0-{len(_DATA) - 1}/*",
        "body": _DATA,
        "Tags": {"hold": "false"},
        "TagKeys": ["hold"],
        "policy": {"Policy": drawn["policy"]},
        "Policy": {"Rules": [{"Strategy": "FreeTier"}]},
        "jobParameters": {"Type": "archive-retrieval", "ArchiveId": drawn["archiveId"]},
        "vaultNotificationConfig": {
            "SNSTopic": "arn:aws:sns:local:000000000000:t",
            "Events": ["ArchiveRetrievalCompleted"],
        },
    }
    members = load_operations()[name].request.shape.members
    wanted = {member: value for member, value in known.items() if member in members}
    return {key: value for key, value in wanted.items() if not (name == "GetJobOutput" and key == "range")}


TestLockedVault = LockedVault.TestCase
TestLockedVault.settings = settings(
    max_examples=8, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
