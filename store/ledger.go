package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
)

const entryColumns = "session, seq, happened_at, recorded_at, node, node_seq, by_endpoint, kind, data, prev, hash"

// Append adds entries to a session's ledger, all or none, and sets the phase that the session has after them.
// When it returns nil they are on the disk. What an entry names_erased among them erases may be in SQLite's log until EmptyLog.
// ErrForked says that they do not follow the last recorded entry.
func (s ledgers) Append(ctx context.Context, session string, phase meeting.Phase, entries []ledger.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	if err := s.owned(); err != nil {
		return err
	}
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		head, err := s.head(ctx, tx, session)
		if err != nil {
			return err
		}
		if err := s.insert(ctx, tx, session, head, entries); err != nil {
			return err
		}
		if err := s.follow(ctx, tx, session, entries); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, s.bind("UPDATE sessions SET phase = ? WHERE id = ? AND phase <> ?"), phase, session, phase)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 || slices.ContainsFunc(entries, beginsPhase) {
			return err
		}
		s.log.Error("the list of sessions had another phase than the ledger, and is put right", "session", session, "phase", phase)
		return nil
	})
}

func beginsPhase(e ledger.Entry) bool {
	_, begins := meeting.PhaseAfter(e.Kind)
	return begins
}

// follow keeps what stands beside the ledger in step with it: the title in lists, the first links of new sites, and what is
// personal until it is erased.
func (s ledgers) follow(ctx context.Context, tx *sql.Tx, session string, entries []ledger.Entry) error {
	for _, e := range entries {
		if e.Kind != (&meeting.TitleChanged{}).Kind() && e.Kind != (&meeting.SitesAdded{}).Kind() && !erases(e) {
			continue
		}
		ev, err := e.Event()
		if err != nil {
			return err
		}
		switch ev := ev.(type) {
		case *meeting.TitleChanged:
			_, err = tx.ExecContext(ctx, s.bind("UPDATE sessions SET title = ? WHERE id = ?"), ev.Title, session)
		case *meeting.SitesAdded:
			codes := make([]string, len(ev.Endpoints))
			for i, ep := range ev.Endpoints {
				codes[i] = ep.Code
			}
			err = s.insertMany(ctx, tx, firstLinks, linkRows(session, codes))
		case *meeting.NamesErased:
			err = s.eraseNames(ctx, tx, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// insert writes entries that continue a head.
func (s ledgers) insert(ctx context.Context, tx *sql.Tx, session string, head ledger.Head, entries []ledger.Entry) error {
	var rows, personal [][]any
	for _, e := range entries {
		if e.Session != session || e.Seq != head.Seq+1 || e.Prev != head.Hash {
			return fmt.Errorf("%w: session %s has entry %d last, entry %d of %s was to follow", ErrForked, session, head.Seq, e.Seq, e.Session)
		}
		rows = append(rows, []any{
			e.Session, int64(e.Seq), micros(e.At), micros(e.RecordedAt), e.Node, int64(e.NodeSeq), e.By, e.Kind, string(e.Data), e.Prev, e.Hash,
		})
		if e.Personal != nil {
			personal = append(personal, []any{e.Session, int64(e.Seq), e.Personal.Salt, string(e.Personal.Value)})
		}
		head = ledger.Head{Seq: e.Seq, Hash: e.Hash}
	}
	err := s.insertMany(ctx, tx, "entries ("+entryColumns+")", rows)
	if taken(err) { // another writer, or a repeated delivery
		return fmt.Errorf("%w: of entries %d to %d of session %s one is already there", ErrForked, entries[0].Seq, head.Seq, session)
	}
	if err == nil {
		err = s.insertMany(ctx, tx, "personal (session, seq, salt, value)", personal)
	}
	if err != nil {
		return fmt.Errorf("entries %d to %d: %w", entries[0].Seq, head.Seq, err)
	}
	return nil
}

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (s ledgers) head(ctx context.Context, q querier, session string) (ledger.Head, error) {
	var seq, recorded int64
	head := ledger.Head{Hash: ledger.Genesis()}
	err := q.QueryRowContext(ctx, s.bind("SELECT seq, hash, recorded_at FROM entries WHERE session = ? ORDER BY seq DESC LIMIT 1"), session).
		Scan(&seq, &head.Hash, &recorded)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return head, nil
	case err != nil:
		return head, err
	}
	head.Seq, head.RecordedAt = uint64(seq), fromMicros(recorded)
	return head, nil
}

// Head returns the end of a session's ledger; of a session without entries, Seq 0.
func (s ledgers) Head(ctx context.Context, session string) (ledger.Head, error) {
	return s.head(ctx, s.read, session)
}

// Entries reads a session's ledger from an entry on. It does not check the chain: ledger.Replay does.
func (s ledgers) Entries(ctx context.Context, session string, fromSeq uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		rows, err := s.read.QueryContext(ctx, s.bind("SELECT "+entryColumns+
			", salt, value FROM entries LEFT JOIN personal USING (session, seq) WHERE session = ? AND seq >= ? ORDER BY seq"),
			session, int64(fromSeq))
		if err != nil {
			yield(ledger.Entry{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			e, err := scanEntry(rows)
			if !yield(e, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(ledger.Entry{}, err)
		}
	}
}

func scanEntry(rows *sql.Rows) (ledger.Entry, error) {
	var e ledger.Entry
	var seq, happened, recorded, nodeSeq int64
	var data string
	var salt, value sql.NullString
	err := rows.Scan(&e.Session, &seq, &happened, &recorded, &e.Node, &nodeSeq, &e.By, &e.Kind, &data, &e.Prev, &e.Hash, &salt, &value)
	if salt.Valid {
		e.Personal = &ledger.Personal{Salt: salt.String, Value: json.RawMessage(value.String)}
	}
	e.Seq, e.NodeSeq, e.Data = uint64(seq), uint64(nodeSeq), json.RawMessage(data)
	e.At, e.RecordedAt = fromMicros(happened), fromMicros(recorded)
	return e, err
}

// Alive notes that sessions were running at a moment, so that after a crash their connections are dated by the
// last evidence of life. It is no entry of a ledger. Without sessions it shows that the record can be written.
func (s ledgers) Alive(ctx context.Context, at time.Time, sessions ...string) error {
	if len(sessions) == 0 {
		sessions = []string{""}
	}
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, session := range sessions {
			_, err := tx.ExecContext(ctx, s.bind("INSERT INTO alive (session, seen_at) VALUES (?, ?) ON CONFLICT (session) DO UPDATE SET seen_at = "+
				"excluded.seen_at"),
				session, micros(at))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// LastAlive returns the last moment noted by Alive; zero if there is none.
func (s ledgers) LastAlive(ctx context.Context, session string) (time.Time, error) {
	var at int64
	err := s.read.QueryRowContext(ctx, s.bind("SELECT seen_at FROM alive WHERE session = ?"), session).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	return fromMicros(at), err
}
