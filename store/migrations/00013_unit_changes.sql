-- What happened to single units, and since when; each made a version of the roster.

-- +goose Up
CREATE TABLE unit_changes (
    version     BIGINT PRIMARY KEY, -- of the roster after it
    change      TEXT NOT NULL,      -- JSON
    changed_by  TEXT NOT NULL,      -- name of the account; empty = the administrator of the machine
    recorded_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE unit_changes;
