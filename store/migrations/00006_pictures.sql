-- Still pictures that are kept as evidence, if that is switched on. The ledger holds commitments to them: docs/ledger.md.

-- +goose Up
CREATE TABLE pictures (
    session    TEXT NOT NULL,
    commitment TEXT NOT NULL,   -- SHA-256 of salt and picture, hex
    salt       TEXT NOT NULL,   -- hex
    jpeg       TEXT NOT NULL,   -- base64
    taken_at   BIGINT NOT NULL, -- microseconds since 1970
    PRIMARY KEY (session, commitment)
);
CREATE INDEX pictures_taken_at ON pictures (taken_at);

-- +goose Down
DROP TABLE pictures;
