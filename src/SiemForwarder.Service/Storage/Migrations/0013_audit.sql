-- Who changed, did or was refused what. Each row is chained to the one before it by its hash, and ids have no holes, so that a missing row shows.
-- Values of type json keep their text as it was hashed.
CREATE TABLE audit (
    id         bigint PRIMARY KEY,
    at         timestamptz NOT NULL,
    kind       text NOT NULL,
    caller     text NOT NULL,
    credential text NOT NULL,
    address    text NOT NULL,
    action     text NOT NULL,
    target     text NOT NULL,
    name       text NOT NULL,
    outcome    text NOT NULL,
    status     integer NOT NULL,
    before     json,
    after      json,
    detail     json,
    previous   bytea NOT NULL,
    hash       bytea NOT NULL
);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_target ON audit (target, id);

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit trail is append-only.' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

-- The end of the chain, whose row is the lock of those that append, and how far the forwarder's log has told the trail; one row.
CREATE TABLE audit_head (
    id        integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    last_id   bigint NOT NULL DEFAULT 0,
    last_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
    told_id   bigint NOT NULL DEFAULT 0
);
INSERT INTO audit_head DEFAULT VALUES;

-- What was begun and has no row in the trail yet: written before a change is made, so that none goes without a trace.
CREATE TABLE audit_pending (
    id       uuid PRIMARY KEY,
    begun_at timestamptz NOT NULL,
    entry    json NOT NULL
);
