"""Who hears that a job has ended (glacier-api 8.2 and 14).

The job's own topic does, and the one that its vault's configuration names when the job ends, as the original has it. A
job ends by itself, at a moment that its row tells, and nobody may be there to see it. So whoever comes first afterwards
settles who hears: the outbox, or whoever is about to change the configuration. What that takes is written in the
transaction that starts the job: a job that was acknowledged is told of, whatever happens in between.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coldframe.errors import MissingParameterValue, ResourceNotFound
from coldframe.ports import NoticeRow
from coldframe.service.rules import sns_topic

if TYPE_CHECKING:
    from coldframe.ports import Changes, Facts, JobRow
    from coldframe.ports.admin import VaultNotifications
    from coldframe.service.core import Core


_PAGE = 500


class ServiceNotices:
    """Implements `ports.admin.VaultNotices`."""

    _core: Core

    def set_vault_notifications(self, vault_name: str, notifications: VaultNotifications) -> None:
        """Replace the configuration; an event that is named twice counts once."""
        core = self._core

        def act(changes: Changes, now_ms: int) -> None:
            vault = core.vault(changes, vault_name)
            if not notifications.events:
                raise MissingParameterValue("Required parameter missing: Events")
            if sns_topic(notifications.sns_topic, core.region) is None:
                raise MissingParameterValue("Required parameter missing: SNSTopic")
            once = replace(notifications, events=tuple(dict.fromkeys(notifications.events)))
            settle_all(changes, now_ms)
            changes.set_notifications(vault.row, once)

        core.write(act)

    def get_vault_notifications(self, vault_name: str) -> VaultNotifications:
        """The configuration."""
        core = self._core

        def act(facts: Facts, _now_ms: int) -> VaultNotifications:
            found = facts.notifications(core.vault(facts, vault_name).row)
            if found is None:
                raise ResourceNotFound(f"No notification configuration is set for vault: {vault_name}")
            return found

        return core.read(act)

    def delete_vault_notifications(self, vault_name: str) -> None:
        """Tell nobody; jobs that have ended by now are told of still."""
        core = self._core

        def act(changes: Changes, now_ms: int) -> None:
            vault = core.vault(changes, vault_name)
            settle_all(changes, now_ms)
            changes.set_notifications(vault.row, None)

        core.write(act)


def begin_job(changes: Changes, job: JobRow, now_ms: int) -> None:
    """Start a job and see to it that its end is told; one that is ready at once has ended now."""
    changes.add_job(job)
    if job.ready_ms <= now_ms:
        _tell(changes, job, job.ready_ms)
    else:
        changes.add_ending(job.key, job.ready_ms)


def settle(changes: Changes, now_ms: int, *, limit: int) -> int:
    """Tell of up to `limit` jobs that have ended, with the configuration as it is; answers of how many."""
    keys = changes.ended_jobs(now_ms, limit=limit)
    for key in keys:
        job = changes.job(key)
        if job is not None:
            _tell(changes, job, job.ready_ms if job.failed_ms is None else job.failed_ms)
        changes.drop_ending(key)
    return len(keys)


def settle_all(changes: Changes, now_ms: int) -> None:
    """Tell of all jobs that have ended, before a configuration changes: the one at the end of a job counts."""
    while settle(changes, now_ms, limit=_PAGE) == _PAGE:
        pass


def _tell(changes: Changes, job: JobRow, ended_ms: int) -> None:
    """A notice for each topic that listens; one that both the job and its vault name hears once."""
    configured = changes.notifications(job.vault)
    is_wanted = configured is not None and f"{job.action}Completed" in configured.events
    topics = (job.sns_topic, configured.sns_topic if configured is not None and is_wanted else None)
    for topic in dict.fromkeys(topics):
        if topic is not None:
            changes.add_notice(NoticeRow(job.key, topic, ended_ms, next_ms=ended_ms))
