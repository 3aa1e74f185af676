package signaling_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// impatient makes commands wait for a record that does not answer only so long that it can be told from one that is
// slow; patient takes that back.
func (b *bed) impatient() { b.srv.SetPatience(50 * time.Millisecond) }

func (b *bed) patient() { b.srv.SetPatience(0) }

// ready reads /readyz.
func (b *bed) ready() (int, string) {
	b.Helper()
	resp := get(b.T, b, "/readyz", "")
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// stays fails if a connection has ended.
func (p *person) stays() {
	p.t.Helper()
	select {
	case <-p.Done():
		p.t.Fatalf("%s was thrown out: %v", p.code, p.Err())
	default:
	}
}

// counts says how often each kind and endpoint is on record.
func (b *bed) counts(what string) (n int) {
	b.Helper()
	for _, line := range b.ledger() {
		if line == what {
			n++
		}
	}
	return n
}

// whole checks that the ledger is one chain.
func (b *bed) whole() {
	b.Helper()
	if _, err := ledger.VerifyChain(b.record.Store.Entries(context.Background(), b.links.ID, 1)); err != nil {
		b.Error(err)
	}
}

// While the record cannot be written, recording stops and the meeting stays: nobody is thrown out, commands are refused
// with a reason, consoles are warned. Afterwards what happened to connections is on record at its time, and all goes on.
func TestMeetingOutlivesItsRecord(t *testing.T) {
	b := newBed(t, "")
	host, c1, c2, c3 := b.enter(meeting.HostCode), b.enter("C1"), b.enter("C2"), b.enter("C3")
	host.ask(protocol.Start{})
	var viewer signaling.Peer
	await(t, "the viewer of C1", func() bool { viewer = b.media.of("C1", signaling.PeerViewer); return viewer.ID != "" })
	if code, _ := b.ready(); code != http.StatusOK {
		t.Fatalf("readyz before: %d", code)
	}
	b.impatient()
	b.record.failing.Store(true)
	c1.refused("unrecorded", protocol.RaiseHand{})
	host.sees("the warning", func() bool { return len(host.recording) == 1 && host.recording[0].SinceMs > 0 })
	host.refused("unrecorded", protocol.Grant{Endpoint: "C2"})
	if code, text := b.ready(); code != http.StatusServiceUnavailable || strings.Contains(text, errDisk.Error()) {
		t.Errorf("readyz meanwhile: %d %s", code, text)
	}
	left, began := time.Now(), time.Now().Add(100*time.Millisecond)
	c2.Drop()
	c3.Close()
	b.srv.Receiving(viewer, true, began)
	b.srv.Receiving(viewer, false, began.Add(100*time.Millisecond))
	if _, err := b.tryEnter("C2", client.Options{}); closeCode(err) != protocol.CloseBroken {
		t.Errorf("entering meanwhile: %v", err)
	}
	// What is written within a second of it bears the time of the writing.
	await(t, "some time has passed", func() bool { return time.Since(left) > 1500*time.Millisecond })
	gone := time.Now()
	host.stays()
	c1.stays()
	b.patient()
	b.record.failing.Store(false)
	host.sees("that recording goes on", func() bool { return len(host.recording) == 2 && host.recording[1].SinceMs == 0 })
	host.seesRow("C2", "lost")
	host.seesRow("C3", "absent")
	await(t, "readyz is ready", func() bool { code, _ := b.ready(); return code == http.StatusOK })
	c1.ask(protocol.RaiseHand{})
	b.enter("C2")
	c1.see(func() {
		if len(c1.recording) > 0 {
			t.Error("a site was warned of the record")
		}
	})
	for what, want := range map[string]int{"hand_raised C1": 1, "lost C2 closed": 1, "left C3 page_closed": 1, "granted C2": 0} {
		if n := b.counts(what); n != want {
			t.Errorf("%q is on record %d times, want %d: %v", what, n, want, b.ledger())
		}
	}
	for e, err := range b.record.Entries(t.Context(), b.links.ID, 1) {
		if err != nil {
			t.Fatal(err)
		}
		if (e.Kind == "lost" || e.Kind == "left") && (e.At.Before(left.Add(-5*time.Second)) || !e.At.Before(gone)) {
			t.Errorf("%s at %v, but it happened between %v and %v", e.Kind, e.At, left, gone)
		}
	}
	var seen []bool
	for _, ev := range events[*meeting.ReceivingChanged](b) {
		if ev.Endpoint == "C1" {
			seen = append(seen, ev.Receiving)
		}
	}
	if len(seen) > 2 || len(seen) == 1 { // the two may have merged before the coordinator looked
		t.Errorf("what arrived at C1 meanwhile: %v", seen)
	}
	b.whole()
}

// What was never sent is sent again, and who waits does not notice.
func TestCommandOutlastsAMomentsFailure(t *testing.T) {
	b := newBed(t, "")
	host, c1 := b.enter(meeting.HostCode), b.enter("C1")
	host.ask(protocol.Start{})
	b.record.failing.Store(true)
	answer := make(chan error, 1)
	go func() { answer <- c1.try(protocol.RaiseHand{}) }()
	host.sees("the warning", func() bool { return len(host.recording) == 1 })
	b.record.failing.Store(false)
	if err := <-answer; err != nil {
		t.Fatal(err)
	}
	host.sees("the hand", func() bool { return host.sites["C1"].HandAtMs > 0 })
	if n := b.counts("hand_raised C1"); n != 1 {
		t.Errorf("the hand is on record %d times", n)
	}
	b.whole()
}

// An append of which nobody knows whether it was made is settled by looking: what is on record is not made again.
func TestUnsureAppendIsSettled(t *testing.T) {
	b := newBed(t, "")
	host, c1 := b.enter(meeting.HostCode), b.enter("C1")
	host.ask(protocol.Start{})
	b.record.unsure.Store(1)
	c1.ask(protocol.RaiseHand{})
	host.sees("the hand", func() bool { return host.sites["C1"].HandAtMs > 0 })
	b.record.unsure.Store(1)
	if c2 := b.enter("C2"); c2.Welcome().Self.Code != "C2" {
		t.Error(c2.Welcome())
	}
	for _, what := range []string{"hand_raised C1", "connected C2"} {
		if n := b.counts(what); n != 1 {
			t.Errorf("%q is on record %d times", what, n)
		}
	}
	b.whole()
}

// An append that comes back late is told late: who asked was refused by then, and sees what became of it.
func TestLateAppendIsTold(t *testing.T) {
	b := newBed(t, "")
	host, c1 := b.enter(meeting.HostCode), b.enter("C1")
	host.ask(protocol.Start{})
	until := make(chan struct{})
	b.impatient()
	b.record.slow.Store(&until)
	c1.refused("unrecorded", protocol.RaiseHand{})
	c1.refused("unrecorded", protocol.Headcount{Headcount: 7}) // it waited behind the first
	b.patient()
	b.record.slow.Store(nil)
	close(until)
	host.sees("the hand", func() bool { return host.sites["C1"].HandAtMs > 0 })
	c1.ask(protocol.LowerHand{})
	if n := b.counts("headcount C1"); n != 0 {
		t.Error("a refused command was carried out")
	}
	b.whole()
}

// A page that was refused while its entry was on its way is not there; the record says so once it answers.
func TestRefusedEntryEnds(t *testing.T) {
	b := newBed(t, "")
	host := b.enter(meeting.HostCode)
	until := make(chan struct{})
	b.impatient()
	b.record.slow.Store(&until)
	b.record.unsure.Store(1)
	if _, err := b.tryEnter("C1", client.Options{}); closeCode(err) != protocol.CloseBroken {
		t.Fatalf("entered: %v", err)
	}
	b.patient()
	b.record.slow.Store(nil)
	close(until)
	host.seesRow("C1", "lost")
	if l := b.ledger(); !slices.Contains(l, "connected C1") || !slices.Contains(l, "lost C1 closed") {
		t.Errorf("%v", l)
	}
	b.enter("C1")
	b.whole()
}

// Entries of another writer are taken in: the session goes on after them.
func TestForkedLedgerIsTakenIn(t *testing.T) {
	b := newBed(t, "")
	host, c1 := b.enter(meeting.HostCode), b.enter("C1")
	host.ask(protocol.Start{})
	head, err := b.record.Head(t.Context(), b.links.ID)
	if err != nil {
		t.Fatal(err)
	}
	other := ledger.NewChain(b.links.ID, ledger.NewNode("other", 0), head)
	e, err := other.Next(time.Time{}, time.Now(), "", &meeting.HandRaised{Endpoint: "C1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.record.Append(t.Context(), b.links.ID, meeting.PhaseLive, []ledger.Entry{e}); err != nil {
		t.Fatal(err)
	}
	c1.ask(protocol.Headcount{Headcount: 3})
	host.sees("the other's hand", func() bool { return host.sites["C1"].HandAtMs > 0 })
	host.stays()
	b.whole()
}

// A record that lacks what it had acknowledged is an older copy: nothing goes on over it, until the right one answers.
func TestRolledBackRecordIsNotContinued(t *testing.T) {
	b := newBed(t, "")
	host, c1 := b.enter(meeting.HostCode), b.enter("C1")
	host.ask(protocol.Start{})
	head, err := b.record.Head(t.Context(), b.links.ID)
	if err != nil {
		t.Fatal(err)
	}
	b.impatient()
	b.record.failing.Store(true)
	c1.refused("unrecorded", protocol.RaiseHand{})
	b.record.lacks.Store(head.Seq)
	b.record.failing.Store(false)
	c1.refused("unrecorded", protocol.RaiseHand{})
	c1.stays()
	b.patient()
	b.record.lacks.Store(0)
	host.sees("that recording goes on", func() bool { return len(host.recording) == 2 })
	c1.ask(protocol.RaiseHand{})
	b.whole()
}

// A server that cannot read a session when it starts takes it over as soon as it can.
func TestSessionIsTakenOverLater(t *testing.T) {
	b := newBed(t, "")
	b.enter("C1")
	b.record.dead.Store(true)
	b.srv.Close()
	b.http.Close()
	b.record = &record{Store: b.record.Store}
	b.record.silent.Store(true)
	b.serve()
	b.impatient()
	if code, _ := b.ready(); code != http.StatusServiceUnavailable {
		t.Errorf("readyz: %d", code)
	}
	if _, err := client.DialToken(t.Context(), wsURL(b), token(b.links.of("C1")), client.Options{}); closeCode(err) != protocol.CloseBroken {
		t.Errorf("entered: %v", err)
	}
	b.patient()
	b.record.silent.Store(false)
	await(t, "readyz is ready", func() bool { code, _ := b.ready(); return code == http.StatusOK })
	b.admin("GET", "/api/v1/sessions/"+b.links.ID+"/links", "", &b.links)
	b.enter("C1")
	if n := b.counts("lost C1 server_restart"); n != 1 {
		t.Errorf("%v", b.ledger())
	}
	b.whole()
}

// A server that is stopped while the record does not answer ends.
func TestStopWithoutRecord(t *testing.T) {
	b := newBed(t, "")
	c1 := b.enter("C1")
	b.impatient()
	b.record.failing.Store(true)
	c1.refused("unrecorded", protocol.Headcount{Headcount: 3})
	b.srv.Close()
	c1.closed(protocol.CloseRestart)
}

// A page that opens its link, or reloads, while the record does not answer waits inside, and is welcomed when it does.
func TestWhoComesMeanwhileIsWelcomedAfterwards(t *testing.T) {
	b := newBed(t, "")
	host, c1 := b.enter(meeting.HostCode), b.enter("C1")
	b.record.failing.Store(true)
	if err := host.Send(protocol.Budget{Kbps: 500}); err != nil { // begins the outage
		t.Fatal(err)
	}
	host.sees("the warning", func() bool { return len(host.recording) > 0 })
	c1.Drop()
	entered := make(chan error, 2)
	for _, code := range []string{"C1", "C2"} {
		go func() {
			_, err := b.tryEnter(code, client.Options{Resume: c1.Welcome().Conn})
			entered <- err
		}()
	}
	b.record.failing.Store(false)
	for range 2 {
		if err := <-entered; err != nil {
			t.Errorf("they were refused: %v", err)
		}
	}
	host.seesRow("C1", "present")
	b.whole()
}
