package signaling

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
)

// TestLedgerBudget: a seat's budget is what the ledger says that it wrote on this day; entering has one of its own.
func TestLedgerBudget(t *testing.T) {
	day := time.Date(2026, 3, 2, 23, 0, 0, 0, time.UTC)
	wrote := func(by string, at time.Time, bytes int) ledger.Entry {
		return ledger.Entry{By: by, RecordedAt: at, Data: make(json.RawMessage, bytes)}
	}
	site := func(code string) meeting.Actor { return meeting.Actor{Endpoint: code, Role: meeting.RoleSite} }
	refused := func(b *ledgerBudget, by meeting.Actor, cmd meeting.Command, at time.Time) bool {
		return b.check(by, cmd, at) != nil
	}
	var b ledgerBudget
	b.spend(wrote("C1", day.Add(-24*time.Hour), siteBudget), &meeting.HandRaised{})
	b.spend(wrote("C2", day, siteBudget-1024), &meeting.HandRaised{})
	b.spend(wrote("C3", day, siteBudget), &meeting.HandRaised{})
	b.spend(wrote("C3", day.Add(-24*time.Hour), siteBudget), &meeting.HandRaised{}) // by a clock that was behind
	b.spend(wrote("C4", day, siteBudget), &meeting.Connected{})
	b.spend(wrote("C5", day, enterBudget), &meeting.Resumed{})
	b.spend(wrote("", day, consoleBudget), &meeting.Lost{})
	b.spend(wrote("@host", day, siteBudget), &meeting.Granted{})
	for _, tt := range []struct {
		name string
		by   meeting.Actor
		cmd  meeting.Command
		at   time.Time
		want bool
	}{
		{"yesterday's does not count", site("C1"), meeting.RaiseHand{}, day, false},
		{"a little is left", site("C2"), meeting.RaiseHand{}, day, false},
		{"nothing is left", site("C3"), meeting.RaiseHand{}, day, true},
		{"but it may enter", site("C3"), meeting.Connect{}, day, false},
		{"who entered often may speak", site("C4"), meeting.RaiseHand{}, day, false},
		{"who entered too often may not again", site("C5"), meeting.Connect{}, day, true},
		{"what nobody commands", meeting.Actor{}, meeting.Disconnect{}, day, false},
		{"a console may write more", meeting.Actor{Endpoint: "@host", Role: meeting.RoleHost}, meeting.StartSession{}, day, false},
		{"the clock was set back", site("C3"), meeting.RaiseHand{}, day.Add(-24 * time.Hour), true},
		{"another day", site("C3"), meeting.RaiseHand{}, day.Add(time.Hour), false},
		{"which stays", site("C3"), meeting.RaiseHand{}, day, false},
	} {
		if got := refused(&b, tt.by, tt.cmd, tt.at); got != tt.want {
			t.Errorf("%s: refused %v", tt.name, got)
		}
	}
}
