-- Who writes the record, on PostgreSQL. Each new writer raises the epoch, and every commit compares it.

-- +goose Up
CREATE TABLE leases (
    session TEXT PRIMARY KEY, -- '' = all of them
    owner   TEXT NOT NULL,
    epoch   BIGINT NOT NULL
);

-- +goose Down
DROP TABLE leases;
