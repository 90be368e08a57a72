-- Tests that an engine of another pool is asked to run: only it can reach the destination.
CREATE TABLE test_request (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    integration_id integer NOT NULL REFERENCES integration (id) ON DELETE CASCADE,
    pool           text NOT NULL,
    requested_at   timestamptz NOT NULL DEFAULT now(),
    taken_by       text,
    report         jsonb
);
CREATE INDEX test_request_waiting ON test_request (id) WHERE taken_by IS NULL;
