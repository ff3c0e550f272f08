"""The vault service: what a vault, an archive, an upload and a job are. Blob first, then fact."""

from __future__ import annotations

from coldframe.service.service import VaultService

__all__ = ["VaultService"]
