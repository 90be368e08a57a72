-- Work that an engine cannot do, such as an integration whose settings a newer version saved: its lease is another engine's to take.
CREATE TABLE lease_decline (
    kind        text NOT NULL,
    resource_id integer NOT NULL,
    engine      text NOT NULL,
    version     integer NOT NULL,
    until       timestamptz NOT NULL,
    PRIMARY KEY (kind, resource_id, engine)
);
