-- The free transfer of a month is there once: what every command was allowed to transfer is counted.

-- Bytes that leave the store's network for the internet.
ALTER TABLE spending ADD COLUMN transfer_size INTEGER NOT NULL DEFAULT 0;

-- The token of the order that they are for; NULL where they are for none.
ALTER TABLE spending ADD COLUMN order_token TEXT;

CREATE INDEX spending_order ON spending (order_token) WHERE order_token IS NOT NULL;
