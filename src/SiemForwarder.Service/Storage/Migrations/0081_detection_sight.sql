-- Rules over alerts read the log of the alerts too, from now on.
INSERT INTO detection_checkpoint (source_id, position, snapshot_position)
SELECT source_id, next_position - 1, next_position - 1 FROM log_head WHERE source_id = -1 AND EXISTS (SELECT 1 FROM detection_checkpoint)
ON CONFLICT DO NOTHING;

-- When rules were blind to events that are still missing; for backtests.
ALTER TABLE detection_blind ADD COLUMN leaves_gap boolean NOT NULL DEFAULT false;
CREATE TABLE detection_blind_past (
    file      text NOT NULL,
    source_id integer NOT NULL,
    reason    text NOT NULL,
    since     timestamptz NOT NULL,
    until     timestamptz NOT NULL
);
CREATE INDEX detection_blind_past_by_file ON detection_blind_past (file, until);

-- Rules of which an integration does not show its SIEM what they are for.
CREATE TABLE detection_unseen (
    rule           text NOT NULL,
    file           text NOT NULL,
    integration_id integer NOT NULL REFERENCES integration (id) ON DELETE CASCADE,
    reason         text NOT NULL,
    since          timestamptz NOT NULL,
    PRIMARY KEY (rule, integration_id)
);
