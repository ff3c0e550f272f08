"""Access keys: made, listed, revoked, and kept so that a copy of the ledger gives no secret away."""
