-- The catalog: what went where. Moments are milliseconds since 1970-01-01 UTC, modified_ns is nanoseconds.
-- "checked" is a CRC-32 over the other columns of its row, so that damage that SQLite cannot see is still seen.

CREATE TABLE store (
    id       INTEGER PRIMARY KEY,
    identity TEXT NOT NULL UNIQUE,
    url      TEXT
) STRICT;

CREATE TABLE vault (
    id    INTEGER PRIMARY KEY,
    store INTEGER NOT NULL REFERENCES store (id),
    name  TEXT NOT NULL,
    UNIQUE (store, name)
) STRICT;

CREATE TABLE archive (
    id          INTEGER PRIMARY KEY,
    vault       INTEGER NOT NULL REFERENCES vault (id),
    archive_id  TEXT NOT NULL,
    size        INTEGER NOT NULL,
    tree_hash   TEXT NOT NULL,
    description TEXT NOT NULL,
    archived_at INTEGER NOT NULL,
    head_hash   TEXT,               -- SHA-256 of the first chunk of the file it holds, where known
    checked     INTEGER NOT NULL,
    UNIQUE (archive_id, vault)
) STRICT;

CREATE INDEX archive_content ON archive (vault, size, head_hash);

CREATE TABLE entry (
    id              INTEGER PRIMARY KEY,
    vault           INTEGER NOT NULL REFERENCES vault (id),
    archive         INTEGER NOT NULL REFERENCES archive (id) ON DELETE CASCADE,
    bundle          INTEGER REFERENCES entry (id) ON DELETE CASCADE,    -- of a member: the bundle it lies in
    path            TEXT NOT NULL,
    kind            TEXT NOT NULL CHECK (kind IN ('file', 'bundle', 'member')),
    size            INTEGER NOT NULL,
    modified_ns     INTEGER,
    source          TEXT,
    signature       TEXT,
    is_newest       INTEGER NOT NULL,    -- the newest version of this vault, path and source
    name            TEXT,                -- this and the rest: where a member lies in its bundle
    header_offset   INTEGER,
    data_offset     INTEGER,
    compressed_size INTEGER,
    method          TEXT,
    sha256          TEXT,
    crc32           INTEGER,
    checked         INTEGER NOT NULL
) STRICT;

CREATE INDEX entry_version ON entry (vault, path, source);
CREATE INDEX entry_listing ON entry (vault, path) WHERE is_newest AND bundle IS NULL;
CREATE INDEX entry_member ON entry (vault, path) WHERE is_newest AND bundle IS NOT NULL;
CREATE INDEX entry_source ON entry (vault, source) WHERE is_newest AND bundle IS NULL AND source IS NOT NULL;
CREATE INDEX entry_archive ON entry (archive);
CREATE INDEX entry_bundle ON entry (bundle) WHERE bundle IS NOT NULL;

CREATE VIRTUAL TABLE entry_text USING fts5 (path, content = 'entry', content_rowid = 'id', tokenize = 'trigram');

CREATE TRIGGER entry_inserted AFTER INSERT ON entry BEGIN
    INSERT INTO entry_text (rowid, path) VALUES (new.id, new.path);
END;

CREATE TRIGGER entry_deleted AFTER DELETE ON entry BEGIN
    INSERT INTO entry_text (entry_text, rowid, path) VALUES ('delete', old.id, old.path);
END;

CREATE TABLE attempt (
    id          INTEGER PRIMARY KEY,
    vault       INTEGER NOT NULL REFERENCES vault (id),
    path        TEXT NOT NULL,
    source      TEXT NOT NULL,
    size        INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    description TEXT NOT NULL,
    started_at  INTEGER NOT NULL,
    signature   TEXT,
    part_size   INTEGER,
    upload_id   TEXT,
    tree_hash   TEXT
) STRICT;

CREATE INDEX attempt_vault ON attempt (vault);

CREATE TABLE note (
    name TEXT PRIMARY KEY,
    text TEXT NOT NULL
) STRICT;
