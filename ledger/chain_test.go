package ledger_test

import (
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/ledgertest"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
)

func seq(entries []ledger.Entry) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// chainOf makes a whole chain of n entries.
func chainOf(t *testing.T, n int) []ledger.Entry {
	t.Helper()
	c := ledger.NewChain("s1", ledger.NewNode("n1", 0), ledger.Head{})
	var list []ledger.Entry
	for i := range n {
		at := time.Date(2026, 3, 2, 8, 0, i, 0, time.UTC)
		e, err := c.Next(time.Time{}, at, "@host", &meeting.HandRaised{Endpoint: "Xã <Đông> & 'Tây'"})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

func TestSealMatchesTheSpecification(t *testing.T) {
	// Computed by hand from docs/ledger.md: sha256sum of the canonical text below.
	e, err := ledger.Seal(ledger.Genesis(), ledger.Entry{
		Session: "s1", Seq: 1, Node: "n1", NodeSeq: 7, Kind: "hand_raised", Data: json.RawMessage(`{ "endpoint" : "C1" }`),
		At:         time.Date(2026, 3, 2, 1, 0, 0, 500000000, time.UTC),
		RecordedAt: time.Date(2026, 3, 2, 1, 0, 1, 0, time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	// printf '%s' '{"at":"2026-03-02T01:00:00.5Z","data":{"endpoint":"C1"},"kind":"hand_raised","node":"n1","node_seq":7,\
	// "prev":"000…000","recorded_at":"2026-03-02T01:00:01Z","seq":1,"session":"s1"}' | sha256sum
	const want = "fd7815c94454517e3a99263e0f864dfe48901307b40bc3262e46668081068727"
	if e.Hash != want {
		t.Errorf("hash = %s, want %s", e.Hash, want)
	}
}

func TestVerifyChain(t *testing.T) {
	whole := chainOf(t, 5)
	if head, err := ledgertest.Verify(seq(whole)); err != nil || head.Seq != 5 || head.Hash != whole[4].Hash {
		t.Fatalf("whole ledger: head %+v, %v", head, err)
	}
	resealed := func(l []ledger.Entry, i int) {
		l[i].By = "@operator"
		sealed, err := ledger.Seal(l[i].Prev, l[i])
		if err != nil {
			t.Fatal(err)
		}
		l[i] = sealed
	}
	tests := map[string]struct {
		damage func(l []ledger.Entry) []ledger.Entry
		seq    uint64
	}{
		"content changed": {func(l []ledger.Entry) []ledger.Entry { l[2].By = "@operator"; return l }, 3},
		"data changed": {func(l []ledger.Entry) []ledger.Entry {
			l[2].Data = json.RawMessage(strings.Replace(string(l[2].Data), "Tây", "Tay", 1))
			return l
		}, 3},
		"time changed": {func(l []ledger.Entry) []ledger.Entry {
			l[3].At = l[3].At.Add(time.Microsecond)
			return l
		}, 4},
		"changed and hashed again": {func(l []ledger.Entry) []ledger.Entry { resealed(l, 1); return l }, 3},
		"removed":                  {func(l []ledger.Entry) []ledger.Entry { return slices.Delete(l, 1, 2) }, 2},
		"first removed":            {func(l []ledger.Entry) []ledger.Entry { return l[1:] }, 1},
		"doubled":                  {func(l []ledger.Entry) []ledger.Entry { return slices.Insert(l, 2, l[1]) }, 3},
		"swapped":                  {func(l []ledger.Entry) []ledger.Entry { l[1], l[2] = l[2], l[1]; return l }, 2},
		"other session": {func(l []ledger.Entry) []ledger.Entry {
			l[4].Session = "s2"
			l[4], _ = ledger.Seal(l[4].Prev, l[4])
			return l
		}, 5},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := ledgertest.Verify(seq(tt.damage(slices.Clone(whole))))
			var broken *ledger.BrokenError
			if !errors.As(err, &broken) || broken.Seq != tt.seq {
				t.Errorf("got %v, want broken at %d", err, tt.seq)
			}
		})
	}
}

func TestCheckedEndsWhereTheChainBreaks(t *testing.T) {
	l := chainOf(t, 5)
	l[3].By = "@operator"
	var passed []uint64
	var broken *ledger.BrokenError
	for e, err := range ledger.Checked(seq(l)) {
		if err != nil {
			if !errors.As(err, &broken) {
				t.Fatal(err)
			}
			continue
		}
		passed = append(passed, e.Seq)
	}
	if !slices.Equal(passed, []uint64{1, 2, 3}) || broken == nil || broken.Seq != 4 {
		t.Errorf("passed %v, broken %v", passed, broken)
	}
	for range ledger.Checked(seq(l)) {
		break // the reader may stop early
	}
}

func TestChainContinues(t *testing.T) {
	whole := chainOf(t, 3)
	head, err := ledgertest.Verify(seq(whole))
	if err != nil {
		t.Fatal(err)
	}
	c := ledger.NewChain("s1", ledger.NewNode("n1", 3), head)
	e, err := c.Next(time.Time{}, head.RecordedAt.Add(time.Second), "", &meeting.HandLowered{Endpoint: "C1"})
	if err != nil {
		t.Fatal(err)
	}
	if e.NodeSeq != 4 {
		t.Errorf("node_seq = %d, want 4", e.NodeSeq)
	}
	if _, err := ledgertest.Verify(seq(append(whole, e))); err != nil {
		t.Error(err)
	}
}

func TestChainDates(t *testing.T) {
	start := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	hand := &meeting.HandRaised{Endpoint: "C1"}
	lost := &meeting.Lost{Endpoint: "C1", Conn: "c", LastSeen: start.Add(10 * time.Second)}
	tests := map[string]struct {
		at, recorded         time.Duration // after start; at < 0 = not given
		ev                   meeting.Event
		wantAt, wantRecorded time.Duration
	}{
		"as decided":                   {-1, 60 * time.Second, hand, 60 * time.Second, 60 * time.Second},
		"a loss at its last evidence":  {-1, 60 * time.Second, lost, 10 * time.Second, 60 * time.Second},
		"a late entry of another node": {5 * time.Second, 60 * time.Second, hand, 5 * time.Second, 60 * time.Second},
		"clock set back":               {-1, 1 * time.Second, hand, 1 * time.Second, 30 * time.Second},
		"loss, clock set back":         {-1, 20 * time.Second, lost, 10 * time.Second, 30 * time.Second},
		"below a microsecond":          {-1, 60*time.Second + 999, hand, 60 * time.Second, 60 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := ledger.NewChain("s", ledger.NewNode("n", 0), ledger.Head{Seq: 1, Hash: "h", RecordedAt: start.Add(30 * time.Second)})
			var at time.Time
			if tt.at >= 0 {
				at = start.Add(tt.at)
			}
			e, err := c.Next(at, start.Add(tt.recorded), "", tt.ev)
			if err != nil {
				t.Fatal(err)
			}
			if got := e.At.Sub(start); got != tt.wantAt {
				t.Errorf("at = +%v, want +%v", got, tt.wantAt)
			}
			if got := e.RecordedAt.Sub(start); got != tt.wantRecorded {
				t.Errorf("recorded_at = +%v, want +%v", got, tt.wantRecorded)
			}
		})
	}
}
