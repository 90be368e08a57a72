-- When certificates and tokens end that sources and integrations rest on, as the engines that run them saw last.
CREATE TABLE expiry (
    subject text NOT NULL,
    what    text NOT NULL,
    version int NOT NULL,
    ends_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (subject, what)
);
