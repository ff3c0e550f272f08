"""The service's facts in SQLite: vaults, archives, parts, uploads, jobs."""

from __future__ import annotations

from coldframe.ledger.ledger import SqliteLedger, open_ledger

__all__ = ["SqliteLedger", "open_ledger"]
