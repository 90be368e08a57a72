-- The stages of a test that have ended so far, so that whoever asked another engine for it can follow it.
ALTER TABLE test_request ADD COLUMN stages jsonb NOT NULL DEFAULT '[]';
