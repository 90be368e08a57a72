-- What each integration delivered and what waited for it, in steps of one minute (kept for two hours) and of fifteen (kept for eight days).
-- Only what was not zero has a row; each engine adds what it counted.
CREATE TABLE integration_flow (
    integration_id  integer NOT NULL REFERENCES integration (id) ON DELETE CASCADE,
    minutes         smallint NOT NULL CHECK (minutes IN (1, 15)),
    at              timestamptz NOT NULL,
    delivered       bigint NOT NULL,
    latency_samples bigint NOT NULL,
    latency_total   double precision NOT NULL,
    latency_highest double precision NOT NULL,
    backlog_highest bigint NOT NULL,
    PRIMARY KEY (integration_id, minutes, at)
) WITH (fillfactor = 50);
CREATE INDEX integration_flow_by_time ON integration_flow (minutes, at);
