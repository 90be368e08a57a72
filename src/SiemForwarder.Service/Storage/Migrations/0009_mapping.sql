-- Which mapping wrote the bytes of an event that was set aside; 0 where it was not kept yet.
ALTER TABLE set_aside ADD COLUMN mapping_version integer NOT NULL DEFAULT 0;
