"""What an account allows itself to retrieve: the data retrieval policy and provisioned capacity (glacier-api 15).

The original's arithmetic is not established; ours stands in `_is_beyond` alone.
"""

from __future__ import annotations

import calendar
from typing import TYPE_CHECKING

from coldframe.clock import from_milliseconds, to_milliseconds
from coldframe.errors import InsufficientCapacity, InvalidParameterValue, LimitExceeded, PolicyEnforced
from coldframe.model import Tier
from coldframe.ports import CapacityRow
from coldframe.ports.admin import MAX_CAPACITY_UNITS, ProvisionedCapacity, RetrievalStrategy
from coldframe.service.core import DAY_MS
from coldframe.service.ids import new_code

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from coldframe.ports import Changes, Facts
    from coldframe.ports.admin import DataRetrievalPolicy
    from coldframe.service.core import Core

SPREAD_HOURS = 4
"""Over how many hours a Standard job's bytes are taken to be spread."""
_MAX_RATE = 2**63 - 1


class ServiceLimits:
    """Implements `ports.admin.AccountLimits`."""

    _core: Core

    def get_data_retrieval_policy(self) -> DataRetrievalPolicy:
        """The policy."""
        return self._core.read(lambda facts, _: facts.retrieval_policy())

    def set_data_retrieval_policy(self, policy: DataRetrievalPolicy) -> None:
        """Replace the policy; it is in force at once."""
        _require_retrieval_policy(policy)
        self._core.write(lambda changes, _: changes.set_retrieval_policy(policy))

    def list_provisioned_capacity(self) -> Sequence[ProvisionedCapacity]:
        """The units that are valid now."""

        def act(facts: Facts, now_ms: int) -> list[ProvisionedCapacity]:
            return [_shown(unit) for unit in facts.capacity(now_ms)]

        return self._core.read(act)

    def purchase_provisioned_capacity(self) -> str:
        """Take one more unit, from now, to the second, for a month."""
        capacity_id = new_code()

        def act(changes: Changes, now_ms: int) -> None:
            if len(changes.capacity(now_ms)) >= MAX_CAPACITY_UNITS:
                raise LimitExceeded(f"The account has {MAX_CAPACITY_UNITS} provisioned capacity units already.")
            started_at = from_milliseconds(now_ms).replace(microsecond=0)
            expires_at = month_later(started_at)
            changes.add_capacity(CapacityRow(capacity_id, to_milliseconds(started_at), to_milliseconds(expires_at)))

        self._core.write(act)
        return capacity_id


def require_retrievable(core: Core, facts: Facts, *, tier: Tier, size: int, now_ms: int) -> None:
    """Refuse an archive retrieval of `size` bytes that the account's limits do not allow now.

    Raises:
        PolicyEnforced: The data retrieval policy refuses it; that is for Standard retrievals only.
        InsufficientCapacity: It is Expedited, and those are served by provisioned capacity alone, of which there is
            none.
    """
    if tier is Tier.STANDARD and _is_beyond(core, facts, size, now_ms):
        raise PolicyEnforced("InitiateJob request denied by current data retrieval policy.")
    if tier is Tier.EXPEDITED and core.is_expedited_scarce and not facts.capacity(now_ms):
        raise InsufficientCapacity("There is insufficient capacity to process this expedited request.")


def _is_beyond(core: Core, facts: Facts, size: int, now_ms: int) -> bool:
    """Whether one more Standard job would be more than the policy allows (glacier-api 15, our choice)."""
    policy = facts.retrieval_policy()
    match policy.strategy:
        case RetrievalStrategy.BYTES_PER_HOUR:
            return facts.standard_bytes_running(now_ms) + size > (policy.bytes_per_hour or 0) * SPREAD_HOURS
        case RetrievalStrategy.FREE_TIER:
            return facts.standard_bytes_since(now_ms - now_ms % DAY_MS) + size > core.free_daily_bytes
        case RetrievalStrategy.NONE:
            return False


def month_later(moment: datetime) -> datetime:
    """The same second a month later; a day that the next month does not have becomes its last."""
    year, month = (moment.year + 1, 1) if moment.month == 12 else (moment.year, moment.month + 1)  # noqa: PLR2004 - December
    return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))


def _require_retrieval_policy(policy: DataRetrievalPolicy) -> None:
    is_rated = policy.strategy is RetrievalStrategy.BYTES_PER_HOUR
    rate = policy.bytes_per_hour
    if is_rated is (rate is None):
        belongs = "must be given with" if is_rated else "is not for"
        raise InvalidParameterValue(f"BytesPerHour {belongs} the strategy {policy.strategy.value}.")
    if rate is not None and not 1 <= rate <= _MAX_RATE:
        raise InvalidParameterValue(f"Invalid BytesPerHour: {rate}")


def _shown(unit: CapacityRow) -> ProvisionedCapacity:
    return ProvisionedCapacity(unit.capacity_id, from_milliseconds(unit.started_ms), from_milliseconds(unit.expires_ms))
