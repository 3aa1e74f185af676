package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Link is the join link of an endpoint: its signed token carries the Serial, and only the newest is valid.
type Link struct {
	Session   string
	Endpoint  string
	Serial    int
	RevokedAt time.Time // zero while valid
}

const firstLinks = "links (session, endpoint, serial, revoked_at)"

// linkRows are the first links of endpoints.
func linkRows(session string, endpoints []string) [][]any {
	rows := make([][]any, len(endpoints))
	for i, code := range endpoints {
		rows[i] = []any{session, code, 1, 0}
	}
	return rows
}

// LinkSerial returns the serial that a valid link of an endpoint carries: ErrNotFound if it has none, ErrRevoked
// if it was revoked.
func (s links) LinkSerial(ctx context.Context, session, endpoint string) (int, error) {
	var serial int
	var revoked int64
	err := s.read.QueryRowContext(ctx, s.bind("SELECT serial, revoked_at FROM links WHERE session = ? AND endpoint = ?"), session, endpoint).
		Scan(&serial, &revoked)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, fmt.Errorf("link of %s: %w", endpoint, ErrNotFound)
	case err != nil:
		return 0, err
	case revoked != 0:
		return 0, ErrRevoked
	}
	return serial, nil
}

// Links lists the links of a session by endpoint.
func (s links) Links(ctx context.Context, session string) ([]Link, error) {
	rows, err := s.read.QueryContext(ctx, s.bind("SELECT endpoint, serial, revoked_at FROM links WHERE session = ? ORDER BY endpoint"), session)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Link
	for rows.Next() {
		l := Link{Session: session}
		var revoked int64
		if err := rows.Scan(&l.Endpoint, &l.Serial, &revoked); err != nil {
			return nil, err
		}
		if revoked != 0 {
			l.RevokedAt = fromMicros(revoked)
		}
		list = append(list, l)
	}
	return list, rows.Err()
}

// ReissueLink makes every link of an endpoint given out so far invalid and returns the serial of the next one.
func (s links) ReissueLink(ctx context.Context, session, endpoint string) (serial int, err error) {
	if err := s.owned(); err != nil {
		return 0, err
	}
	err = s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := s.changeLink(ctx, tx, "serial = serial + 1, revoked_at = ?", 0, session, endpoint); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, s.bind("SELECT serial FROM links WHERE session = ? AND endpoint = ?"), session, endpoint).Scan(&serial)
	})
	return serial, err
}

// RevokeLink makes the link of an endpoint invalid.
func (s links) RevokeLink(ctx context.Context, session, endpoint string, at time.Time) error {
	if err := s.owned(); err != nil {
		return err
	}
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return s.changeLink(ctx, tx, "revoked_at = ?", micros(at), session, endpoint)
	})
}

func (s links) changeLink(ctx context.Context, tx *sql.Tx, set string, revokedAt int64, session, endpoint string) error {
	result, err := tx.ExecContext(ctx, s.bind("UPDATE links SET "+set+" WHERE session = ? AND endpoint = ?"), revokedAt, session, endpoint)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, fmt.Errorf("link of %s: %w", endpoint, ErrNotFound))
	}
	return nil
}

// Setting returns a value that SetSetting kept; ErrNotFound if there is none.
func (s links) Setting(ctx context.Context, name string) (string, error) {
	var value string
	err := s.read.QueryRowContext(ctx, s.bind("SELECT value FROM settings WHERE name = ?"), name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("setting %s: %w", name, ErrNotFound)
	}
	return value, err
}

// DropSetting removes a value, from SQLite's files too.
func (s links) DropSetting(ctx context.Context, name string) error {
	err := s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, s.bind("DELETE FROM settings WHERE name = ?"), name)
		return err
	})
	if err != nil {
		return err
	}
	return s.emptyLog(ctx)
}

// SetSetting keeps a value under a name.
func (s links) SetSetting(ctx context.Context, name, value string) error {
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, s.bind("INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"), name,
			value)
		return err
	})
}
