-- What flowed and what waited, one row per minute and series. Each engine adds what it counted; kept for eight days.
CREATE TABLE flow_minute (
    minute  timestamptz NOT NULL,
    series  text NOT NULL,
    samples bigint NOT NULL,
    total   double precision NOT NULL,
    highest double precision NOT NULL,
    PRIMARY KEY (minute, series)
) WITH (fillfactor = 50);
