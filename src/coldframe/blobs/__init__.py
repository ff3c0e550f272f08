"""The service's bytes on disk: blobs under server-made keys, written once, never changed."""

from __future__ import annotations

from coldframe.blobs.disk import DiskBlobs
from coldframe.blobs.opening import open_blobs, owner_of

__all__ = ["DiskBlobs", "open_blobs", "owner_of"]
