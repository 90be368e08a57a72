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

-- What the server of a source said it is: two sources of one realm would forward every event twice. Valid for the address it was asked at.
CREATE TABLE realm_identity (
    source_id integer PRIMARY KEY REFERENCES source (id) ON DELETE CASCADE,
    base_url  text NOT NULL,
    realm     text NOT NULL,
    issuer    text NOT NULL,
    key_ids   text[] NOT NULL DEFAULT '{}',
    read_at   timestamptz NOT NULL
);
