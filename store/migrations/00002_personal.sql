-- What may be erased without breaking the ledger: docs/ledger.md.

-- +goose Up
CREATE TABLE personal (
    session TEXT NOT NULL,
    seq     BIGINT NOT NULL,
    salt    TEXT NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (session, seq)
);

-- +goose Down
DROP TABLE personal;
