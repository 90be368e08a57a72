-- What is to become of an event that was set aside: open until it is delivered after all or discarded by somebody.
ALTER TABLE set_aside
    ADD COLUMN state        text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'requested', 'delivered', 'discarded')),
    ADD COLUMN render_again boolean NOT NULL DEFAULT false,
    ADD COLUMN decided_at   timestamptz,
    ADD COLUMN note         text,
    ADD CHECK (state <> 'discarded' OR note IS NOT NULL);
CREATE INDEX set_aside_requested ON set_aside (integration_id, id) WHERE state = 'requested';
