package signaling

import (
	"cmp"
	"fmt"
	"log/slog"
	"sync"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/store"
	"github.com/prometheus/client_golang/prometheus"
)

// contradictions are the sessions of which the list in the record said otherwise than their ledger. The ledger counts,
// and nothing goes by the list; but somebody wrote to the record behind the server's back, or a ledger was cut. The next
// entry puts the list right, so what was found is told until the server is started anew. It is safe for concurrent use,
// and bounded by the sessions on record.
type contradictions struct {
	log *slog.Logger

	mu   sync.Mutex
	said map[string]saying
}

// saying is how the list says otherwise.
type saying struct{ phase, title string } // each is empty if list and ledger agree

func (c saying) String() string {
	if c.phase != "" && c.title != "" {
		return c.phase + "; " + c.title
	}
	return c.phase + c.title
}

func newContradictions(log *slog.Logger, reg prometheus.Registerer) *contradictions {
	c := &contradictions{log: log, said: map[string]saying{}}
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "diemcau_list_contradictions", Help: "Sessions of which the list in the record said otherwise than their ledger, since the start.",
	}, func() float64 { return float64(c.count()) }))
	return c
}

func (c *contradictions) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.said)
}

// of says what is wrong about a session; empty if nothing is.
func (c *contradictions) of(id string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.said[id].String()
}

// listed takes note of a row as it was read. One that is not over is compared when its session is replayed.
func (c *contradictions) listed(row store.SessionRow) {
	if row.Noted != row.Phase {
		c.note(row.ID, saying{phase: phases(row.Noted, row.Phase)})
	}
}

// compare takes note of how the row of a session stands to the fold of its ledger.
func (c *contradictions) compare(row store.SessionRow, s *meeting.View) {
	c.note(row.ID, differ(row, s))
}

// differ is how a row and the fold of a ledger contradict each other.
func differ(row store.SessionRow, s *meeting.View) (found saying) {
	if row.Noted != s.Phase {
		found.phase = phases(row.Noted, s.Phase)
	}
	if row.Title != s.Title {
		found.title = fmt.Sprintf("the list had the title %q, the ledger %q", row.Title, s.Title)
	}
	return found
}

func phases(noted, folded meeting.Phase) string {
	return fmt.Sprintf("the list had the phase %q, the ledger %q", noted, folded)
}

// note adds what is wrong about a session to what was found before, and tells the log if that is news.
func (c *contradictions) note(id string, now saying) {
	if now == (saying{}) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.said[id]
	now.phase, now.title = cmp.Or(now.phase, before.phase), cmp.Or(now.title, before.title)
	if now == before {
		return
	}
	c.said[id] = now
	c.log.Error("the record was changed behind the server's back, or a ledger was cut; the ledger counts", "session", id, "err", now.String())
}
