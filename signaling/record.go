package signaling

import (
	"context"
	"iter"
	"time"

	"github.com/diemcau/diemcau/account"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/store"
)

// Record is what signaling needs of the store; *store.Store is it.
type Record interface {
	Sessions(ctx context.Context) ([]store.SessionRow, error)
	Session(ctx context.Context, id string) (store.SessionRow, error)

	// Append returns when the entries are on disk, or none of them ever will be.
	Append(ctx context.Context, session string, phase meeting.Phase, entries []ledger.Entry) error
	Entries(ctx context.Context, session string, fromSeq uint64) iter.Seq2[ledger.Entry, error]
	// EmptyLog makes what entries have erased go from the files of the record as well.
	EmptyLog(ctx context.Context) error
	Alive(ctx context.Context, at time.Time, sessions ...string) error
	LastAlive(ctx context.Context, session string) (time.Time, error)

	// What the holder of a token is.
	Links(ctx context.Context, session string) ([]store.Link, error)
	Account(ctx context.Context, name string) (account.Account, error)
	AdminToken(ctx context.Context, id string) (link.AdminToken, error)
}
