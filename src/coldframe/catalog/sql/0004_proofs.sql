-- To prove of each local file that its bytes are in a vault: members by where they were read, and by their bytes.

CREATE INDEX entry_member_source ON entry (vault, source)
    WHERE is_newest AND bundle IS NOT NULL AND source IS NOT NULL;
CREATE INDEX entry_sha256 ON entry (substr(sha256, 1, 12)) WHERE sha256 IS NOT NULL;

-- When the inventory's job was begun: a vault that does not change keeps an inventory with an old date.
ALTER TABLE vault_inventory ADD COLUMN asked_at INTEGER;
