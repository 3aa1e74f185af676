package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/diemcau/diemcau/prepare"
)

// ShortCode is where a short code leads. The record keeps the hash of the code alone.
type ShortCode struct {
	Hash     string
	Session  string
	Endpoint string
	Serial   int // issue of the link; only the newest is valid
}

// PutShortCodes keeps where codes lead; those that are there stay.
func (s rehearsals) PutShortCodes(ctx context.Context, codes []ShortCode) error {
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		query, err := tx.PrepareContext(ctx, s.bind("INSERT INTO short_codes (hash, session, endpoint, serial) VALUES (?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING"))
		if err != nil {
			return err
		}
		defer query.Close()
		for _, c := range codes {
			if _, err := query.ExecContext(ctx, c.Hash, c.Session, c.Endpoint, c.Serial); err != nil {
				return err
			}
		}
		return nil
	})
}

// ShortCode returns where the code of a hash leads: ErrNotFound if there is none.
func (s rehearsals) ShortCode(ctx context.Context, hash string) (ShortCode, error) {
	c := ShortCode{Hash: hash}
	err := s.read.QueryRowContext(ctx, s.bind("SELECT session, endpoint, serial FROM short_codes WHERE hash = ?"), hash).
		Scan(&c.Session, &c.Endpoint, &c.Serial)
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("short code: %w", ErrNotFound)
	}
	return c, err
}

// Rehearsal is the last one of a site.
type Rehearsal struct {
	Session  string
	Endpoint string
	At       time.Time
	Result   prepare.Rehearsal
}

// PutRehearsal keeps a site's rehearsal in the place of the one before.
func (s rehearsals) PutRehearsal(ctx context.Context, r Rehearsal) error {
	body, err := json.Marshal(r.Result)
	if err != nil {
		return err
	}
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, s.bind(`INSERT INTO rehearsals (session, endpoint, at, body) VALUES (?, ?, ?, ?)
			ON CONFLICT (session, endpoint) DO UPDATE SET at = excluded.at, body = excluded.body`),
			r.Session, r.Endpoint, micros(r.At), string(body))
		return err
	})
}

// Rehearsals lists the rehearsals of a session by endpoint.
func (s rehearsals) Rehearsals(ctx context.Context, session string) ([]Rehearsal, error) {
	rows, err := s.read.QueryContext(ctx, s.bind("SELECT endpoint, at, body FROM rehearsals WHERE session = ? ORDER BY endpoint"), session)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Rehearsal
	for rows.Next() {
		r := Rehearsal{Session: session}
		var at int64
		var body string
		if err := rows.Scan(&r.Endpoint, &at, &body); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(body), &r.Result); err != nil {
			return nil, fmt.Errorf("rehearsal of %s: %w", r.Endpoint, err)
		}
		r.At = fromMicros(at)
		list = append(list, r)
	}
	return list, rows.Err()
}
