package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// DeadLetter is a message to another program that could not be delivered.
type DeadLetter struct {
	ID       string
	URL      string
	Session  string
	Body     []byte
	Attempts int
	Failure  string // of the last attempt
	DiedAt   time.Time
}

// WebhookCursor returns the Seq of the last entry of a session that is done with for the messages of a kind to a URL;
// 0 if there is none.
func (s webhooks) WebhookCursor(ctx context.Context, url, kind, session string) (uint64, error) {
	var seq int64
	err := s.read.QueryRowContext(ctx, s.bind("SELECT seq FROM webhook_progress WHERE url = ? AND kind = ? AND session = ?"), url, kind, session).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return uint64(seq), err
}

// AdvanceWebhook notes that the messages of a kind to a URL are done with a session's entries up to seq, together with
// the message about them that could not be delivered, if any.
func (s webhooks) AdvanceWebhook(ctx context.Context, url, kind, session string, seq uint64, dead *DeadLetter) error {
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if dead != nil {
			_, err := tx.ExecContext(ctx, s.bind(`
				INSERT INTO webhook_dead_letters (id, url, session, body, attempts, failure, died_at) VALUES (?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT (id) DO UPDATE SET attempts = excluded.attempts, failure = excluded.failure, died_at = excluded.died_at`),
				dead.ID, dead.URL, dead.Session, string(dead.Body), dead.Attempts, dead.Failure, micros(dead.DiedAt))
			if err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, s.bind(`INSERT INTO webhook_progress (url, kind, session, seq) VALUES (?, ?, ?, ?)
			ON CONFLICT (url, kind, session) DO UPDATE SET seq = excluded.seq`), url, kind, session, int64(seq))
		return err
	})
}

// DeadLetters returns what could not be delivered, the oldest first.
func (s webhooks) DeadLetters(ctx context.Context) ([]DeadLetter, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT id, url, session, body, attempts, failure, died_at FROM webhook_dead_letters ORDER BY died_at, id")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []DeadLetter
	for rows.Next() {
		var d DeadLetter
		var body string
		var at int64
		if err := rows.Scan(&d.ID, &d.URL, &d.Session, &body, &d.Attempts, &d.Failure, &at); err != nil {
			return nil, err
		}
		d.Body, d.DiedAt = []byte(body), fromMicros(at)
		list = append(list, d)
	}
	return list, rows.Err()
}

// DropDeadLetter takes a message off the list, because it was delivered after all.
func (s webhooks) DropDeadLetter(ctx context.Context, id string) error {
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, s.bind("DELETE FROM webhook_dead_letters WHERE id = ?"), id)
		return err
	})
}
