-- One schema for SQLite and PostgreSQL. Times are microseconds since 1970, UTC.

-- +goose Up
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE roster_versions (
    version     BIGINT PRIMARY KEY,
    imported_at BIGINT NOT NULL
);

CREATE TABLE units (
    version BIGINT NOT NULL,
    place   BIGINT NOT NULL, -- order of the import
    code    TEXT NOT NULL,
    parent  TEXT NOT NULL,
    level   TEXT NOT NULL,
    name    TEXT NOT NULL,
    PRIMARY KEY (version, place)
);

CREATE TABLE sessions (
    id         TEXT PRIMARY KEY,
    title      TEXT NOT NULL,
    phase      TEXT NOT NULL, -- an index only: the ledger decides
    created_at BIGINT NOT NULL
);

CREATE TABLE entries (
    session     TEXT NOT NULL,
    seq         BIGINT NOT NULL,
    happened_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    node        TEXT NOT NULL,
    node_seq    BIGINT NOT NULL,
    by_endpoint TEXT NOT NULL,
    kind        TEXT NOT NULL,
    data        TEXT NOT NULL, -- exactly as hashed, so never JSONB
    prev        TEXT NOT NULL,
    hash        TEXT NOT NULL,
    PRIMARY KEY (session, seq)
);

CREATE UNIQUE INDEX entries_by_node ON entries (node, node_seq);

CREATE TABLE alive (
    session TEXT PRIMARY KEY,
    seen_at BIGINT NOT NULL
);

CREATE TABLE links (
    session    TEXT NOT NULL,
    endpoint   TEXT NOT NULL,
    serial     BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL, -- 0 = valid
    PRIMARY KEY (session, endpoint)
);

-- +goose Down
DROP TABLE links;
DROP TABLE alive;
DROP TABLE entries;
DROP TABLE sessions;
DROP TABLE units;
DROP TABLE roster_versions;
DROP TABLE settings;
