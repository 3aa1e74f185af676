package signaling_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/ledgertest"
	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// impatient makes commands wait for a record that does not answer only so long that it can be told from one that is
// slow; patient takes that back.
func impatient(b *servertest.Bed) { b.Srv.SetPatience(50 * time.Millisecond) }

func patient(b *servertest.Bed) { b.Srv.SetPatience(0) }

// ready reads /readyz.
func ready(b *servertest.Bed) (int, string) {
	b.Helper()
	resp := servertest.Get(b.T, b, "/readyz", "")
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// stays fails if a connection has ended.
func stays(p *servertest.Person) {
	p.T.Helper()
	select {
	case <-p.Done():
		p.T.Fatalf("%s was thrown out: %v", p.Code, p.Err())
	default:
	}
}

// counts says how often each kind and endpoint is on record.
func counts(b *servertest.Bed, what string) (n int) {
	b.Helper()
	for _, line := range b.Ledger() {
		if line == what {
			n++
		}
	}
	return n
}

// whole checks that the ledger is one chain.
func whole(b *servertest.Bed) {
	b.Helper()
	if _, err := ledgertest.Verify(b.Record.Store.Entries(context.Background(), b.Links.ID, 1)); err != nil {
		b.Error(err)
	}
}

// While the record cannot be written, recording stops and the meeting stays: nobody is thrown out, commands are refused
// with a reason, consoles are warned. Afterwards what happened to connections is on record at its time, and all goes on.
func TestMeetingOutlivesItsRecord(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, c1, c2, c3 := b.Enter(meeting.HostCode), b.Enter("C1"), b.Enter("C2"), b.Enter("C3")
	host.Ask(protocol.Start{})
	var viewer signaling.Peer
	servertest.Await(t, "the viewer of C1", func() bool { viewer = b.Media.Of("C1", signaling.PeerViewer); return viewer.ID != "" })
	if code, _ := ready(b); code != http.StatusOK {
		t.Fatalf("readyz before: %d", code)
	}
	impatient(b)
	b.Record.Failing.Store(true)
	c1.Refused("unrecorded", protocol.RaiseHand{})
	host.Sees("the warning", func() bool { return len(host.Recording) == 1 && host.Recording[0].SinceMs > 0 })
	host.Refused("unrecorded", protocol.Grant{Endpoint: "C2"})
	if code, text := ready(b); code != http.StatusServiceUnavailable || strings.Contains(text, servertest.ErrDisk.Error()) {
		t.Errorf("readyz meanwhile: %d %s", code, text)
	}
	left, began := time.Now(), time.Now().Add(100*time.Millisecond)
	c2.Drop()
	c3.Close()
	b.Srv.Receiving(viewer, true, began)
	b.Srv.Receiving(viewer, false, began.Add(100*time.Millisecond))
	if _, err := b.TryEnter("C2", client.Options{}); servertest.CloseCode(err) != protocol.CloseBroken {
		t.Errorf("entering meanwhile: %v", err)
	}
	// What is written within a second of it bears the time of the writing.
	servertest.Await(t, "some time has passed", func() bool { return time.Since(left) > 1500*time.Millisecond })
	gone := time.Now()
	stays(host)
	stays(c1)
	patient(b)
	b.Record.Failing.Store(false)
	host.Sees("that recording goes on", func() bool { return len(host.Recording) == 2 && host.Recording[1].SinceMs == 0 })
	host.SeesRow("C2", "lost")
	host.SeesRow("C3", "absent")
	servertest.Await(t, "readyz is ready", func() bool { code, _ := ready(b); return code == http.StatusOK })
	c1.Ask(protocol.RaiseHand{})
	b.Enter("C2")
	c1.See(func() {
		if len(c1.Recording) > 0 {
			t.Error("a site was warned of the record")
		}
	})
	for what, want := range map[string]int{"hand_raised C1": 1, "lost C2 closed": 1, "left C3 page_closed": 1, "granted C2": 0} {
		if n := counts(b, what); n != want {
			t.Errorf("%q is on record %d times, want %d: %v", what, n, want, b.Ledger())
		}
	}
	for e, err := range b.Record.Entries(t.Context(), b.Links.ID, 1) {
		if err != nil {
			t.Fatal(err)
		}
		if (e.Kind == "lost" || e.Kind == "left") && (e.At.Before(left.Add(-5*time.Second)) || !e.At.Before(gone)) {
			t.Errorf("%s at %v, but it happened between %v and %v", e.Kind, e.At, left, gone)
		}
	}
	var seen []bool
	for _, ev := range servertest.Events[*meeting.ReceivingChanged](b) {
		if ev.Endpoint == "C1" {
			seen = append(seen, ev.Receiving)
		}
	}
	if len(seen) > 2 || len(seen) == 1 { // the two may have merged before the coordinator looked
		t.Errorf("what arrived at C1 meanwhile: %v", seen)
	}
	whole(b)
}

// What was never sent is sent again, and who waits does not notice.
func TestCommandOutlastsAMomentsFailure(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, c1 := b.Enter(meeting.HostCode), b.Enter("C1")
	host.Ask(protocol.Start{})
	b.Record.Failing.Store(true)
	answer := make(chan error, 1)
	go func() { answer <- c1.Try(protocol.RaiseHand{}) }()
	host.Sees("the warning", func() bool { return len(host.Recording) == 1 })
	b.Record.Failing.Store(false)
	if err := <-answer; err != nil {
		t.Fatal(err)
	}
	host.Sees("the hand", func() bool { return host.Sites["C1"].HandAtMs > 0 })
	if n := counts(b, "hand_raised C1"); n != 1 {
		t.Errorf("the hand is on record %d times", n)
	}
	whole(b)
}

// An append of which nobody knows whether it was made is settled by looking: what is on record is not made again.
func TestUnsureAppendIsSettled(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, c1 := b.Enter(meeting.HostCode), b.Enter("C1")
	host.Ask(protocol.Start{})
	b.Record.Unsure.Store(1)
	c1.Ask(protocol.RaiseHand{})
	host.Sees("the hand", func() bool { return host.Sites["C1"].HandAtMs > 0 })
	b.Record.Unsure.Store(1)
	if c2 := b.Enter("C2"); c2.Welcome().Self.Code != "C2" {
		t.Error(c2.Welcome())
	}
	for _, what := range []string{"hand_raised C1", "connected C2"} {
		if n := counts(b, what); n != 1 {
			t.Errorf("%q is on record %d times", what, n)
		}
	}
	whole(b)
}

// An append that comes back late is told late: who asked was refused by then, and sees what became of it.
func TestLateAppendIsTold(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, c1 := b.Enter(meeting.HostCode), b.Enter("C1")
	host.Ask(protocol.Start{})
	until := make(chan struct{})
	impatient(b)
	b.Record.Slow.Store(&until)
	c1.Refused("unrecorded", protocol.RaiseHand{})
	c1.Refused("unrecorded", protocol.Headcount{Headcount: 7}) // it waited behind the first
	patient(b)
	b.Record.Slow.Store(nil)
	close(until)
	host.Sees("the hand", func() bool { return host.Sites["C1"].HandAtMs > 0 })
	c1.Ask(protocol.LowerHand{})
	if n := counts(b, "headcount C1"); n != 0 {
		t.Error("a refused command was carried out")
	}
	whole(b)
}

// A page that was refused while its entry was on its way is not there; the record says so once it answers.
func TestRefusedEntryEnds(t *testing.T) {
	b := servertest.NewBed(t, "")
	host := b.Enter(meeting.HostCode)
	until := make(chan struct{})
	impatient(b)
	b.Record.Slow.Store(&until)
	b.Record.Unsure.Store(1)
	if _, err := b.TryEnter("C1", client.Options{}); servertest.CloseCode(err) != protocol.CloseBroken {
		t.Fatalf("entered: %v", err)
	}
	patient(b)
	b.Record.Slow.Store(nil)
	close(until)
	host.SeesRow("C1", "lost")
	if l := b.Ledger(); !slices.Contains(l, "connected C1") || !slices.Contains(l, "lost C1 closed") {
		t.Errorf("%v", l)
	}
	b.Enter("C1")
	whole(b)
}

// Entries of another writer are taken in: the session goes on after them.
func TestForkedLedgerIsTakenIn(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, c1 := b.Enter(meeting.HostCode), b.Enter("C1")
	host.Ask(protocol.Start{})
	head, err := b.Record.Head(t.Context(), b.Links.ID)
	if err != nil {
		t.Fatal(err)
	}
	other := ledger.NewChain(b.Links.ID, ledger.NewNode("other", 0), head)
	e, err := other.Next(time.Time{}, time.Now(), "", &meeting.HandRaised{Endpoint: "C1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Record.Append(t.Context(), b.Links.ID, meeting.PhaseLive, []ledger.Entry{e}); err != nil {
		t.Fatal(err)
	}
	c1.Ask(protocol.Headcount{Headcount: 3})
	host.Sees("the other's hand", func() bool { return host.Sites["C1"].HandAtMs > 0 })
	stays(host)
	whole(b)
}

// A record that lacks what it had acknowledged is an older copy: nothing goes on over it, until the right one answers.
func TestRolledBackRecordIsNotContinued(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, c1 := b.Enter(meeting.HostCode), b.Enter("C1")
	host.Ask(protocol.Start{})
	head, err := b.Record.Head(t.Context(), b.Links.ID)
	if err != nil {
		t.Fatal(err)
	}
	impatient(b)
	b.Record.Failing.Store(true)
	c1.Refused("unrecorded", protocol.RaiseHand{})
	b.Record.Lacks.Store(head.Seq)
	b.Record.Failing.Store(false)
	c1.Refused("unrecorded", protocol.RaiseHand{})
	stays(c1)
	patient(b)
	b.Record.Lacks.Store(0)
	host.Sees("that recording goes on", func() bool { return len(host.Recording) == 2 })
	c1.Ask(protocol.RaiseHand{})
	whole(b)
}

// A server that cannot read a session when it starts takes it over as soon as it can.
func TestSessionIsTakenOverLater(t *testing.T) {
	b := servertest.NewBed(t, "")
	b.Enter("C1")
	b.Record.Dead.Store(true)
	b.Srv.Close()
	b.HTTP.Close()
	b.Record = &servertest.Record{Store: b.Record.Store}
	b.Record.Silent.Store(true)
	b.Serve()
	impatient(b)
	if code, _ := ready(b); code != http.StatusServiceUnavailable {
		t.Errorf("readyz: %d", code)
	}
	if _, err := client.DialToken(t.Context(), servertest.SocketURL(b), servertest.Token(b.Links.Of("C1")),
		client.Options{}); servertest.CloseCode(err) != protocol.CloseBroken {
		t.Errorf("entered: %v", err)
	}
	patient(b)
	b.Record.Silent.Store(false)
	servertest.Await(t, "readyz is ready", func() bool { code, _ := ready(b); return code == http.StatusOK })
	b.Admin("GET", "/api/v1/sessions/"+b.Links.ID+"/links", "", &b.Links)
	b.Enter("C1")
	if n := counts(b, "lost C1 server_restart"); n != 1 {
		t.Errorf("%v", b.Ledger())
	}
	whole(b)
}

// A server that is stopped while the record does not answer ends.
func TestStopWithoutRecord(t *testing.T) {
	b := servertest.NewBed(t, "")
	c1 := b.Enter("C1")
	impatient(b)
	b.Record.Failing.Store(true)
	c1.Refused("unrecorded", protocol.Headcount{Headcount: 3})
	b.Srv.Close()
	c1.Closed(protocol.CloseRestart)
}

// A page that opens its link, or reloads, while the record does not answer waits inside, and is welcomed when it does.
func TestWhoComesMeanwhileIsWelcomedAfterwards(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, c1 := b.Enter(meeting.HostCode), b.Enter("C1")
	b.Record.Failing.Store(true)
	if err := host.Send(protocol.Budget{Kbps: 500}); err != nil { // begins the outage
		t.Fatal(err)
	}
	host.Sees("the warning", func() bool { return len(host.Recording) > 0 })
	c1.Drop()
	entered := make(chan error, 2)
	for _, code := range []string{"C1", "C2"} {
		go func() {
			_, err := b.TryEnter(code, client.Options{Resume: c1.Welcome().Conn})
			entered <- err
		}()
	}
	b.Record.Failing.Store(false)
	for range 2 {
		if err := <-entered; err != nil {
			t.Errorf("they were refused: %v", err)
		}
	}
	host.SeesRow("C1", "present")
	whole(b)
}
