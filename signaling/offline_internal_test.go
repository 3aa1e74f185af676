package signaling

import (
	"context"
	"fmt"
	"iter"
	"testing"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/store"
)

// pastRecord has one session that is over, and tells what is done with it.
type pastRecord struct {
	*keptRecord
	free   func() bool // nothing keeps others from their sessions
	events []string
	read   func() // while it is read
	forks  int    // so many appends do not follow
	stays  error  // of EmptyLog
}

func (r *pastRecord) note(what string, may bool) {
	if r.free() != may {
		what += ", others waiting: " + fmt.Sprint(may)
	}
	r.events = append(r.events, what)
}

func (r *pastRecord) Entries(ctx context.Context, id string, from uint64) iter.Seq2[ledger.Entry, error] {
	r.note("read", true)
	if r.read != nil {
		r.read()
	}
	return r.keptRecord.Entries(ctx, id, from)
}

func (r *pastRecord) Append(ctx context.Context, id string, phase meeting.Phase, entries []ledger.Entry) error {
	r.note("append", false)
	if r.forks--; r.forks >= 0 {
		return store.ErrForked
	}
	return r.keptRecord.Append(ctx, id, phase, entries)
}

func (r *pastRecord) EmptyLog(context.Context) error {
	r.note("empty", true)
	return r.stays
}

// A command for a session that nobody has in memory keeps no other session waiting but for the moment of its append, and
// whoever follows the record is told.
func TestCommandOnRecord(t *testing.T) {
	for name, tt := range map[string]struct {
		forks int
		taken bool // somebody takes it over while it is read
		want  string
	}{
		"alone":                    {want: "[read append told empty]"},
		"others write meanwhile":   {forks: 1, want: "[read append read append told empty]"},
		"others go on writing":     {forks: 9, want: "[read append read append] forked"},
		"it is taken over by then": {taken: true, want: "[read told empty]"},
	} {
		t.Run(name, func(t *testing.T) {
			c := liveCoordinator(t, 2)
			rec := &pastRecord{keptRecord: keeping(c), forks: tt.forks}
			c.must(t, meeting.EndSession{}, meeting.Actor{Endpoint: meeting.HostCode, Role: meeting.RoleHost})
			tell := func(string) { rec.events = append(rec.events, "told") }
			c.recorded = tell
			srv := &Server{
				record: rec, node: ledger.NewNode("other", 0), clock: c.clock, metrics: c.metrics, log: c.log, recorded: tell,
				sessions: newSessions(nil),
			}
			srv.start()
			rec.free = func() bool {
				free := srv.loading.TryLock()
				if free {
					srv.loading.Unlock()
				}
				return free
			}
			if tt.taken {
				c.requests, c.done, c.stop = make(chan request, 1), make(chan struct{}), make(chan struct{})
				rec.read = func() {
					srv.byID["s"] = c
					go c.run(context.WithoutCancel(t.Context()))
				}
				defer func() { close(c.stop); <-c.done }()
			}
			err := srv.commandOnRecord(t.Context(), "s", meeting.EraseNames{}, meeting.Actor{})
			got := fmt.Sprint(rec.events)
			if err != nil {
				got += " forked"
			}
			if got != tt.want {
				t.Errorf("%s, %v; want %s", got, err, tt.want)
			}
		})
	}
}
