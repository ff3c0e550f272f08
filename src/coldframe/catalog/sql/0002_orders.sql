-- Orders: what a user asked to retrieve. Everything that carrying on needs is copied here when the order is placed, so an
-- order goes on even if its entries leave the catalog. Moments are milliseconds since 1970-01-01 UTC.

CREATE TABLE orders (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    token       TEXT NOT NULL,          -- random; part of the names of the order's unfinished files
    store       TEXT NOT NULL,          -- the store's identity
    destination TEXT NOT NULL,          -- absolute path (a text of names.write_path)
    mount_point TEXT NOT NULL,          -- of the destination's file system when the order was placed
    tier        TEXT NOT NULL,
    max_cost    TEXT NOT NULL,          -- the most that was agreed to, a decimal number
    overwrite   INTEGER NOT NULL,
    is_told     INTEGER NOT NULL,       -- whether the files that needed nothing were answered to whoever carried it on
    state       TEXT NOT NULL,
    placed_at   INTEGER NOT NULL,
    closed_at   INTEGER
) STRICT;

CREATE INDEX orders_open ON orders (store) WHERE closed_at IS NULL;

-- One archive, or one megabyte-aligned range of one, that the order needs; at most one living job at a time.
CREATE TABLE order_job (
    id           INTEGER PRIMARY KEY,
    order_number INTEGER NOT NULL REFERENCES orders (number) ON DELETE CASCADE,
    vault_name   TEXT NOT NULL,
    archive_id   TEXT NOT NULL,
    archive_size INTEGER,               -- NULL until a job tells it
    tree_hash    TEXT,                  -- of the whole archive; NULL until a job tells it
    range_start  INTEGER,               -- both NULL: the whole archive
    range_end    INTEGER,
    description  TEXT NOT NULL,         -- the job's: the file name
    state        TEXT NOT NULL,
    job_id       TEXT,
    asked        INTEGER NOT NULL,      -- how many jobs were started for it, each of them paid
    detail       TEXT NOT NULL
) STRICT;

CREATE INDEX order_job_state ON order_job (order_number, state);
CREATE INDEX order_job_archive ON order_job (order_number, archive_id);

-- One file to make at the destination.
CREATE TABLE order_placement (
    id              INTEGER PRIMARY KEY,
    order_number    INTEGER NOT NULL REFERENCES orders (number) ON DELETE CASCADE,
    job             INTEGER REFERENCES order_job (id) ON DELETE CASCADE,    -- NULL: empty, made without a job
    path            TEXT NOT NULL,      -- as archived (a text of names.write_path)
    size            INTEGER,            -- NULL until a job tells it
    modified_ns     INTEGER,
    header_offset   INTEGER,            -- this and the next five: where a member lies in its bundle
    data_offset     INTEGER,
    compressed_size INTEGER,
    method          TEXT,
    sha256          TEXT,
    crc32           INTEGER,
    state           TEXT NOT NULL,
    placed_as       TEXT,               -- where it is, below the destination (a text of names.write_path)
    place_key       TEXT,               -- placed_as as a case-insensitive file system would see it
    detail          TEXT NOT NULL
) STRICT;

CREATE INDEX order_placement_job ON order_placement (job);
CREATE INDEX order_placement_state ON order_placement (order_number, state);
CREATE INDEX order_placement_key ON order_placement (order_number, place_key) WHERE place_key IS NOT NULL;

-- The segments of a job's output that are durable in its unfinished file.
CREATE TABLE order_segment (
    job       INTEGER NOT NULL REFERENCES order_job (id) ON DELETE CASCADE,
    start     INTEGER NOT NULL,         -- counted from the first byte of the job's range
    tree_hash TEXT NOT NULL,
    PRIMARY KEY (job, start)
) STRICT, WITHOUT ROWID;
