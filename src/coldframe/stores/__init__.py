"""The cold stores that are somewhere else: Amazon's vaults, and any server that speaks their protocol."""

from __future__ import annotations
