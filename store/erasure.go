package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/prepare"
)

// PersonalEntries counts the entries of a session that still have something personal beside them, kept pictures among them.
func (s ledgers) PersonalEntries(ctx context.Context, session string) (n int64, err error) {
	err = s.read.QueryRowContext(ctx, s.bind(
		"SELECT (SELECT COUNT(*) FROM personal WHERE session = ?) + (SELECT COUNT(*) FROM pictures WHERE session = ?)"), session, session).Scan(&n)
	return n, err
}

// EraseUnreadable erases what is personal from a session whose ledger is broken, so that no entry can say so.
func (s ledgers) EraseUnreadable(ctx context.Context, session string) error {
	if err := s.owned(); err != nil {
		return err
	}
	err := s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, s.bind("DELETE FROM personal WHERE session = ?"), session); err != nil {
			return err
		}
		return s.eraseBeside(ctx, tx, session)
	})
	if err == nil {
		err = s.EmptyLog(ctx)
	}
	return err
}

// eraseNames does what an entry names_erased says, in the transaction that records it: names of delegates, telephone
// numbers, texts of messages, pictures and their salts go, who rehearsed, and the same in the versions of the session's
// draft. The ledger keeps its commitments to them and can still be verified.
func (s ledgers) eraseNames(ctx context.Context, tx *sql.Tx, erased ledger.Entry) error {
	if _, err := tx.ExecContext(ctx, s.bind("DELETE FROM personal WHERE session = ? AND seq < ?"), erased.Session, int64(erased.Seq)); err != nil {
		return err
	}
	return s.eraseBeside(ctx, tx, erased.Session)
}

// eraseBeside erases what is personal of a session and stands in no entry.
func (s ledgers) eraseBeside(ctx context.Context, tx *sql.Tx, session string) error {
	for _, query := range []string{"DELETE FROM pictures WHERE session = ?", "DELETE FROM rehearsals WHERE session = ?"} {
		if _, err := tx.ExecContext(ctx, s.bind(query), session); err != nil {
			return err
		}
	}
	return s.eraseDrafts(ctx, tx, session)
}

func erases(e ledger.Entry) bool { return e.Kind == (&meeting.NamesErased{}).Kind() }

// eraseDrafts takes what is personal out of all versions of the draft of a session.
func (s ledgers) eraseDrafts(ctx context.Context, tx *sql.Tx, session string) error {
	type version struct {
		draft  string
		number int64
		body   string
	}
	rows, err := tx.QueryContext(ctx, s.bind("SELECT draft, v.version, body FROM draft_versions v JOIN drafts d ON d.id = v.draft WHERE d.session = ?"),
		session)
	if err != nil {
		return err
	}
	defer rows.Close()
	var list []version
	for rows.Next() {
		var v version
		if err := rows.Scan(&v.draft, &v.number, &v.body); err != nil {
			return err
		}
		list = append(list, v)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, v := range list {
		var d prepare.Draft
		if err := json.Unmarshal([]byte(v.body), &d); err != nil { // nobody can say what in it is personal
			s.log.Error("a version of a draft cannot be read: all of it is erased", "draft", v.draft, "version", v.number, "session", session, "err", err)
			d = prepare.Draft{}
		}
		body, err := json.Marshal(d.WithoutPersonal())
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, s.bind("UPDATE draft_versions SET body = ? WHERE draft = ? AND version = ?"), string(body), v.draft,
			v.number); err != nil {
			return err
		}
	}
	return nil
}

// How the log is emptied: somebody who reads what was before is waited for that often, and for a moment only each time, as
// nobody can write meanwhile.
const (
	emptyTries = 10
	emptyWait  = 50 * time.Millisecond
	emptyPause = 200 * time.Millisecond
)

// ErrLogBusy says that what was erased is still in SQLite's write-ahead log, because somebody reads what was before.
var ErrLogBusy = errors.New("the write-ahead log is being read")

// EmptyLog makes what was erased go from SQLite's files too: secure_delete overwrote it in the database, and this empties the
// write-ahead log. It is seen through though ctx ends, and fails with ErrLogBusy after some tries.
func (s ledgers) EmptyLog(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	for try := 1; ; try++ {
		err := s.emptyLog(ctx)
		if !errors.Is(err, ErrLogBusy) || try == emptyTries {
			return err
		}
		select {
		case <-time.After(emptyPause):
		case <-s.stopping:
			return err
		}
	}
}

// emptyLog tries once, on a connection of readers: the committer goes on with its own.
func (s *database) emptyLog(ctx context.Context) (err error) {
	if s.dollars {
		return nil // PostgreSQL's log is its administrator's
	}
	conn, err := s.read.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	wait := func(d time.Duration) error {
		_, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout(%d)", d.Milliseconds()))
		return err
	}
	if err := wait(emptyWait); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, wait(busyTimeout)) }()
	var busy, pages, moved int
	if err := conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved); err != nil {
		return err
	}
	if busy != 0 {
		return fmt.Errorf("%w: %d of %d pages are in the database", ErrLogBusy, moved, pages)
	}
	return nil
}
