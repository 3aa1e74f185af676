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

// Rehearsal returns the rehearsal of one endpoint, ErrNotFound if it has made none.
func (s rehearsals) Rehearsal(ctx context.Context, session, endpoint string) (Rehearsal, error) {
	row := s.read.QueryRowContext(ctx, s.bind("SELECT endpoint, at, body FROM rehearsals WHERE session = ? AND endpoint = ?"), session, endpoint)
	r, err := scanRehearsal(session, row.Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fmt.Errorf("rehearsal of %s: %w", endpoint, ErrNotFound)
	}
	return r, err
}

func scanRehearsal(session string, scan func(...any) error) (Rehearsal, error) {
	r := Rehearsal{Session: session}
	var at int64
	var body string
	if err := scan(&r.Endpoint, &at, &body); err != nil {
		return r, err
	}
	if err := json.Unmarshal([]byte(body), &r.Result); err != nil {
		return r, fmt.Errorf("rehearsal of %s: %w", r.Endpoint, err)
	}
	r.At = fromMicros(at)
	return r, nil
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
		r, err := scanRehearsal(session, rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}
