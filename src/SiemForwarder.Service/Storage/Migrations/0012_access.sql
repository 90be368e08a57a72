-- Keys of the API. Of a secret only a salted hash is kept: it has 256 random bits, so nothing slower is needed.
CREATE TABLE api_key (
    id             text PRIMARY KEY,
    name           text NOT NULL,
    role           text NOT NULL,
    source_id      integer REFERENCES source (id) ON DELETE CASCADE,
    salt           bytea NOT NULL,
    hash           bytea NOT NULL,
    previous_salt  bytea,
    previous_hash  bytea,
    previous_until timestamptz,
    created_at     timestamptz NOT NULL,
    created_by     text NOT NULL,
    expires_at     timestamptz,
    last_used_at   timestamptz,
    revoked_at     timestamptz,
    revoked_by     text
);
CREATE UNIQUE INDEX api_key_name ON api_key (lower(name)) WHERE revoked_at IS NULL;

-- People who are signed in. A row that is gone is a session that has ended, for every engine.
CREATE TABLE signed_in (
    id         text PRIMARY KEY,
    subject    text NOT NULL,
    session_id text,
    ticket     bytea NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX signed_in_subject ON signed_in (subject);
CREATE INDEX signed_in_session ON signed_in (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX signed_in_expires ON signed_in (expires_at);

-- Logout tokens that were used: each counts once.
CREATE TABLE logout_token (
    id         text PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
