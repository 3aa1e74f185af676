-- The short code of a link as a sheet prints it again, sealed with a key that is not in the database. Codes from before
-- have none: they still lead where they led, and a sheet that is printed again has new ones.

-- +goose Up
ALTER TABLE short_codes ADD COLUMN sealed TEXT NOT NULL DEFAULT '';

CREATE INDEX short_codes_by_endpoint ON short_codes (session, endpoint);

-- +goose Down
DROP INDEX short_codes_by_endpoint;
ALTER TABLE short_codes DROP COLUMN sealed;
