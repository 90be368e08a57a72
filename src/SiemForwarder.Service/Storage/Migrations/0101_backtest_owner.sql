-- Who ordered a backtest: the credential, and the name to show; null for those of an older version.
ALTER TABLE detection_backtest ADD COLUMN ordered_as text, ADD COLUMN ordered_by text;
