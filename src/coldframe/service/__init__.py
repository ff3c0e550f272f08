"""The vault service: what a vault, an archive, an upload and a job are. Blob first, then fact."""

from __future__ import annotations

from coldframe.service.retention import ClockState
from coldframe.service.scrubbing import Finding, FindingKind, ScrubProgress
from coldframe.service.service import VaultService
from coldframe.service.sweeping import SweepReport

__all__ = ["ClockState", "Finding", "FindingKind", "ScrubProgress", "SweepReport", "VaultService"]
