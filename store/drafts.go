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

// DraftRow is one version of a draft.
type DraftRow struct {
	ID        string
	Version   int64
	Draft     prepare.Draft
	Session   string // what it was convened as; empty before
	UpdatedAt time.Time
	UpdatedBy string
}

// ErrConflict says that somebody else changed it meanwhile.
var ErrConflict = errors.New("it was changed meanwhile")

// PutDraft keeps a new version of a draft and returns its number. based is the version that its author saw, 0 for a
// new draft: ErrConflict if that is not the newest any more. Earlier versions stay on record.
func (s drafts) PutDraft(ctx context.Context, row DraftRow, based int64) (version int64, err error) {
	body, err := json.Marshal(row.Draft)
	if err != nil {
		return 0, err
	}
	err = s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if based == 0 {
			_, err := tx.ExecContext(ctx, s.bind("INSERT INTO drafts (id, version, session) VALUES (?, 1, '')"), row.ID)
			if err != nil {
				return err
			}
		} else {
			result, err := tx.ExecContext(ctx, s.bind("UPDATE drafts SET version = version + 1 WHERE id = ? AND version = ? AND session = ''"), row.ID, based)
			if err != nil {
				return err
			}
			if n, err := result.RowsAffected(); err != nil || n == 0 {
				return errors.Join(err, s.whyNot(ctx, tx, row.ID))
			}
		}
		_, err := tx.ExecContext(ctx, s.bind("INSERT INTO draft_versions (draft, version, title, body, updated_at, updated_by) VALUES (?, ?, ?, ?, ?, ?)"),
			row.ID, based+1, row.Draft.Title, string(body), micros(row.UpdatedAt), row.UpdatedBy)
		return err
	})
	return based + 1, err
}

// whyNot says whether a draft is gone or changed.
func (s drafts) whyNot(ctx context.Context, tx *sql.Tx, id string) error {
	var n int
	if err := tx.QueryRowContext(ctx, s.bind("SELECT COUNT(*) FROM drafts WHERE id = ?"), id).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("draft %s: %w", id, ErrNotFound)
	}
	return fmt.Errorf("draft %s: %w", id, ErrConflict)
}

const draftQuery = `SELECT d.id, v.version, v.body, d.session, v.updated_at, v.updated_by
	FROM drafts d JOIN draft_versions v ON v.draft = d.id `

// Draft returns a version of a draft, 0 being the newest: ErrNotFound if there is none.
func (s drafts) Draft(ctx context.Context, id string, version int64) (DraftRow, error) {
	query, args := draftQuery+"AND v.version = d.version WHERE d.id = ?", []any{id}
	if version > 0 {
		query, args = draftQuery+"WHERE d.id = ? AND v.version = ?", []any{id, version}
	}
	return s.oneDraft(ctx, "draft "+id, query, args...)
}

// DraftOf returns the draft that a session was convened from: ErrNotFound if there is none.
func (s drafts) DraftOf(ctx context.Context, session string) (DraftRow, error) {
	return s.oneDraft(ctx, "draft of session "+session, draftQuery+"AND v.version = d.version WHERE d.session = ? AND d.session <> ''", session)
}

func (s drafts) oneDraft(ctx context.Context, what, query string, args ...any) (DraftRow, error) {
	list, err := s.drafts(ctx, query, args...)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("%s: %w", what, ErrNotFound)
	}
	if err != nil {
		return DraftRow{}, err
	}
	return list[0], nil
}

// Drafts lists the newest versions of all drafts, the last changed first.
func (s drafts) Drafts(ctx context.Context) ([]DraftRow, error) {
	return s.drafts(ctx, draftQuery+"AND v.version = d.version ORDER BY v.updated_at DESC, d.id")
}

func (s drafts) drafts(ctx context.Context, query string, args ...any) ([]DraftRow, error) {
	rows, err := s.read.QueryContext(ctx, s.bind(query), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []DraftRow
	for rows.Next() {
		var r DraftRow
		var body string
		var updated int64
		if err := rows.Scan(&r.ID, &r.Version, &body, &r.Session, &updated, &r.UpdatedBy); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(body), &r.Draft); err != nil {
			return nil, fmt.Errorf("draft %s, version %d: %w", r.ID, r.Version, err)
		}
		r.UpdatedAt = fromMicros(updated)
		list = append(list, r)
	}
	return list, rows.Err()
}

// ConveneDraft notes that a version of a draft has become a session: ErrConflict if it was changed or convened meanwhile.
func (s drafts) ConveneDraft(ctx context.Context, id string, version int64, session string) error {
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, s.bind("UPDATE drafts SET session = ? WHERE id = ? AND version = ? AND session = ''"), session, id, version)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, s.whyNot(ctx, tx, id))
		}
		return nil
	})
}

// DeleteDraft removes a draft that was not convened, with its versions: ErrConflict if it was.
func (s drafts) DeleteDraft(ctx context.Context, id string) error {
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, s.bind("DELETE FROM drafts WHERE id = ? AND session = ''"), id)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, s.whyNot(ctx, tx, id))
		}
		_, err = tx.ExecContext(ctx, s.bind("DELETE FROM draft_versions WHERE draft = ?"), id)
		return err
	})
}

// ReleaseDraft takes ConveneDraft back, for a session that did not come about.
func (s drafts) ReleaseDraft(ctx context.Context, id, session string) error {
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, s.bind("UPDATE drafts SET session = '' WHERE id = ? AND session = ?"), id, session)
		return err
	})
}
