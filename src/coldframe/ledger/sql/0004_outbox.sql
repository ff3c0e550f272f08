-- Who is told that a job has ended. A job that is yet to end has a row in `ending`; once it has ended, everybody who
-- listens at that moment gets a row in `notice`, and the row in `ending` goes. Both go with their job.

CREATE TABLE ending (
    job    BLOB    PRIMARY KEY REFERENCES job (key) ON DELETE CASCADE,
    due_ms INTEGER NOT NULL -- when the job ends: its ready_ms, or its failed_ms if that came first
) STRICT, WITHOUT ROWID;
CREATE INDEX ending_by_time ON ending (due_ms);

CREATE TABLE notice (
    job      BLOB    NOT NULL REFERENCES job (key) ON DELETE CASCADE,
    topic    TEXT    NOT NULL, -- the ARN of an SNS topic
    ended_ms INTEGER NOT NULL, -- when the job ended: for 24 hours from then on delivery is tried again
    next_ms  INTEGER NOT NULL, -- waiting: when it is tried next, or, while somebody tries, when another may
    attempts INTEGER NOT NULL, -- how often delivery has failed
    state    TEXT    NOT NULL CHECK (state IN ('waiting', 'delivered', 'given up', 'undeliverable')),
    PRIMARY KEY (job, topic)
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_by_time ON notice (next_ms) WHERE state = 'waiting';

-- Jobs that run while the store gets these tables are told of too.
INSERT INTO ending (job, due_ms)
SELECT key, ready_ms FROM job WHERE failed_ms IS NULL AND ready_ms > (SELECT floor_ms FROM store);
