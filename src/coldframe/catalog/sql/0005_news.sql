-- What is to be told of orders. A row is written in the transaction that closes an order, or when trouble is met; it is
-- claimed before somebody is told, so that neither a crash loses it nor a hook that crashes us is called for ever.
-- Moments are milliseconds since 1970-01-01 UTC.

CREATE TABLE order_news (
    id           INTEGER PRIMARY KEY,
    order_number INTEGER NOT NULL REFERENCES orders (number) ON DELETE CASCADE,
    kind         TEXT NOT NULL,         -- done, incomplete, or the name of the trouble
    detail       TEXT NOT NULL,
    at           INTEGER NOT NULL,
    tries        INTEGER NOT NULL,
    due_at       INTEGER,               -- when to tell it, or to try again; NULL: everybody was told, or it was given up
    told         TEXT NOT NULL,         -- who was told already, a JSON array
    UNIQUE (order_number, kind)
) STRICT;

CREATE INDEX order_news_due ON order_news (due_at) WHERE due_at IS NOT NULL;
