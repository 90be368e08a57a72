-- When somebody last asked for the next round of an integration at once.
ALTER TABLE integration_status ADD COLUMN retry_asked_at timestamptz;

CREATE INDEX set_aside_undecided ON set_aside (integration_id) WHERE state IN ('open', 'requested');
