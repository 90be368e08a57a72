-- Changes that silence an integration and wait for a second administrator; the request of an update is encrypted, since it may hold secrets.
CREATE TABLE pending_change (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    integration_id int NOT NULL REFERENCES integration (id) ON DELETE CASCADE,
    operation      text NOT NULL CHECK (operation IN ('update', 'disable', 'delete')),
    version        int NOT NULL,
    request        bytea,
    settings       jsonb,
    asked_by       text NOT NULL,
    asked_as       text NOT NULL,
    asked_at       timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    state          text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'approved', 'rejected', 'overtaken')),
    decided_by     text,
    decided_at     timestamptz
);

CREATE INDEX pending_change_integration ON pending_change (integration_id, id);
