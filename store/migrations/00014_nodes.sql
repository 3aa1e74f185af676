-- Central nodes that share a record, on PostgreSQL: who they are, and the beats by which they see each other live.

-- +goose Up
CREATE TABLE beats (
    session TEXT PRIMARY KEY, -- as in leases
    beat    BIGINT NOT NULL   -- raised by each renewal
);

CREATE TABLE nodes (
    name        TEXT PRIMARY KEY,
    incarnation TEXT NOT NULL,   -- of its last start
    url         TEXT NOT NULL,   -- of its pages
    keys        TEXT NOT NULL,   -- digest of the keys that all nodes share
    beat        BIGINT NOT NULL  -- raised while it lives
);

-- +goose Down
DROP TABLE nodes;
DROP TABLE beats;
