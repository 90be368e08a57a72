-- Configuration ---------------------------------------------------------------------------------------------------

CREATE TABLE engine_pool (
    name        text PRIMARY KEY CHECK (name <> ''),
    description text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT now()
);
INSERT INTO engine_pool (name, description) VALUES ('default', 'Engines that were not told another pool.');

CREATE TABLE source (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    kind       text NOT NULL CHECK (kind IN ('keycloak', 'http', 'forwarder')),
    enabled    boolean NOT NULL,
    definition jsonb NOT NULL,
    secrets    bytea,
    version    integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE integration (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    description text NOT NULL DEFAULT '',
    enabled     boolean NOT NULL,
    engine_pool text NOT NULL REFERENCES engine_pool (name),
    destination text NOT NULL,
    server_url  text NOT NULL,
    definition  jsonb NOT NULL,
    secrets     bytea,
    version     integer NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);

-- Keys that protect the secrets above (ASP.NET Core Data Protection); shared by all engines of this database.
CREATE TABLE protection_key (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL,
    xml        text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Event log -------------------------------------------------------------------------------------------------------

-- One row per source: the lock that every append takes, and the next free position.
CREATE TABLE log_head (
    source_id     integer PRIMARY KEY REFERENCES source (id) ON DELETE CASCADE,
    next_position bigint NOT NULL DEFAULT 1 CHECK (next_position > 0)
) WITH (fillfactor = 50);

-- One row per appended page. keys: 16 bytes per event; times: 8 bytes per event, big-endian epoch milliseconds, compressed
-- as deltas (see SegmentCodec); body: lengths and exact bytes of all events, compressed by the codec named in the row.
CREATE TABLE segment (
    source_id      integer NOT NULL,
    first_position bigint NOT NULL,
    last_position  bigint NOT NULL,
    received_at    timestamptz NOT NULL,
    stream         smallint NOT NULL,
    codec          smallint NOT NULL,
    lowest_at      bigint NOT NULL,
    highest_at     bigint NOT NULL,
    keys           bytea NOT NULL,
    times          bytea NOT NULL,
    body           bytea NOT NULL,
    PRIMARY KEY (source_id, last_position, received_at),
    CHECK (last_position >= first_position),
    CHECK (highest_at >= lowest_at)
) PARTITION BY RANGE (received_at);
CREATE INDEX segment_by_time ON segment (source_id, highest_at);
-- Compressed or random already: let TOAST not try again.
ALTER TABLE segment ALTER COLUMN keys SET STORAGE EXTERNAL;
ALTER TABLE segment ALTER COLUMN times SET STORAGE EXTERNAL;
ALTER TABLE segment ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE TABLE poll_checkpoint (
    source_id  integer NOT NULL REFERENCES source (id) ON DELETE CASCADE,
    stream     smallint NOT NULL,
    state      jsonb NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (source_id, stream)
) WITH (fillfactor = 50);

-- Event index: one narrow row per event, filled behind the log; deliveries never wait for it.
CREATE TABLE event_index (
    received_at timestamptz NOT NULL,
    occurred_at timestamptz NOT NULL,
    source_id   integer NOT NULL,
    position    bigint NOT NULL,
    key         uuid NOT NULL,
    outcome     smallint NOT NULL,
    severity    smallint NOT NULL,
    type        text NOT NULL,
    category    text NOT NULL,
    user_id     text,
    user_name   text,
    client_id   text,
    ip          text
) PARTITION BY RANGE (received_at);
CREATE INDEX event_index_by_time ON event_index (occurred_at);
CREATE INDEX event_index_by_key ON event_index (key);

CREATE TABLE index_checkpoint (
    source_id integer PRIMARY KEY REFERENCES source (id) ON DELETE CASCADE,
    position  bigint NOT NULL
) WITH (fillfactor = 50);

-- Dispatch --------------------------------------------------------------------------------------------------------

-- Everything up to position is delivered, filtered out or set aside; start_position is where the integration began.
CREATE TABLE integration_checkpoint (
    integration_id integer NOT NULL REFERENCES integration (id) ON DELETE CASCADE,
    source_id      integer NOT NULL REFERENCES source (id) ON DELETE CASCADE,
    position       bigint NOT NULL,
    start_position bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (integration_id, source_id)
) WITH (fillfactor = 50);

CREATE TABLE integration_status (
    integration_id  integer PRIMARY KEY REFERENCES integration (id) ON DELETE CASCADE,
    status          text NOT NULL DEFAULT 'Not yet invoked' CHECK (status IN ('Success', 'Error', 'Not yet invoked')),
    since           timestamptz NOT NULL,
    last_attempt_at timestamptz,
    last_success_at timestamptz,
    error_category  text,
    error_message   text,
    error_at        timestamptz,
    next_attempt_at timestamptz,
    engine          text,
    CHECK (status <> 'Error' OR error_message IS NOT NULL),
    CHECK (status <> 'Success' OR last_success_at IS NOT NULL)
) WITH (fillfactor = 50);

-- One row per accepted batch. filtered: positions between first and last that the filter left out.
CREATE TABLE delivery (
    id             bigint GENERATED ALWAYS AS IDENTITY,
    integration_id integer NOT NULL,
    source_id      integer NOT NULL,
    first_position bigint NOT NULL,
    last_position  bigint NOT NULL,
    event_count    integer NOT NULL,
    byte_count     bigint NOT NULL,
    sha256         bytea NOT NULL,
    attempts       integer NOT NULL,
    answer         text NOT NULL,
    filtered       int8multirange,
    delivered_at   timestamptz NOT NULL,
    PRIMARY KEY (integration_id, source_id, last_position, delivered_at, id)
) PARTITION BY RANGE (delivered_at);

-- One row per event that a destination will always refuse: the exact bytes and what was answered.
CREATE TABLE set_aside (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    integration_id integer NOT NULL REFERENCES integration (id) ON DELETE CASCADE,
    source_id      integer NOT NULL,
    position       bigint NOT NULL,
    event_id       text NOT NULL,
    event_type     text NOT NULL,
    occurred_at    timestamptz NOT NULL,
    bytes          bytea NOT NULL,
    reason         text NOT NULL,
    answer         text NOT NULL,
    set_aside_at   timestamptz NOT NULL,
    UNIQUE (integration_id, source_id, position)
);

-- Events that could not be kept or fetched: every loss is written down.
CREATE TABLE gap (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source_id      integer NOT NULL,
    integration_id integer,
    first_position bigint,
    last_position  bigint,
    reason         text NOT NULL,
    noted_at       timestamptz NOT NULL
);
