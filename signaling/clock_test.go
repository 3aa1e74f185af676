package signaling_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// convene creates a session for C1 that opens an hour before its start.
func convene(b *servertest.Bed, start time.Time) (made servertest.Links) {
	b.Helper()
	b.Admin("POST", "/api/v1/sessions", fmt.Sprintf(`{"title":"Giao ban","units":"C1","start":%q}`, start.Format(time.RFC3339)), &made)
	return made
}

// A server whose hardware clock is in local time starts seven hours ahead; then the time service corrects it. What was
// recorded stays, and everything else goes by the right time at once, without a restart and after one.
func TestClockAheadIsCorrected(t *testing.T) {
	b := servertest.NewBed(t, "")
	clock := &servertest.Settable{Began: time.Now()}
	b.Time = clock.Source()
	clock.Set(7 * time.Hour)
	b.Restart(false)
	b.Enter("C1").Close() // so that something is recorded seven hours ahead in a session that goes on
	if status, text := ready(b); status != 200 {
		t.Errorf("a clock that is merely wrong: %d %s", status, text)
	}
	clock.Set(0)
	started := time.Now()

	soon := convene(b, time.Now().Add(5*time.Hour)) // after the correction: opens in four hours
	first := b.Entries(soon.ID)[0]
	if d := first.RecordedAt.Sub(started); d < -5*time.Second || d > 5*time.Minute {
		t.Errorf("a new session is recorded %v off", d)
	}
	for range 2 {
		host := b.Enter(meeting.HostCode) // of the session that was open when the clock was set
		host.Sees("that the clock is behind", func() bool {
			n := len(host.Recording)
			return n == 1 && host.Recording[0].ClockBehindMs > 24_000_000 && host.Recording[0].SinceMs == 0
		})
		if off := time.Since(time.UnixMilli(host.Welcome().NowMs)); off.Abs() > time.Minute {
			t.Errorf("the clock of pages is %v off", off)
		}
		host.Close()
		if _, err := b.TryLink(soon.Endpoints[0].Link); err == nil || servertest.CloseCode(err) != protocol.CloseNotOpen {
			t.Errorf("a session is open four hours before its time: %v", err)
		}
		if status, text := ready(b); status != 503 || !strings.Contains(text, "behind the record") {
			t.Errorf("readyz: %d %s", status, text)
		}
		_, metrics := b.Request("GET", "/metrics", "", "")
		if !strings.Contains(metrics, "diemcau_clock_behind_seconds 25") { // 7 h are 25,200 s
			t.Error("the metric does not tell of it")
		}
		noted := 0
		var last time.Time
		for _, e := range b.Entries(b.Links.ID) {
			if e.RecordedAt.Before(last) {
				t.Errorf("entry %d is recorded before the one before", e.Seq)
			}
			last = e.RecordedAt
			var differed meeting.ClockDiffered
			if e.Kind == differed.Kind() {
				noted++
				if err := json.Unmarshal(e.Data, &differed); err != nil || differed.Recorded.Sub(differed.Clock) < 6*time.Hour {
					t.Errorf("recorded: %s (%v)", e.Data, err)
				}
			}
			if noted > 0 && time.Since(e.At).Abs() > 10*time.Minute {
				t.Errorf("entry %d (%s) is dated %v", e.Seq, e.Kind, e.At)
			}
		}
		if noted == 0 {
			t.Error("nothing is recorded of it")
		}
		b.LogMu.Lock()
		text := b.LogText.String()
		b.LogMu.Unlock()
		if !strings.Contains(text, "level=ERROR msg=\"the clock is behind what is recorded") {
			t.Error("the log says nothing")
		}
		b.Restart(false)
	}
	clock.Set(8 * time.Hour) // the time goes on
	servertest.Await(t, "the server is ready again", func() bool { status, _ := ready(b); return status == 200 })
}

// A timer that was set before the clock was goes by the clock.
func TestStepForwardOpensASession(t *testing.T) {
	b := servertest.NewBed(t, "")
	clock := &servertest.Settable{Began: time.Now()}
	b.Time = clock.Source()
	b.Restart(false)
	made := convene(b, time.Now().Add(5*time.Hour))
	enter := func() error {
		p, err := b.TryLink(made.Endpoints[0].Link)
		if err == nil {
			p.Close()
		}
		return err
	}
	if err := enter(); err == nil || servertest.CloseCode(err) != protocol.CloseNotOpen {
		t.Fatalf("four hours before it opens: %v", err)
	}
	clock.Set(5 * time.Hour)
	servertest.Await(t, "the session is open", func() bool { return enter() == nil })
}
