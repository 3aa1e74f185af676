-- What other programs are told of sessions: how far each has been told, and what could not be delivered.

-- +goose Up
CREATE TABLE webhook_cursors (
    url     TEXT NOT NULL,
    session TEXT NOT NULL,
    seq     BIGINT NOT NULL, -- the last entry that is done with
    PRIMARY KEY (url, session)
);

CREATE TABLE webhook_dead_letters (
    id       TEXT PRIMARY KEY, -- as it was sent
    url      TEXT NOT NULL,
    session  TEXT NOT NULL,
    body     TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    failure  TEXT NOT NULL, -- of the last attempt
    died_at  BIGINT NOT NULL
);
