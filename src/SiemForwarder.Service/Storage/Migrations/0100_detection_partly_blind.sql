-- Rules that still see a part of what they are for.
ALTER TABLE detection_blind ADD COLUMN is_partial boolean NOT NULL DEFAULT false;
