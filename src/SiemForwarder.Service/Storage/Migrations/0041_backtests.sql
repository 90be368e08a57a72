-- Backtests that run by themselves, with how far they came and what they found.
CREATE TABLE detection_backtest (
    id         uuid PRIMARY KEY,
    file       text NOT NULL,
    range_from timestamptz NOT NULL,
    range_to   timestamptz NOT NULL,
    max_events integer NOT NULL,
    state      text NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    followed   bigint NOT NULL DEFAULT 0,
    total      bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    touched_at timestamptz NOT NULL,
    result     jsonb,
    problem    text
);

-- What lists of placeholders held over time; no entries where one was deleted.
CREATE TABLE detection_list_version (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL,
    entries    text[],
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX detection_list_version_name ON detection_list_version (name, id);
