-- Who is alive. An engine writes its row with every renewal of its leases.
CREATE TABLE engine (
    name         text PRIMARY KEY,
    version      text NOT NULL,
    roles        text[] NOT NULL,
    pools        text[] NOT NULL,
    started_at   timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Who owns which work. fence grows with every change of hands; a checkpoint moves only for the fence in force.
CREATE TABLE lease (
    kind        text NOT NULL CHECK (kind IN ('source', 'integration')),
    resource_id integer NOT NULL,
    engine      text NOT NULL,
    fence       bigint NOT NULL,
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (kind, resource_id)
) WITH (fillfactor = 50);
CREATE INDEX lease_by_engine ON lease (engine);
