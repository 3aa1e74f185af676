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

// ledgerBudget counts what the seats of one session have written today. Its keys are seats of the session. It begins
// anew with the server.
type ledgerBudget struct {
	day   string
	spent map[budgetLine]int
}

// budgetLine is what is counted apart for a seat.
type budgetLine struct {
	seat  string
	enter bool // connecting, else everything else
}

func lineOf(by meeting.Actor, cmd meeting.Command) budgetLine {
	_, enter := cmd.(meeting.Connect)
	return budgetLine{seat: by.Endpoint, enter: enter}
}

// check refuses a command of a seat that has used its budget up. What nobody commands, such as the loss of a
// connection, is always recorded.
func (b *ledgerBudget) check(by meeting.Actor, cmd meeting.Command, now time.Time) error {
	if by.Endpoint == "" {
		return nil
	}
	if day := now.UTC().Format(time.DateOnly); day != b.day {
		b.day, b.spent = day, map[budgetLine]int{}
	}
	line, most := lineOf(by, cmd), consoleBudget
	switch {
	case line.enter:
		most = enterBudget
	case by.Role == meeting.RoleSite:
		most = siteBudget
	}
	if b.spent[line] >= most {
		return refusal(protocol.TooMany, "this seat has written all that it may in a day")
	}
	return nil
}

// spend counts an entry that a command had written.
func (b *ledgerBudget) spend(by meeting.Actor, cmd meeting.Command, e ledger.Entry) {
	if by.Endpoint == "" {
		return
	}
	const around = 512 // what an entry takes besides what was said
	bytes := around + len(e.Data)
	if e.Personal != nil {
		bytes += len(e.Personal.Value)
	}
	b.spent[lineOf(by, cmd)] += bytes
}
