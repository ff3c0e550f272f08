-- What an order may ask of the store: how often each job was agreed to, and whether a request is under way whose answer is
-- not known yet. An order whose jobs have expired beyond the price that was agreed is `paused`, those jobs are `held`.

ALTER TABLE order_job ADD COLUMN agreed INTEGER NOT NULL DEFAULT 1;    -- how many jobs were agreed to for it
ALTER TABLE order_job ADD COLUMN is_asking INTEGER NOT NULL DEFAULT 0; -- when it was asked for (milliseconds), while there is no answer

CREATE INDEX order_job_content ON order_job (order_number, tree_hash);
CREATE INDEX order_job_asking ON order_job (order_number) WHERE is_asking;
