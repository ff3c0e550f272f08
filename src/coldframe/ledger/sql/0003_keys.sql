-- Access keys. Secrets are sealed with a key that lies outside the ledger; whoever has the ledger alone has none of them.

CREATE TABLE access_key (
    access_key_id TEXT    PRIMARY KEY,
    account_id    TEXT    NOT NULL, -- 12 digits: whose key it is
    scope         TEXT    NOT NULL, -- full, no-delete or read-only
    created_ms    INTEGER NOT NULL,
    expires_ms    INTEGER,          -- NULL: never
    seal_id       BLOB    NOT NULL CHECK (length(seal_id) = 8), -- tells which sealing key it was
    sealed        BLOB,             -- nonce, AES-256-GCM of the secret, tag; bound to ID, account, scope and expiry
    revoked_ms    INTEGER,          -- the row stays, its secret goes
    rotated_ms    INTEGER,          -- when it was given a successor
    successor_id  TEXT,
    CHECK ((sealed IS NULL) = (revoked_ms IS NOT NULL)),
    CHECK ((rotated_ms IS NULL) = (successor_id IS NULL))
) STRICT;
CREATE INDEX access_key_by_account ON access_key (account_id, created_ms, access_key_id);
