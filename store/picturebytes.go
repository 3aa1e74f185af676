package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"
)

// picturesAsBytes is the migration that keeps pictures as bytes, which were base64 before. SQLite cannot decode that by itself, so
// it is a program; a picture at a time, since all of them may be more than memory.
func picturesAsBytes(dialect goose.Dialect) *goose.Migration {
	const version = 11
	up := func(ctx context.Context, tx *sql.Tx) error { return picturesUp(ctx, tx, dialect) }
	down := func(ctx context.Context, tx *sql.Tx) error {
		return rewritePictures(ctx, tx, dialect, "TEXT", func(jpeg []byte) (any, error) {
			return base64.StdEncoding.EncodeToString(jpeg), nil
		})
	}
	return goose.NewGoMigration(version, &goose.GoFunc{RunTx: up}, &goose.GoFunc{RunTx: down})
}

func picturesUp(ctx context.Context, tx *sql.Tx, dialect goose.Dialect) error {
	bytes := "BLOB"
	if dialect == goose.DialectPostgres {
		bytes = "BYTEA"
	}
	return rewritePictures(ctx, tx, dialect, bytes, func(jpeg []byte) (any, error) {
		return base64.StdEncoding.DecodeString(string(jpeg))
	})
}

// rewritePictures gives the pictures' column another type.
func rewritePictures(ctx context.Context, tx *sql.Tx, dialect goose.Dialect, columnType string, convert func([]byte) (any, error)) error {
	b := &database{committer: committer{dollars: dialect == goose.DialectPostgres}}
	for _, statement := range []string{
		"CREATE TABLE pictures_before AS SELECT * FROM pictures",
		"DROP TABLE pictures",
		`CREATE TABLE pictures (
			session    TEXT NOT NULL,
			commitment TEXT NOT NULL,   -- SHA-256 of salt and picture, hex
			salt       TEXT NOT NULL,   -- hex
			jpeg       ` + columnType + ` NOT NULL,
			taken_at   BIGINT NOT NULL, -- microseconds since 1970
			PRIMARY KEY (session, commitment)
		)`,
		"CREATE INDEX pictures_taken_at ON pictures (taken_at)",
		"CREATE INDEX pictures_before_key ON pictures_before (session, commitment)",
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	insert := b.bind(`INSERT INTO pictures (session, commitment, salt, jpeg, taken_at)
		SELECT session, commitment, salt, ?, taken_at FROM pictures_before WHERE session = ? AND commitment = ?`)
	following := b.bind("SELECT session, commitment, jpeg FROM pictures_before WHERE (session, commitment) > (?, ?) ORDER BY session, commitment LIMIT 1")
	session, commitment := "", ""
	for {
		var jpeg []byte
		err := tx.QueryRowContext(ctx, following, session, commitment).Scan(&session, &commitment, &jpeg)
		if errors.Is(err, sql.ErrNoRows) {
			break
		}
		if err != nil {
			return err
		}
		converted, err := convert(jpeg)
		if err != nil {
			return fmt.Errorf("picture %s of session %s: %w", commitment, session, err)
		}
		if _, err := tx.ExecContext(ctx, insert, converted, session, commitment); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, "DROP TABLE pictures_before")
	return err
}
