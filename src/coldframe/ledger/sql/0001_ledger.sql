-- The ledger of one embedded store. Moments (*_ms) are milliseconds since 1970 UTC, keys are 16 bytes, tree hashes 32.

CREATE TABLE store (
    row         INTEGER PRIMARY KEY CHECK (row = 1),
    identity    TEXT    NOT NULL,
    is_claimed  INTEGER NOT NULL DEFAULT 0, -- 1: a place for blobs belongs to this ledger
    floor_ms    INTEGER NOT NULL DEFAULT 0  -- time never runs back behind this
) STRICT;

CREATE TABLE vault (
    row                INTEGER PRIMARY KEY,
    name               TEXT    NOT NULL,
    created_ms         INTEGER NOT NULL,
    change             INTEGER NOT NULL DEFAULT 0, -- counts archives made and deleted
    archives           INTEGER NOT NULL DEFAULT 0, -- live
    size               INTEGER NOT NULL DEFAULT 0, -- live, bytes
    stale_since_ms     INTEGER,                    -- first change after the last inventory
    inventory_ms       INTEGER,
    inventory_change   INTEGER NOT NULL DEFAULT 0,
    inventory_archives INTEGER NOT NULL DEFAULT 0,
    inventory_size     INTEGER NOT NULL DEFAULT 0,
    deleted_ms         INTEGER
) STRICT;
CREATE UNIQUE INDEX vault_by_name ON vault (name) WHERE deleted_ms IS NULL;

-- An archive is in the inventory of change n if created_change <= n and it was not deleted at a change <= n.
CREATE TABLE archive (
    key            BLOB    PRIMARY KEY CHECK (length(key) = 16),
    vault          INTEGER NOT NULL REFERENCES vault (row),
    created_ms     INTEGER NOT NULL,
    created_change INTEGER NOT NULL,
    size           INTEGER NOT NULL CHECK (size > 0),
    tree_hash      BLOB    NOT NULL CHECK (length(tree_hash) = 32),
    description    TEXT    NOT NULL,
    deleted_ms     INTEGER,
    deleted_change INTEGER,
    is_freed       INTEGER NOT NULL DEFAULT 0 -- 1: deleted, and its parts are gone
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX archive_by_creation ON archive (vault, created_ms, created_change);
CREATE INDEX archive_to_free ON archive (key) WHERE deleted_ms IS NOT NULL AND is_freed = 0;

-- A completed upload and its archive have the same key, so that its parts change hands without being touched.
CREATE TABLE upload (
    key         BLOB    PRIMARY KEY CHECK (length(key) = 16),
    vault       INTEGER NOT NULL REFERENCES vault (row),
    created_ms  INTEGER NOT NULL,
    active_ms   INTEGER NOT NULL,
    part_size   INTEGER NOT NULL,
    description TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('open', 'completed', 'aborted')),
    ended_ms    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX upload_open ON upload (vault, key) WHERE state = 'open';

CREATE TABLE part (
    owner     BLOB    NOT NULL CHECK (length(owner) = 16), -- key of an archive, an upload or an inventory job
    start     INTEGER NOT NULL,
    size      INTEGER NOT NULL CHECK (size > 0),
    tree_hash BLOB    NOT NULL CHECK (length(tree_hash) = 32),
    blob      BLOB    NOT NULL CHECK (length(blob) = 16),
    PRIMARY KEY (owner, start)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX part_by_blob ON part (blob);

CREATE TABLE job (
    key         BLOB    PRIMARY KEY CHECK (length(key) = 16),
    vault       INTEGER NOT NULL REFERENCES vault (row),
    action      TEXT    NOT NULL CHECK (action IN ('ArchiveRetrieval', 'InventoryRetrieval')),
    created_ms  INTEGER NOT NULL,
    ready_ms    INTEGER NOT NULL,
    failed_ms   INTEGER, -- its archive was deleted before ready_ms
    description TEXT,
    sns_topic   TEXT,
    archive     BLOB REFERENCES archive (key),
    range_start INTEGER,
    range_end   INTEGER,
    tree_hash   BLOB,    -- of the range, where the alignment allows one
    tier        TEXT,
    format      TEXT,
    from_ms     INTEGER,
    until_ms    INTEGER,
    item_limit  INTEGER,
    marker      TEXT,
    snapshot    INTEGER, -- the vault's change that the inventory shows
    snapshot_ms INTEGER,
    output_size INTEGER, -- known once the output is written
    next_marker TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX job_by_vault ON job (vault, key);
CREATE INDEX job_by_archive ON job (archive) WHERE archive IS NOT NULL;

CREATE TABLE scrub (
    row         INTEGER PRIMARY KEY CHECK (row = 1),
    started_ms  INTEGER NOT NULL,
    cursor      BLOB    NOT NULL, -- every blob up to this key has been hashed again
    blobs       INTEGER NOT NULL,
    size        INTEGER NOT NULL,
    finished_ms INTEGER
) STRICT;

CREATE TABLE finding (
    blob     BLOB    PRIMARY KEY,
    kind     TEXT    NOT NULL CHECK (kind IN ('damaged', 'missing', 'unreferenced')),
    detail   TEXT    NOT NULL,
    found_ms INTEGER NOT NULL,
    owner    BLOB
) STRICT, WITHOUT ROWID;
