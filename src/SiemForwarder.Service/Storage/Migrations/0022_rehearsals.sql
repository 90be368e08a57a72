-- Rehearsals that an engine of another pool is asked to run; a table of their own, since older engines would take them for tests.
CREATE TABLE rehearsal_request (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    integration_id integer NOT NULL REFERENCES integration (id) ON DELETE CASCADE,
    pool           text NOT NULL,
    argument       text,
    requested_at   timestamptz NOT NULL DEFAULT now(),
    taken_by       text,
    report         jsonb
);
CREATE INDEX rehearsal_request_waiting ON rehearsal_request (id) WHERE taken_by IS NULL;
ALTER TABLE test_request ADD COLUMN argument text;
