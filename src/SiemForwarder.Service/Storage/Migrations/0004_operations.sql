-- The forwarder's own log: what a SIEM has to know about the forwarder itself. Its id is 0 in every database.
INSERT INTO source (id, name, kind, enabled, definition, created_at, updated_at) OVERRIDING SYSTEM VALUE
SELECT 0, CASE WHEN EXISTS (SELECT 1 FROM source WHERE name = 'forwarder') THEN 'forwarder (own events)' ELSE 'forwarder' END, 'forwarder', true, '{}', now(), now();
INSERT INTO log_head (source_id) VALUES (0);

-- What the engine that polls a source last saw, so that every process can tell.
CREATE TABLE source_status (
    source_id          integer PRIMARY KEY REFERENCES source (id) ON DELETE CASCADE,
    engine             text NOT NULL,
    report             jsonb NOT NULL,
    failing_since      timestamptz,
    error              text,
    auditing_off       text[] NOT NULL DEFAULT '{}',
    expiration_seconds bigint,
    unread_seconds     bigint NOT NULL DEFAULT 0,
    updated_at         timestamptz NOT NULL
) WITH (fillfactor = 50);

-- What is wrong now (cleared_at is null) and what was: one row from its begin to its end.
CREATE TABLE alarm (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text NOT NULL,
    subject    text NOT NULL,
    name       text NOT NULL,
    message    text NOT NULL,
    since      timestamptz NOT NULL,
    raised_at  timestamptz NOT NULL,
    cleared_at timestamptz
);
CREATE UNIQUE INDEX alarm_open ON alarm (kind, subject) WHERE cleared_at IS NULL;

-- Losses and refusals that the forwarder's log has not told yet.
ALTER TABLE set_aside ADD COLUMN announced boolean NOT NULL DEFAULT false;
CREATE INDEX set_aside_unannounced ON set_aside (integration_id) WHERE NOT announced;
ALTER TABLE gap ADD COLUMN announced boolean NOT NULL DEFAULT false;
CREATE INDEX gap_unannounced ON gap (source_id) WHERE NOT announced;

-- A paused integration sends nothing and keeps its place.
ALTER TABLE integration
    ADD COLUMN paused_at    timestamptz,
    ADD COLUMN paused_by    text,
    ADD COLUMN pause_reason text,
    ADD CHECK ((paused_at IS NULL) = (paused_by IS NULL));
