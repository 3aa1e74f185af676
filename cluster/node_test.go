package cluster

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/diemcau/diemcau/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// table is a record of nodes alone.
type table struct {
	Record
	nodes []store.NodeRow
}

// Nodes lists them; of those there at first B is alive.
func (r *table) Nodes(context.Context) ([]store.NodeRow, error) {
	list := slices.Clone(r.nodes)
	for i := range r.nodes {
		if n := &r.nodes[i]; n.Name == "B" && n.Incarnation != "" {
			n.Beat++
		}
	}
	return list, nil
}

func (r *table) Announce(_ context.Context, n store.NodeRow) error {
	r.nodes = append(r.nodes, n)
	return nil
}

func (*table) Withdraw(context.Context, store.NodeRow) error { return nil }

func TestJoin(t *testing.T) {
	for name, tt := range map[string]struct {
		there []store.NodeRow
		keys  string
		want  error
	}{
		"the first":                {nil, "k1", nil},
		"same keys":                {[]store.NodeRow{{Name: "B", Keys: "k1"}}, "k1", nil},
		"other keys":               {[]store.NodeRow{{Name: "B", Incarnation: "B-1", Keys: "k1"}}, "k2", ErrKeys},
		"no keys":                  {[]store.NodeRow{{Name: "B", Incarnation: "B-1", Keys: "k1"}}, "", ErrKeys},
		"keys of one that ended":   {[]store.NodeRow{{Name: "B", Keys: "k1"}}, "k2", nil},
		"keys of one that died":    {[]store.NodeRow{{Name: "C", Incarnation: "C-1", Keys: "k1"}}, "k2", nil},
		"new keys of the only one": {[]store.NodeRow{{Name: "A", Incarnation: "A-0", Keys: "k1"}}, "k2", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, err := Join(t.Context(), Config{
				Record: &table{nodes: tt.there}, Self: store.NodeRow{Name: "A"}, Log: slog.New(slog.DiscardHandler),
				Registry: prometheus.NewRegistry(), Keys: func() (string, error) { return tt.keys, nil },
			})
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if err == nil {
				n.Close()
			}
		})
	}
}

// People are sent to the owner while it is heard, and nowhere while it is not: it may be gone, and its address with it.
func TestOwner(t *testing.T) {
	others := &[]Peer{
		{NodeRow: store.NodeRow{Name: "B", Incarnation: "B-1", URL: "https://b"}}, {NodeRow: store.NodeRow{Name: "C", Incarnation: "C-1"}},
	}
	for name, tt := range map[string]struct {
		owner  string
		silent time.Duration
		owning bool
		want   string
	}{
		"heard":              {"B-1", 0, false, "https://b"},
		"silent":             {"B-1", time.Minute, false, ""},
		"a former start":     {"B-0", 0, false, ""},
		"without an address": {"C-1", 0, false, ""},
		"nobody":             {"", 0, false, ""},
		"this one":           {"B-1", 0, true, ""},
	} {
		n := &Node{}
		n.others.Store(others)
		n.owning.Store(tt.owning)
		n.owner.Store(&sight{store.Ownership{Owner: tt.owner}, time.Now().Add(-tt.silent)})
		if got := n.Owner(); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	n := &Node{}
	n.others.Store(others)
	if got := n.Others(); len(got) != 1 || got[0] != "https://b" {
		t.Errorf("addresses of the others: %q", got)
	}
}

// A node is there as long as what it announces changes.
func TestPeersAreHeard(t *testing.T) {
	n := &Node{cfg: Config{Self: store.NodeRow{Name: "A"}}}
	now := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	for i, step := range []struct {
		beat  int64
		after time.Duration
		here  bool
	}{{5, 0, false}, {5, time.Second, false}, {6, time.Second, true}, {6, time.Second, true}, {6, quietFor, false}, {7, time.Second, true}} {
		now = now.Add(step.after)
		n.others.Store(n.heard([]store.NodeRow{{Name: "A", Beat: int64(i)}, {Name: "B", Incarnation: "B-1", Beat: step.beat}}, now))
		if peers := n.Peers(); len(peers) != 1 || peers[0].Name != "B" || peers[0].Here(now) != step.here {
			t.Errorf("step %d: %+v", i, peers)
		}
	}
}
