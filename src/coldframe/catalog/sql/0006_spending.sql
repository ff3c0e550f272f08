-- What commands were allowed to spend, written before they began. Sums are US dollars, as decimal texts.

CREATE TABLE spending (
    id           INTEGER PRIMARY KEY,
    store        TEXT NOT NULL,         -- the store's identity
    vault_name   TEXT NOT NULL,         -- '' where it is for no vault
    what         TEXT NOT NULL,         -- the command
    committed_at INTEGER NOT NULL,      -- milliseconds since 1970-01-01 UTC
    amount       TEXT,                  -- what was expected; NULL where nobody knew
    most         TEXT,                  -- what it may come to
    after        INTEGER,               -- of archive, while it runs: the last row of `archive` when it began
    is_settled   INTEGER NOT NULL       -- whether the sums are of what was done in the end
) STRICT;

CREATE INDEX spending_month ON spending (committed_at);
