package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/diemcau/diemcau/link"
)

const adminTokenColumns = "id, name, created_by, created_at, expires_at, revoked_at"

// PutAdminToken notes a token that was made.
func (s accounts) PutAdminToken(ctx context.Context, t link.AdminToken) error {
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, s.bind("INSERT INTO admin_tokens ("+adminTokenColumns+") VALUES (?, ?, ?, ?, ?, 0)"),
			t.ID, t.Name, t.CreatedBy, micros(t.CreatedAt), micros(t.ExpiresAt))
		return err
	})
}

// AdminToken returns a token by its id: ErrNotFound if there was none.
func (s accounts) AdminToken(ctx context.Context, id string) (link.AdminToken, error) {
	list, err := s.adminTokens(ctx, "WHERE id = ?", id)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("token %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return link.AdminToken{}, err
	}
	return list[0], nil
}

// AdminTokens lists the tokens that were made, the newest first.
func (s accounts) AdminTokens(ctx context.Context) ([]link.AdminToken, error) {
	return s.adminTokens(ctx, "ORDER BY created_at DESC, id")
}

func (s accounts) adminTokens(ctx context.Context, where string, args ...any) ([]link.AdminToken, error) {
	rows, err := s.read.QueryContext(ctx, s.bind("SELECT "+adminTokenColumns+" FROM admin_tokens "+where), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []link.AdminToken
	for rows.Next() {
		var t link.AdminToken
		var created, expires, revoked int64
		if err := rows.Scan(&t.ID, &t.Name, &t.CreatedBy, &created, &expires, &revoked); err != nil {
			return nil, err
		}
		for at, into := range map[*time.Time]int64{&t.CreatedAt: created, &t.ExpiresAt: expires, &t.RevokedAt: revoked} {
			if into != 0 {
				*at = fromMicros(into)
			}
		}
		list = append(list, t)
	}
	return list, rows.Err()
}

// RevokeAdminToken ends a token: ErrNotFound if there was none.
func (s accounts) RevokeAdminToken(ctx context.Context, id string, at time.Time) error {
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, s.bind("UPDATE admin_tokens SET revoked_at = ? WHERE id = ?"), micros(at), id)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fmt.Errorf("token %s: %w", id, ErrNotFound))
		}
		return nil
	})
}

// RevokeAdminTokensBy ends the tokens that an account made.
func (s accounts) RevokeAdminTokensBy(ctx context.Context, account string, at time.Time) error {
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, s.bind("UPDATE admin_tokens SET revoked_at = ? WHERE created_by = ? AND revoked_at = 0"), micros(at), account)
		return err
	})
}
