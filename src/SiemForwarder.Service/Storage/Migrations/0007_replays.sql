-- Events sent again, or history sent for the first time, in a lane beside live traffic.
CREATE TABLE replay (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    integration_id    integer NOT NULL REFERENCES integration (id) ON DELETE CASCADE,
    kind              text NOT NULL CHECK (kind IN ('replay', 'backfill')),
    state             text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'cancelled')),
    definition        jsonb NOT NULL,
    events_per_second integer NOT NULL CHECK (events_per_second > 0),
    delivered         bigint NOT NULL DEFAULT 0,
    byte_count        bigint NOT NULL DEFAULT 0,
    missing           bigint NOT NULL DEFAULT 0,
    error             text,
    error_at          timestamptz,
    next_attempt_at   timestamptz,
    created_by        text NOT NULL,
    created_at        timestamptz NOT NULL,
    started_at        timestamptz,
    finished_at       timestamptz
);
CREATE INDEX replay_running ON replay (integration_id, id) WHERE state = 'running';
CREATE INDEX replay_by_integration ON replay (integration_id, id);

-- What a replay reads; everything up to position is done.
CREATE TABLE replay_range (
    replay_id      bigint NOT NULL REFERENCES replay (id) ON DELETE CASCADE,
    source_id      integer NOT NULL REFERENCES source (id) ON DELETE CASCADE,
    first_position bigint NOT NULL,
    last_position  bigint NOT NULL,
    position       bigint NOT NULL,
    PRIMARY KEY (replay_id, source_id),
    CHECK (position BETWEEN first_position - 1 AND last_position)
) WITH (fillfactor = 50);

ALTER TABLE delivery ADD COLUMN replay_id bigint;
