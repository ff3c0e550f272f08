"""Access keys, and where their secrets are safe: sealed in the ledger, with a sealing key that lies elsewhere."""

from __future__ import annotations

from coldframe.keyring.info import KeyInfo, KeyState
from coldframe.keyring.keys import GRACE, Keys, require_account
from coldframe.keyring.seal import Seal, SealFile

__all__ = ["GRACE", "KeyInfo", "KeyState", "Keys", "Seal", "SealFile", "require_account"]
