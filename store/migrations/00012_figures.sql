-- Figures over sessions: derived from the ledgers, and made anew from them by `diemcau figures rebuild`.

-- +goose Up
CREATE TABLE figures (
    session    TEXT PRIMARY KEY,
    seq        BIGINT NOT NULL, -- the last entry that they rest on
    format     BIGINT NOT NULL, -- of sites
    title      TEXT NOT NULL,
    started_at BIGINT NOT NULL, -- microseconds since 1970; 0 = it was called off
    ended_at   BIGINT NOT NULL,
    sites      BYTEA NOT NULL   -- units and sites, packed
);

CREATE INDEX figures_started_at ON figures (started_at);

-- +goose Down
DROP TABLE figures;
