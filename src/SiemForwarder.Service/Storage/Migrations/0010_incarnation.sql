-- The log has an incarnation: it changes when the database's history was replaced (a failover that lost commits, a restored backup),
-- so that nobody acts on what was remembered of another history. stamped_position and last_received_at say what an engine of this version
-- wrote last; where stamped_position is behind next_position, an older engine appended and log_day is completed from the segments.
ALTER TABLE log_head
    ADD COLUMN incarnation      bigint NOT NULL DEFAULT 1,
    ADD COLUMN stamped_position bigint NOT NULL DEFAULT 0,
    ADD COLUMN last_received_at timestamptz;

-- The server and timeline that the log was last seen on; one row.
CREATE TABLE log_origin (
    id                integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    system_identifier text NOT NULL,
    timeline          text NOT NULL,
    seen_at           timestamptz NOT NULL DEFAULT now()
);

-- Every time the history was seen to be replaced, per source. known_next: how far an engine knew the log to reach before; null where none did.
CREATE TABLE log_break (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source_id     integer NOT NULL,
    incarnation   bigint NOT NULL,
    survived_next bigint NOT NULL,
    survived_at   timestamptz,
    known_next    bigint,
    restored      bigint NOT NULL DEFAULT 0,
    reason        text NOT NULL,
    noticed_at    timestamptz NOT NULL DEFAULT now(),
    announced     boolean NOT NULL DEFAULT false,
    UNIQUE (source_id, incarnation)
);
CREATE INDEX log_break_unannounced ON log_break (source_id) WHERE NOT announced;

-- Which day's partition holds a position: reads touch one partition instead of all. lowest_at and highest_at bound the times of the events
-- received on that day, rounded outwards to the hour.
CREATE TABLE log_day (
    source_id      integer NOT NULL REFERENCES source (id) ON DELETE CASCADE,
    day            date NOT NULL,
    first_position bigint NOT NULL,
    lowest_at      bigint NOT NULL,
    highest_at     bigint NOT NULL,
    PRIMARY KEY (source_id, day)
) WITH (fillfactor = 70);

-- Old events are looked up by the lower end of a segment's span, recent ones by the upper.
CREATE INDEX segment_by_lowest ON segment (source_id, lowest_at);
-- Runs of (events, microseconds after received_at) where small segments were merged; null where all were received at once.
ALTER TABLE segment ADD COLUMN receipts bytea;
ALTER TABLE segment ALTER COLUMN receipts SET STORAGE EXTERNAL;

CREATE INDEX event_index_by_source ON event_index (source_id, occurred_at);
CREATE INDEX delivery_by_time ON delivery (integration_id, delivered_at, id);
