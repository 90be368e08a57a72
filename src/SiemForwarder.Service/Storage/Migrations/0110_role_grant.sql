-- What roles are called in the realm, where that was changed while the service runs; the settings say it for all others.
CREATE TABLE role_grant (
    role       text PRIMARY KEY,
    granted_to text[] NOT NULL,
    version    integer NOT NULL,
    managed_by text,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);
