-- The id of an event where the key is not the id itself, so that search shows the id that formats deliver.
ALTER TABLE event_index ADD COLUMN event_id text;

-- Sources that were deleted: their names, for what is still told of them, and whether their events are removed (purged_at).
CREATE TABLE deleted_source (
    source_id  integer PRIMARY KEY,
    name       text NOT NULL,
    deleted_at timestamptz NOT NULL,
    purged_at  timestamptz
);
CREATE INDEX deleted_source_unpurged ON deleted_source (source_id) WHERE purged_at IS NULL;
