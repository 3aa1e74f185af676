package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/roster"
)

// SessionRow is a session as lists show it. The ledger is what decides, so of a session that is noted as over it says
// how far it really is.
type SessionRow struct {
	ID        string
	Title     string
	Phase     meeting.Phase // of one that is noted as over by its ledger, otherwise as it is noted
	CreatedAt time.Time

	Noted meeting.Phase // what the list has; empty where it was not read from there
}

// NewSession is a session as it begins: what lists show of it, its ledger so far, and who gets a first link.
type NewSession struct {
	SessionRow
	Entries   []ledger.Entry // the first one convenes it
	Endpoints []string
}

// CreateSession makes a session with its entries and links, all or nothing. ErrExists if the id is taken.
func (s sessions) CreateSession(ctx context.Context, c NewSession) error {
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, s.bind("SELECT COUNT(*) FROM sessions WHERE id = ?"), c.ID).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("session %s: %w", c.ID, ErrExists)
		}
		if _, err := tx.ExecContext(ctx, s.bind("INSERT INTO sessions (id, title, phase, created_at) VALUES (?, ?, ?, ?)"),
			c.ID, c.Title, c.Phase, micros(c.CreatedAt)); err != nil {
			return err
		}
		if err := ledgers(s).insert(ctx, tx, c.ID, ledger.Head{Hash: ledger.Genesis()}, c.Entries); err != nil {
			return err
		}
		return s.insertMany(ctx, tx, firstLinks, linkRows(c.ID, c.Endpoints))
	})
}

// sessionRows reads rows, and of those that are noted as over the last entry about that.
const sessionRows = `SELECT id, title, phase, created_at, CASE WHEN phase IN ('ended', 'sealed') THEN COALESCE((SELECT kind FROM entries
	WHERE session = sessions.id AND kind IN ('opened', 'started', 'ended', 'sealed') ORDER BY seq DESC LIMIT 1), '') END FROM sessions`

// Sessions lists all sessions, the newest first.
func (s sessions) Sessions(ctx context.Context) ([]SessionRow, error) {
	return s.sessionRows(ctx, sessionRows+" ORDER BY created_at DESC, id")
}

// Session returns one session, or ErrNotFound.
func (s sessions) Session(ctx context.Context, id string) (SessionRow, error) {
	list, err := s.sessionRows(ctx, sessionRows+" WHERE id = ?", id)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("session %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return SessionRow{}, err
	}
	return list[0], nil
}

func (s sessions) sessionRows(ctx context.Context, query string, args ...any) ([]SessionRow, error) {
	rows, err := s.read.QueryContext(ctx, s.bind(query), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []SessionRow
	for rows.Next() {
		var r SessionRow
		var created int64
		var last sql.NullString
		if err := rows.Scan(&r.ID, &r.Title, &r.Noted, &created, &last); err != nil {
			return nil, err
		}
		r.CreatedAt, r.Phase = fromMicros(created), r.Noted
		if last.Valid {
			var ok bool
			if r.Phase, ok = meeting.PhaseAfter(last.String); !ok {
				r.Phase = meeting.PhaseDraft
			}
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// ReplaceRoster makes a tree the organisation map in force. Earlier versions stay on record.
func (s sessions) ReplaceRoster(ctx context.Context, tree *roster.Tree, importedAt time.Time) error {
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := s.putTree(ctx, tx, tree, importedAt)
		return err
	})
}

// Units returns the organisation map in force, in the order of its import; nothing before the first import.
func (s sessions) Units(ctx context.Context) ([]meeting.Unit, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT code, parent, level, name FROM units WHERE version = (SELECT MAX(version) FROM roster_versions) ORDER "+
		"BY place")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []meeting.Unit
	for rows.Next() {
		var u meeting.Unit
		if err := rows.Scan(&u.Code, &u.Parent, &u.Level, &u.Name); err != nil {
			return nil, err
		}
		list = append(list, u)
	}
	return list, rows.Err()
}
