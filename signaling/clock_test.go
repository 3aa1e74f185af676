package signaling_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// settable is a clock that somebody sets, as chrony and administrators do.
type settable struct {
	began time.Time

	mu  sync.Mutex
	off time.Duration
}

func (s *settable) set(off time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off = off
}

func (s *settable) source() signaling.TimeSource {
	return signaling.TimeSource{
		Wall: func() time.Time {
			s.mu.Lock()
			defer s.mu.Unlock()
			return time.Now().Add(s.off).Round(0)
		},
		Elapsed: func() time.Duration { return time.Since(s.began) },
	}
}

func (b *bed) entries(session string) (list []ledger.Entry) {
	b.Helper()
	for e, err := range b.record.Entries(b.Context(), session, 1) {
		if err != nil {
			b.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

// convene creates a session for C1 that opens an hour before its start.
func (b *bed) convene(start time.Time) (made links) {
	b.Helper()
	b.admin("POST", "/api/v1/sessions", fmt.Sprintf(`{"title":"Giao ban","units":"C1","start":%q}`, start.Format(time.RFC3339)), &made)
	return made
}

// tryLink enters by a link that may be of a server before this one.
func (b *bed) tryLink(link string) (*client.Client, error) {
	return client.Dial(b.Context(), b.http.URL+"/join#"+token(link), client.Options{Device: "test", Handle: func(protocol.Message) {}})
}

// A server whose hardware clock is in local time starts seven hours ahead; then the time service corrects it. What was
// recorded stays, and everything else goes by the right time at once, without a restart and after one.
func TestClockAheadIsCorrected(t *testing.T) {
	b := newBed(t, "")
	clock := &settable{began: time.Now()}
	b.time = clock.source()
	clock.set(7 * time.Hour)
	b.restart(false)
	b.enter("C1").Close() // so that something is recorded seven hours ahead in a session that goes on
	if status, text := b.ready(); status != 200 {
		t.Errorf("a clock that is merely wrong: %d %s", status, text)
	}
	clock.set(0)
	started := time.Now()

	soon := b.convene(time.Now().Add(5 * time.Hour)) // after the correction: opens in four hours
	first := b.entries(soon.ID)[0]
	if d := first.RecordedAt.Sub(started); d < -5*time.Second || d > 5*time.Minute {
		t.Errorf("a new session is recorded %v off", d)
	}
	for range 2 {
		host := b.enter(meeting.HostCode) // of the session that was open when the clock was set
		host.sees("that the clock is behind", func() bool {
			n := len(host.recording)
			return n == 1 && host.recording[0].ClockBehindMs > 24_000_000 && host.recording[0].SinceMs == 0
		})
		if off := time.Since(time.UnixMilli(host.Welcome().NowMs)); off.Abs() > time.Minute {
			t.Errorf("the clock of pages is %v off", off)
		}
		host.Close()
		if _, err := b.tryLink(soon.Endpoints[0].Link); err == nil || closeCode(err) != protocol.CloseNotOpen {
			t.Errorf("a session is open four hours before its time: %v", err)
		}
		if status, text := b.ready(); status != 503 || !strings.Contains(text, "behind the record") {
			t.Errorf("readyz: %d %s", status, text)
		}
		_, metrics := b.request("GET", "/metrics", "", "")
		if !strings.Contains(metrics, "diemcau_clock_behind_seconds 25") { // 7 h are 25,200 s
			t.Error("the metric does not tell of it")
		}
		noted := 0
		var last time.Time
		for _, e := range b.entries(b.links.ID) {
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
		b.logMu.Lock()
		text := b.log.String()
		b.logMu.Unlock()
		if !strings.Contains(text, "level=ERROR msg=\"the clock is behind what is recorded") {
			t.Error("the log says nothing")
		}
		b.restart(false)
	}
	clock.set(8 * time.Hour) // the time goes on
	await(t, "the server is ready again", func() bool { status, _ := b.ready(); return status == 200 })
}

// A timer that was set before the clock was goes by the clock.
func TestStepForwardOpensASession(t *testing.T) {
	b := newBed(t, "")
	clock := &settable{began: time.Now()}
	b.time = clock.source()
	b.restart(false)
	made := b.convene(time.Now().Add(5 * time.Hour))
	enter := func() error {
		p, err := b.tryLink(made.Endpoints[0].Link)
		if err == nil {
			p.Close()
		}
		return err
	}
	if err := enter(); err == nil || closeCode(err) != protocol.CloseNotOpen {
		t.Fatalf("four hours before it opens: %v", err)
	}
	clock.set(5 * time.Hour)
	await(t, "the session is open", func() bool { return enter() == nil })
}
