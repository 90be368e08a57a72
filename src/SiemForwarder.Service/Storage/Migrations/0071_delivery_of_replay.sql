-- The journey of an event asks whether a replay delivered it; few deliveries are those of replays.
CREATE INDEX delivery_of_replay ON delivery (integration_id, source_id, last_position) WHERE replay_id IS NOT NULL;
