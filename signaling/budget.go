package signaling

import (
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// How many bytes one seat may have the ledger keep in a day. A site declares its room, raises hands and answers roll
// calls: some kilobytes. Its line may drop every few seconds all day long, so coming in has a budget of its own.
const (
	siteBudget    = 512 << 10
	consoleBudget = 16 << 20
	enterBudget   = 4 << 20
)

// ledgerBudget counts what the seats of one session have written today. Its keys are seats of the session. What it holds
// follows from the entries of the ledger alone, so it is the same after a restart.
type ledgerBudget struct {
	day   string // as in time.DateOnly, so the later one is the greater one
	spent map[budgetLine]int
}

// budgetLine is what is counted apart for a seat.
type budgetLine struct {
	seat  string
	enter bool // connecting, else everything else
}

// today begins anew with each day (UTC), and reports whether that of a time is the day that is counted.
func (b *ledgerBudget) today(at time.Time) bool {
	day := at.UTC().Format(time.DateOnly)
	if day > b.day {
		b.day, b.spent = day, map[budgetLine]int{}
	}
	return day == b.day
}

// check refuses a command of a seat that has used its budget up. What nobody commands, such as the loss of a
// connection, is always recorded.
func (b *ledgerBudget) check(by meeting.Actor, cmd meeting.Command, now time.Time) error {
	if by.Endpoint == "" {
		return nil
	}
	b.today(now)
	_, enter := cmd.(meeting.Connect)
	line, most := budgetLine{by.Endpoint, enter}, consoleBudget
	switch {
	case line.enter:
		most = enterBudget
	case by.Role == meeting.RoleSite:
		most = siteBudget
	}
	if b.spent[line] >= most {
		return refusal(protocol.CodeTooMany, "this seat has written all that it may in a day")
	}
	return nil
}

// spend counts an entry that was written.
func (b *ledgerBudget) spend(e ledger.Entry, ev meeting.Event) {
	if e.By == "" || !b.today(e.RecordedAt) {
		return
	}
	const around = 512 // what an entry takes besides what was said
	bytes := around + len(e.Data)
	if e.Personal != nil {
		bytes += len(e.Personal.Value)
	}
	line := budgetLine{seat: e.By}
	switch ev.(type) {
	case *meeting.Connected, *meeting.Resumed, *meeting.Lost, *meeting.Left: // a seat that enters ends what it had before
		line.enter = true
	}
	b.spent[line] += bytes
}
