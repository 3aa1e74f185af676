-- What was given to people and programs, so that it can be ended.

-- +goose Up
CREATE TABLE admin_tokens (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL, -- of the program
    created_by TEXT NOT NULL, -- name of the account; empty = by the administrator of the machine
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL -- 0 = valid
);

-- Tokens from before they had ids are one entry, where there may be any.
INSERT INTO admin_tokens (id, name, created_by, created_at, expires_at, revoked_at)
SELECT 'unnumbered', '', '', 0, 0, 0 FROM settings WHERE name = 'token_key';

-- What the links of consoles that an account was given carry; another value ends them.
ALTER TABLE accounts ADD COLUMN link_grant TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE accounts DROP COLUMN link_grant;
DROP TABLE admin_tokens;
