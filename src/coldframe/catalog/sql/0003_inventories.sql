-- What vaults said of themselves, and what was deleted: so that one can tell what a late inventory does not know yet.

CREATE TABLE vault_inventory (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    vault        INTEGER NOT NULL REFERENCES vault (id),
    job_id       TEXT NOT NULL,
    inventory_at INTEGER NOT NULL,      -- the moment of the snapshot
    archives     INTEGER,               -- how many archives it names, and their bytes; NULL until it was read to its end
    size         INTEGER
) STRICT;

CREATE INDEX vault_inventory_vault ON vault_inventory (vault, id) WHERE archives IS NOT NULL;

-- The last inventory in which an archive was, with the size and the tree hash that the catalog knows.
CREATE TABLE sighting (
    archive   INTEGER PRIMARY KEY REFERENCES archive (id) ON DELETE CASCADE,
    inventory INTEGER NOT NULL,
    checked   INTEGER NOT NULL          -- CRC-32 over both numbers
) STRICT;

-- Archives that were deleted: an inventory from before may still name them.
CREATE TABLE deletion (
    vault      INTEGER NOT NULL REFERENCES vault (id),
    archive_id TEXT NOT NULL,
    deleted_at INTEGER NOT NULL,
    PRIMARY KEY (vault, archive_id)
) STRICT, WITHOUT ROWID;
