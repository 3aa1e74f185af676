package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// ShortCode is where a short code leads. The record keeps the hash of the code, and the code itself only sealed.
type ShortCode struct {
	Hash     string
	Session  string
	Endpoint string
	Serial   int    // issue of the link; only the newest is valid
	Sealed   string // the code, for sheets that are printed again; empty = it cannot be
}

// PutShortCodes keeps where codes lead.
func (s links) PutShortCodes(ctx context.Context, codes []ShortCode) error {
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
func (s links) ShortCode(ctx context.Context, hash string) (ShortCode, error) {
	c := ShortCode{Hash: hash}
	err := s.read.QueryRowContext(ctx, s.bind("SELECT session, endpoint, serial, sealed FROM short_codes WHERE hash = ?"), hash).
		Scan(&c.Session, &c.Endpoint, &c.Serial, &c.Sealed)
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("short code: %w", ErrNotFound)
	}
	return c, err
}

// ShortCodes lists the codes of a session, or of one endpoint of it, in an order that stays.
func (s links) ShortCodes(ctx context.Context, session, endpoint string) ([]ShortCode, error) {
	query, args := "SELECT hash, endpoint, serial, sealed FROM short_codes WHERE session = ?", []any{session}
	if endpoint != "" {
		query, args = query+" AND endpoint = ?", append(args, endpoint)
	}
	rows, err := s.read.QueryContext(ctx, s.bind(query+" ORDER BY hash"), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []ShortCode
	for rows.Next() {
		c := ShortCode{Session: session}
		if err := rows.Scan(&c.Hash, &c.Endpoint, &c.Serial, &c.Sealed); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, rows.Err()
}
