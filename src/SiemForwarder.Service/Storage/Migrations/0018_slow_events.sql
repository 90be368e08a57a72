-- Events that took long to be made ready: the slowest of an integration and a source within a day, and how many there were.
CREATE TABLE slow_event (
    integration_id integer NOT NULL REFERENCES integration (id) ON DELETE CASCADE,
    source_id      integer NOT NULL,
    event_id       text NOT NULL,
    milliseconds   bigint NOT NULL,
    event_count    bigint NOT NULL,
    first_at       timestamptz NOT NULL,
    last_at        timestamptz NOT NULL,
    PRIMARY KEY (integration_id, source_id)
);
