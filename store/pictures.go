package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Picture is a still picture that is kept as evidence, beside the ledger.
type Picture struct {
	Commitment string // SHA-256 of salt and picture, hex, as the ledger has it
	Salt       string // hex
	JPEG       []byte
	TakenAt    time.Time
}

// SavePicture keeps a picture.
func (s pictures) SavePicture(ctx context.Context, session string, p Picture) error {
	return s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, s.bind("INSERT INTO pictures (session, commitment, salt, jpeg, taken_at) VALUES (?, ?, ?, ?, ?)"),
			session, p.Commitment, p.Salt, p.JPEG, micros(p.TakenAt))
		return err
	})
}

// Picture returns the picture of a commitment; ErrNotFound if there is none, or no more.
func (s pictures) Picture(ctx context.Context, session, commitment string) (Picture, error) {
	p, at := Picture{Commitment: commitment}, int64(0)
	err := s.read.QueryRowContext(ctx, s.bind("SELECT salt, jpeg, taken_at FROM pictures WHERE session = ? AND commitment = ?"), session, commitment).
		Scan(&p.Salt, &p.JPEG, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return p, ErrNotFound
	}
	if err != nil {
		return p, err
	}
	p.TakenAt = fromMicros(at)
	return p, nil
}

// ErasePictures erases all pictures that were taken before a moment, with their salts, and returns how many.
func (s pictures) ErasePictures(ctx context.Context, before time.Time) (int64, error) {
	var n int64
	err := s.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, s.bind("DELETE FROM pictures WHERE taken_at < ?"), micros(before))
		if err != nil {
			return err
		}
		n, err = result.RowsAffected()
		return err
	})
	if err == nil && n > 0 {
		err = s.emptyLog(ctx)
	}
	return n, err
}
