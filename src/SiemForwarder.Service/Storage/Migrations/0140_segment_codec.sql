-- From when on segments may be stored with a codec that the version before cannot read: where it has worked, a day later, so that it can be gone back to.
CREATE TABLE segment_codec (
    codec   smallint PRIMARY KEY,
    from_at timestamptz NOT NULL
);
INSERT INTO segment_codec SELECT 2, now() + CASE WHEN EXISTS (SELECT 1 FROM segment) THEN interval '1 day' ELSE interval '0' END;

-- The newest codec that an engine can read.
ALTER TABLE engine ADD COLUMN reads_codec smallint NOT NULL DEFAULT 1;
