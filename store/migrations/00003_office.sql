-- The office before a session: people, drafts, short links, rehearsals.

-- +goose Up
CREATE TABLE accounts (
    name        TEXT PRIMARY KEY,
    full_name   TEXT NOT NULL,
    role        TEXT NOT NULL,
    scope       TEXT NOT NULL,
    phone       TEXT NOT NULL,
    disabled    BIGINT NOT NULL,
    hash        TEXT NOT NULL,
    must_change BIGINT NOT NULL,
    created_at  BIGINT NOT NULL
);

CREATE TABLE logins (
    id         TEXT PRIMARY KEY, -- hash of the browser's secret
    account    TEXT NOT NULL,
    device     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL
);

CREATE INDEX logins_by_account ON logins (account);

CREATE TABLE drafts (
    id      TEXT PRIMARY KEY,
    version BIGINT NOT NULL, -- the newest
    session TEXT NOT NULL    -- what it was convened as; empty before
);

CREATE TABLE draft_versions (
    draft      TEXT NOT NULL,
    version    BIGINT NOT NULL,
    title      TEXT NOT NULL,
    body       TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL,
    PRIMARY KEY (draft, version)
);

CREATE INDEX drafts_by_session ON drafts (session);

CREATE TABLE short_codes (
    hash     TEXT PRIMARY KEY,
    session  TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    serial   BIGINT NOT NULL
);

CREATE TABLE rehearsals (
    session  TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    at       BIGINT NOT NULL,
    body     TEXT NOT NULL,
    PRIMARY KEY (session, endpoint)
);

-- +goose Down
DROP TABLE rehearsals;
DROP TABLE short_codes;
DROP TABLE draft_versions;
DROP TABLE drafts;
DROP TABLE logins;
DROP TABLE accounts;
