package store

import (
	"context"
	"database/sql"

	"github.com/pressly/goose/v3"
)

// PicturesAsBytes carries its migration out.
func PicturesAsBytes(ctx context.Context, tx *sql.Tx, postgres bool) error {
	dialect := goose.DialectSQLite3
	if postgres {
		dialect = goose.DialectPostgres
	}
	return picturesUp(ctx, tx, dialect)
}
