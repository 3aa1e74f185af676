package signaling_test

import (
	"strings"
	"testing"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// A link that strangers open, or take over, again and again is shown in its row, until it is reissued.
func TestContestedLink(t *testing.T) {
	b := looseBed(t, "")
	host := b.enter(meeting.HostCode)
	row := func() (s protocol.SiteState) {
		host.see(func() { s = host.sites["C1"] })
		return s
	}
	b.enter("C1")
	host.seesRow("C1", "present")
	open := func(n int) {
		for range n {
			if _, err := b.tryEnter("C1", client.Options{}); closeCode(err) != protocol.CloseOccupied {
				t.Fatalf("an occupied seat: %v", err)
			}
		}
	}
	open(9)
	b.enter("C2")
	host.seesRow("C2", "present") // everything before is told
	if s := row(); s.OpenedElsewhere+s.TakenOver != 0 {
		t.Errorf("nine times is told: %+v", s)
	}
	open(291)
	host.sees("300 strangers", func() bool { return host.sites["C1"].OpenedElsewhere == 300 })
	for range 50 {
		if _, err := b.tryEnter("C1", client.Options{TakeOver: true}); err != nil {
			t.Fatal(err)
		}
	}
	host.sees("50 take-overs", func() bool { return host.sites["C1"].TakenOver == 50 })
	late := b.enter(meeting.OperatorCode)
	late.sees("it from the beginning", func() bool { return late.sites["C1"].OpenedElsewhere == 300 && late.sites["C1"].TakenOver == 50 })
	host.see(func() {
		if s := host.sites["C2"]; s.OpenedElsewhere+s.TakenOver != 0 {
			t.Errorf("another seat: %+v", s)
		}
	})
	b.logMu.Lock()
	told := strings.Count(b.log.String(), "opened elsewhere")
	b.logMu.Unlock()
	if told != 1 {
		t.Errorf("the log tells of it %d times", told)
	}
	b.admin("POST", "/api/v1/sessions/"+b.links.ID+"/links/C1/reissue", "", nil)
	host.sees("that it is over", func() bool { return host.sites["C1"].OpenedElsewhere+host.sites["C1"].TakenOver == 0 })
}

func TestContestedByTakeOversAlone(t *testing.T) {
	b := looseBed(t, "")
	host := b.enter(meeting.HostCode)
	b.enter("C1")
	for range 5 {
		if _, err := b.tryEnter("C1", client.Options{TakeOver: true}); err != nil {
			t.Fatal(err)
		}
	}
	host.sees("five take-overs", func() bool { return host.sites["C1"].TakenOver == 5 })
}
