-- Messages to other programs have kinds, each with a cursor of its own.

-- +goose Up
CREATE TABLE webhook_progress (
    url     TEXT NOT NULL,
    kind    TEXT NOT NULL,
    session TEXT NOT NULL,
    seq     BIGINT NOT NULL, -- the last entry that is done with
    PRIMARY KEY (url, kind, session)
);
INSERT INTO webhook_progress (url, kind, session, seq) SELECT url, 'presence', session, seq FROM webhook_cursors;
DROP TABLE webhook_cursors;
