-- Topics and queues that we made for vaults. A row is written before anything is made: the names follow from its token, so
-- that what a killed run has made is found again, and nothing else is ever removed.

CREATE TABLE vault_queue (
    store            TEXT NOT NULL,     -- the store's identity
    vault_name       TEXT NOT NULL,
    token            TEXT NOT NULL,     -- random; part of the names, and a tag of what was made
    region           TEXT NOT NULL,
    sns_endpoint     TEXT,              -- NULL: Amazon's own
    sqs_endpoint     TEXT,
    profile          TEXT,              -- of the AWS configuration; NULL: the usual one
    PRIMARY KEY (store, vault_name)
) STRICT, WITHOUT ROWID;
