package signaling_test

import (
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// A link that strangers open, or take over, again and again is shown in its row, until it is reissued.
func TestContestedLink(t *testing.T) {
	b := servertest.LooseBed(t, "")
	host := b.Enter(meeting.HostCode)
	row := func() (s protocol.SiteState) {
		host.See(func() { s = host.Sites["C1"] })
		return s
	}
	b.Enter("C1")
	host.SeesRow("C1", "present")
	open := func(n int) {
		for range n {
			if _, err := b.TryEnter("C1", client.Options{}); servertest.CloseCode(err) != protocol.CloseOccupied {
				t.Fatalf("an occupied seat: %v", err)
			}
		}
	}
	open(9)
	b.Enter("C2")
	host.SeesRow("C2", "present") // everything before is told
	if s := row(); s.OpenedElsewhere+s.TakenOver != 0 {
		t.Errorf("nine times is told: %+v", s)
	}
	open(291)
	host.Sees("300 strangers", func() bool { return host.Sites["C1"].OpenedElsewhere == 300 })
	for range 50 {
		if _, err := b.TryEnter("C1", client.Options{TakeOver: true}); err != nil {
			t.Fatal(err)
		}
	}
	host.Sees("50 take-overs", func() bool { return host.Sites["C1"].TakenOver == 50 })
	late := b.Enter(meeting.OperatorCode)
	late.Sees("it from the beginning", func() bool { return late.Sites["C1"].OpenedElsewhere == 300 && late.Sites["C1"].TakenOver == 50 })
	host.See(func() {
		if s := host.Sites["C2"]; s.OpenedElsewhere+s.TakenOver != 0 {
			t.Errorf("another seat: %+v", s)
		}
	})
	b.LogMu.Lock()
	told := strings.Count(b.LogText.String(), "opened elsewhere")
	b.LogMu.Unlock()
	if told != 1 {
		t.Errorf("the log tells of it %d times", told)
	}
	b.Admin("POST", "/api/v1/sessions/"+b.Links.ID+"/links/C1/reissue", "", nil)
	host.Sees("that it is over", func() bool { return host.Sites["C1"].OpenedElsewhere+host.Sites["C1"].TakenOver == 0 })
}

func TestContestedByTakeOversAlone(t *testing.T) {
	b := servertest.LooseBed(t, "")
	host := b.Enter(meeting.HostCode)
	b.Enter("C1")
	for range 5 {
		if _, err := b.TryEnter("C1", client.Options{TakeOver: true}); err != nil {
			t.Fatal(err)
		}
	}
	host.Sees("five take-overs", func() bool { return host.Sites["C1"].TakenOver == 5 })
}
