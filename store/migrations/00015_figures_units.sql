-- Units of sessions that rest on the same organisation are kept once: they are most of what figures over sessions read. The
-- table is derived, so it is filled anew.

-- +goose Up
DROP TABLE figures;

CREATE TABLE figures (
    session    TEXT PRIMARY KEY,
    seq        BIGINT NOT NULL, -- the last entry that they rest on
    format     BIGINT NOT NULL, -- of sites and units
    title      TEXT NOT NULL,
    started_at BIGINT NOT NULL, -- microseconds since 1970; 0 = it was called off
    ended_at   BIGINT NOT NULL,
    units      TEXT NOT NULL,   -- which figures_units
    sites      BYTEA NOT NULL   -- packed
);

CREATE INDEX figures_started_at ON figures (started_at);

CREATE INDEX figures_of_units ON figures (units);

CREATE TABLE figures_units (
    hash  TEXT PRIMARY KEY, -- SHA-256 of units, hex
    units BYTEA NOT NULL    -- packed
);

-- +goose Down
DROP TABLE figures_units;

DROP TABLE figures;

CREATE TABLE figures (
    session    TEXT PRIMARY KEY,
    seq        BIGINT NOT NULL,
    format     BIGINT NOT NULL,
    title      TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    sites      BYTEA NOT NULL
);

CREATE INDEX figures_started_at ON figures (started_at);
