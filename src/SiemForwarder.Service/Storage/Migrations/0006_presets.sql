-- The preset that filled what a request left out.
ALTER TABLE integration ADD COLUMN preset text;
