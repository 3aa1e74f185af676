package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/diemcau/diemcau/prepare"
)

// EraseNames erases the personal data of a session: names of delegates, telephone numbers, texts of messages, pictures, and
// their salts, who rehearsed, and the same in the versions of its draft. The ledger keeps its commitments to them and can
// still be verified. It returns how many entries were concerned.
func (s ledgers) EraseNames(ctx context.Context, session string) (int64, error) {
	if err := s.owned(); err != nil {
		return 0, err
	}
	var n int64
	err := s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, query := range []string{"DELETE FROM personal WHERE session = ?", "DELETE FROM pictures WHERE session = ?"} {
			result, err := tx.ExecContext(ctx, s.bind(query), session)
			if err != nil {
				return err
			}
			erased, err := result.RowsAffected()
			if err != nil {
				return err
			}
			n += erased
		}
		if _, err := tx.ExecContext(ctx, s.bind("DELETE FROM rehearsals WHERE session = ?"), session); err != nil {
			return err
		}
		return s.eraseDrafts(ctx, tx, session)
	})
	if err == nil {
		err = s.emptyLog(ctx)
	}
	return n, err
}

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
