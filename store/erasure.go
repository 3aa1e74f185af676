package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

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

// eraseNames does what an entry names_erased says, in the transaction that records it: names of delegates, telephone
// numbers, texts of messages, pictures and their salts go, who rehearsed, and the same in the versions of the session's
// draft. The ledger keeps its commitments to them and can still be verified.
func (s ledgers) eraseNames(ctx context.Context, tx *sql.Tx, erased ledger.Entry) error {
	if _, err := tx.ExecContext(ctx, s.bind("DELETE FROM personal WHERE session = ? AND seq < ?"), erased.Session, int64(erased.Seq)); err != nil {
		return err
	}
	for _, query := range []string{"DELETE FROM pictures WHERE session = ?", "DELETE FROM rehearsals WHERE session = ?"} {
		if _, err := tx.ExecContext(ctx, s.bind(query), erased.Session); err != nil {
			return err
		}
	}
	return s.eraseDrafts(ctx, tx, erased.Session)
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
		if err := json.Unmarshal([]byte(v.body), &d); err != nil {
			return fmt.Errorf("draft %s: %w", v.draft, err)
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
