-- The log of the alerts. Its id is -1 in every database.
INSERT INTO source (id, name, kind, enabled, definition, created_at, updated_at) OVERRIDING SYSTEM VALUE
SELECT -1, CASE WHEN EXISTS (SELECT 1 FROM source WHERE name = 'detections') THEN 'detections (alerts)' ELSE 'detections' END, 'forwarder', true, '{}', now(), now();
INSERT INTO log_head (source_id) VALUES (-1);

-- Rule files. Of a file of the pack only what was decided about it stands here; its text is part of the program.
CREATE TABLE detection_rule (
    name             text PRIMARY KEY,
    is_pack          boolean NOT NULL,
    enabled          boolean NOT NULL,
    body             text,
    fixtures         text,
    expected_per_day integer,
    version          integer NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    CHECK (is_pack = (body IS NULL))
);

-- Values of placeholders; a list of the pack that is not here has the values that come with it.
CREATE TABLE detection_list (
    name       text PRIMARY KEY,
    entries    text[] NOT NULL,
    version    integer NOT NULL,
    updated_at timestamptz NOT NULL
);

-- The reader: the version of all rules and lists together, and what it knew when it last wrote it down.
CREATE TABLE detection_reader (
    id              integer PRIMARY KEY CHECK (id = 0),
    rules_version   integer NOT NULL DEFAULT 0,
    snapshot        bytea,
    snapshot_rules  text[] NOT NULL DEFAULT '{}',
    report          jsonb NOT NULL DEFAULT '[]',
    reported_at     timestamptz
);
INSERT INTO detection_reader (id) VALUES (0);

-- How far it read each log, and from where it has to read again to know the rest.
CREATE TABLE detection_checkpoint (
    source_id         integer PRIMARY KEY REFERENCES source (id) ON DELETE CASCADE,
    position          bigint NOT NULL,
    snapshot_position bigint NOT NULL,
    lost_count        bigint NOT NULL DEFAULT 0,
    lost_at           timestamptz
) WITH (fillfactor = 50);

-- What it read since the snapshot, in this order.
CREATE TABLE detection_batch (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source_id      integer NOT NULL,
    first_position bigint NOT NULL,
    last_position  bigint NOT NULL
);

-- Alerts of each rule by day (UTC).
CREATE TABLE detection_day (
    rule   text NOT NULL,
    day    date NOT NULL,
    alerts bigint NOT NULL,
    PRIMARY KEY (rule, day)
);
