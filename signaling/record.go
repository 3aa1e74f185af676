package signaling

import (
	"context"
	"iter"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/roster"
	"github.com/diemcau/diemcau/store"
)

// Record is what signaling needs of the store; *store.Store is it.
type Record interface {
	ReplaceRoster(ctx context.Context, tree *roster.Tree, importedAt time.Time) error
	Units(ctx context.Context) ([]meeting.Unit, error)

	CreateSession(ctx context.Context, c store.NewSession) error
	Sessions(ctx context.Context) ([]store.SessionRow, error)

	// Append returns when the entries are on disk, or none of them ever will be.
	Append(ctx context.Context, session string, phase meeting.Phase, entries []ledger.Entry) error
	Entries(ctx context.Context, session string, fromSeq uint64) iter.Seq2[ledger.Entry, error]
	Head(ctx context.Context, session string) (ledger.Head, error)
	EraseNames(ctx context.Context, session string) (entries int64, err error)
	Backup(ctx context.Context, path string) error
	Alive(ctx context.Context, at time.Time, sessions ...string) error
	LastAlive(ctx context.Context, session string) (time.Time, error)

	Links(ctx context.Context, session string) ([]store.Link, error)
	LinkSerial(ctx context.Context, session, endpoint string) (int, error)
	ReissueLink(ctx context.Context, session, endpoint string) (serial int, err error)
	RevokeLink(ctx context.Context, session, endpoint string, at time.Time) error

	officeRecord
	DeadLetters(ctx context.Context) ([]store.DeadLetter, error)
	pictureRecord

	Setting(ctx context.Context, name string) (string, error)
	SetSetting(ctx context.Context, name, value string) error
}
