package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/diemcau/diemcau/link"
)

// PutShortCodes keeps where codes lead.
func (s links) PutShortCodes(ctx context.Context, codes []link.Code) error {
	if len(codes) == 0 {
		return nil
	}
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		values := make([][]any, len(codes))
		for i, c := range codes {
			values[i] = []any{c.Hash, c.Session, c.Endpoint, c.Serial, c.Sealed}
		}
		return s.insertMany(ctx, tx, "short_codes (hash, session, endpoint, serial, sealed)", values)
	})
}

// ShortCode returns where the code of a hash leads: ErrNotFound if there is none.
func (s links) ShortCode(ctx context.Context, hash string) (link.Code, error) {
	c := link.Code{Hash: hash}
	err := s.read.QueryRowContext(ctx, s.bind("SELECT session, endpoint, serial, sealed FROM short_codes WHERE hash = ?"), hash).
		Scan(&c.Session, &c.Endpoint, &c.Serial, &c.Sealed)
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("short code: %w", ErrNotFound)
	}
	return c, err
}

// ShortCodes lists the codes of a session, or of one endpoint of it, in an order that stays.
func (s links) ShortCodes(ctx context.Context, session, endpoint string) ([]link.Code, error) {
	query, args := "SELECT hash, endpoint, serial, sealed FROM short_codes WHERE session = ?", []any{session}
	if endpoint != "" {
		query, args = query+" AND endpoint = ?", append(args, endpoint)
	}
	rows, err := s.read.QueryContext(ctx, s.bind(query+" ORDER BY hash"), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []link.Code
	for rows.Next() {
		c := link.Code{Session: session}
		if err := rows.Scan(&c.Hash, &c.Endpoint, &c.Serial, &c.Sealed); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, rows.Err()
}
