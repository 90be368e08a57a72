-- Rules that cannot see what they are for, by source; source 0 for all.
CREATE TABLE detection_blind (
    rule      text NOT NULL,
    file      text NOT NULL,
    source_id integer NOT NULL,
    reason    text NOT NULL,
    since     timestamptz NOT NULL,
    PRIMARY KEY (rule, source_id)
);

-- The file of the rule that alerted.
ALTER TABLE detection_day ADD COLUMN file text NOT NULL DEFAULT '';
