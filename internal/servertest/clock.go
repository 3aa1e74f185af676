package servertest

import (
	"sync"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// Settable is a clock that somebody sets, as chrony and administrators do.
type Settable struct {
	Began time.Time

	mu  sync.Mutex
	off time.Duration
}

func (s *Settable) Set(off time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off = off
}

func (s *Settable) Source() signaling.TimeSource {
	return signaling.TimeSource{
		Wall: func() time.Time {
			s.mu.Lock()
			defer s.mu.Unlock()
			return time.Now().Add(s.off).Round(0)
		},
		Elapsed: func() time.Duration { return time.Since(s.Began) },
	}
}

func (b *Bed) Entries(session string) (list []ledger.Entry) {
	b.Helper()
	for e, err := range b.Record.Entries(b.Context(), session, 1) {
		if err != nil {
			b.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

// TryLink enters by a link that may be of a server before this one.
func (b *Bed) TryLink(link string) (*client.Client, error) {
	return client.Dial(b.Context(), b.HTTP.URL+"/join#"+Token(link), client.Options{Device: "test", Handle: func(protocol.Message) {}})
}
