-- Which configuration file manages a source, an integration or a pool; null where none does.
ALTER TABLE source ADD COLUMN managed_by text;
ALTER TABLE integration ADD COLUMN managed_by text;
ALTER TABLE engine_pool ADD COLUMN managed_by text;
