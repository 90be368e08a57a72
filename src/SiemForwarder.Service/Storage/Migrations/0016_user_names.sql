-- Names of the users whom the admin events of a segment give by id alone: {"realm id/user id": "name"}, as the server told them on receipt.
ALTER TABLE segment ADD COLUMN names text;
