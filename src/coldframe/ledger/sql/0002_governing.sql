-- How vaults and the account are governed: tags, policies, locks, notifications, limits. Rows of a vault go with it,
-- but for a lock that is complete: that one stays, as the vault's own row does.

CREATE TABLE tag (
    vault INTEGER NOT NULL REFERENCES vault (row),
    key   TEXT    NOT NULL,
    value TEXT    NOT NULL,
    PRIMARY KEY (vault, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE access_policy (
    vault  INTEGER PRIMARY KEY REFERENCES vault (row),
    policy TEXT    NOT NULL -- as it was set, to the letter
) STRICT;

CREATE TABLE notification (
    vault  INTEGER PRIMARY KEY REFERENCES vault (row),
    topic  TEXT    NOT NULL,
    events TEXT    NOT NULL -- their names, with a comma between two
) STRICT;

CREATE TABLE vault_lock (
    vault      INTEGER PRIMARY KEY REFERENCES vault (row),
    lock_id    TEXT    NOT NULL,
    vault_arn  TEXT    NOT NULL, -- as the policy knows the vault, whatever region the store says it is in later
    policy     TEXT    NOT NULL, -- as it was given, to the letter
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER           -- NULL: complete, for ever
) STRICT;

-- Whatever a program may come to do by mistake, the ledger itself gives up no complete lock.
CREATE TRIGGER vault_lock_is_not_changed BEFORE UPDATE ON vault_lock WHEN OLD.expires_ms IS NULL
BEGIN
    SELECT RAISE(ABORT, 'a complete vault lock cannot be changed');
END;
CREATE TRIGGER vault_lock_is_not_deleted BEFORE DELETE ON vault_lock WHEN OLD.expires_ms IS NULL
BEGIN
    SELECT RAISE(ABORT, 'a complete vault lock cannot be deleted');
END;

CREATE TABLE retrieval_policy (
    row            INTEGER PRIMARY KEY CHECK (row = 1),
    strategy       TEXT    NOT NULL CHECK (strategy IN ('None', 'FreeTier', 'BytesPerHour')),
    bytes_per_hour INTEGER CHECK ((bytes_per_hour IS NOT NULL) = (strategy = 'BytesPerHour'))
) STRICT;

CREATE TABLE capacity (
    row         INTEGER PRIMARY KEY, -- in the order of purchase
    capacity_id TEXT    NOT NULL UNIQUE,
    started_ms  INTEGER NOT NULL,
    expires_ms  INTEGER NOT NULL
) STRICT;

-- The retrieval policy adds up the Standard jobs that run, and those of a day.
CREATE INDEX job_standard_by_end ON job (ready_ms) WHERE tier = 'Standard';
CREATE INDEX job_standard_by_start ON job (created_ms) WHERE tier = 'Standard';
