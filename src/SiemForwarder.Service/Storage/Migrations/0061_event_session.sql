-- Events are found by their session too; those that were indexed before are not.
ALTER TABLE event_index ADD COLUMN session_id text;
