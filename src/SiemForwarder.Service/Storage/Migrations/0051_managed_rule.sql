-- Which configuration manages which rule files and lists; those that come with the forwarder have no row of their own.
CREATE TABLE managed_rule (
    kind       text NOT NULL,
    name       text NOT NULL,
    managed_by text NOT NULL,
    PRIMARY KEY (kind, name)
);
