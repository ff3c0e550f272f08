-- Restore drills: what was brought back and compared, and how that ended.

CREATE TABLE drill (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    vault    INTEGER NOT NULL REFERENCES vault (id),
    ended_at INTEGER NOT NULL,
    seed     INTEGER NOT NULL,
    passed   INTEGER NOT NULL,
    failed   INTEGER NOT NULL
) STRICT;

-- The last time that an archive's bytes were brought back, and whether they were the same.
CREATE TABLE drilled (
    archive    INTEGER PRIMARY KEY REFERENCES archive (id) ON DELETE CASCADE,
    checked_at INTEGER NOT NULL,
    is_same    INTEGER NOT NULL
) STRICT;
