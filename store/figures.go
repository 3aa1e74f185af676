package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"iter"
	"time"

	"github.com/diemcau/diemcau/figures"
	"github.com/diemcau/diemcau/meeting"
)

// StaleFigures lists the sessions that are over and whose figures do not rest on the last entry of their ledger, or are of
// another format; the earliest first.
func (s summaries) StaleFigures(ctx context.Context) ([]string, error) {
	rows, err := s.read.QueryContext(ctx, s.bind(`SELECT id FROM sessions LEFT JOIN figures ON session = id WHERE phase IN (?, ?) AND
		(session IS NULL OR format <> ? OR seq <> (SELECT MAX(e.seq) FROM entries e WHERE e.session = id)) ORDER BY created_at, id`),
		meeting.PhaseEnded, meeting.PhaseSealed, figures.Format)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		list = append(list, id)
	}
	return list, rows.Err()
}

// PutFigures keeps the figures of a session, unless those that are there rest on more of its ledger.
func (s summaries) PutFigures(ctx context.Context, f *figures.Session) error {
	started, ended := int64(0), int64(0)
	if !f.StartedAt.IsZero() {
		started, ended = micros(f.StartedAt), micros(f.EndedAt)
	}
	units := f.PackUnits()
	sum := sha256.Sum256(units)
	hash := hex.EncodeToString(sum[:])
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, change := range []struct {
			query string
			args  []any
		}{
			{"INSERT INTO figures_units (hash, units) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING", []any{hash, units}},
			{`INSERT INTO figures (session, seq, format, title, started_at, ended_at, units, sites) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT (session) DO UPDATE SET seq = excluded.seq, format = excluded.format, title = excluded.title, started_at = excluded.started_at,
				ended_at = excluded.ended_at, units = excluded.units, sites = excluded.sites
				WHERE figures.seq <= excluded.seq OR figures.format <> excluded.format`,
				[]any{f.ID, int64(f.Seq), figures.Format, f.Title, started, ended, hash, f.PackSites()}},
			{"DELETE FROM figures_units WHERE hash NOT IN (SELECT units FROM figures)", nil},
		} {
			if _, err := tx.ExecContext(ctx, s.bind(change.query), change.args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// ForgetFigures empties the table; every session that is over is stale then.
func (s summaries) ForgetFigures(ctx context.Context) error {
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM figures")
		return err
	})
}

// Figures reads the figures of the sessions that began in a period, to excluded, the newest first. Zero times bound nothing. Sites of
// a session are valid until the next one is read.
func (s summaries) Figures(ctx context.Context, from, to time.Time) iter.Seq2[*figures.Session, error] {
	after, before := int64(1), int64(1)<<62
	if !from.IsZero() {
		after = max(micros(from), 1)
	}
	if !to.IsZero() {
		before = micros(to)
	}
	return s.figures(ctx, "started_at >= ? AND started_at < ? AND format = ?", after, before, figures.Format)
}

// FiguresBefore reads the figures of a session, and after it those of the ones before, the nearest first. Sites of a session are
// valid until the next one is read.
func (s summaries) FiguresBefore(ctx context.Context, session string) iter.Seq2[*figures.Session, error] {
	return s.figures(ctx, `format = ? AND started_at > 0 AND started_at <= (SELECT started_at FROM figures WHERE session = ?) AND
		(session = ? OR started_at < (SELECT started_at FROM figures WHERE session = ?))`,
		figures.Format, session, session, session)
}

// figures reads units and sessions as they are at one moment.
func (s summaries) figures(ctx context.Context, where string, args ...any) iter.Seq2[*figures.Session, error] {
	return func(yield func(*figures.Session, error) bool) {
		tx, err := s.read.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
		if err != nil {
			yield(nil, err)
			return
		}
		defer tx.Rollback()
		unpacker, err := s.figuresUnits(ctx, tx, where, args...)
		if err != nil {
			yield(nil, err)
			return
		}
		rows, err := tx.QueryContext(ctx, s.bind("SELECT session, seq, title, started_at, ended_at, units, sites FROM figures WHERE "+where+
			" ORDER BY started_at DESC, session"), args...)
		if err != nil {
			yield(nil, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			var f figures.Session
			var seq, started, ended int64
			var units string
			var packed sql.RawBytes
			if err := rows.Scan(&f.ID, &seq, &f.Title, &started, &ended, &units, &packed); err != nil {
				yield(nil, err)
				return
			}
			f.Seq, f.StartedAt, f.EndedAt = uint64(seq), fromMicros(started), fromMicros(ended)
			if err := unpacker.Unpack(&f, units, packed); err != nil {
				yield(nil, fmt.Errorf("figures of session %s: %w; make them anew (diemcau figures rebuild)", f.ID, err))
				return
			}
			if !yield(&f, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// figuresUnits reads the lists of units on which figures rest.
func (s summaries) figuresUnits(ctx context.Context, tx *sql.Tx, where string, args ...any) (*figures.Unpacker, error) {
	rows, err := tx.QueryContext(ctx, s.bind("SELECT hash, units FROM figures_units WHERE hash IN (SELECT units FROM figures WHERE "+where+")"), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var unpacker figures.Unpacker
	for rows.Next() {
		var hash string
		var packed sql.RawBytes
		if err := rows.Scan(&hash, &packed); err != nil {
			return nil, err
		}
		if err := unpacker.AddUnits(hash, packed); err != nil {
			return nil, fmt.Errorf("units of figures: %w; make them anew (diemcau figures rebuild)", err)
		}
	}
	return &unpacker, rows.Err()
}
