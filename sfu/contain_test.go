package sfu

import (
	"bytes"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/contain"
)

// reports counts panics.
type reports struct {
	mu    sync.Mutex
	text  bytes.Buffer
	count int
}

func (r *reports) report(p any, where ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count++
	contain.Log(slog.New(slog.NewTextHandler(&r.text, nil)))(p, where...)
}

func (r *reports) seen() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}

// A packet of a publisher over which the program stumbles ends that publisher alone: what it fed shows nothing, and the
// slot goes on with the next.
func TestPanicOfAPacketEndsItsPublisher(t *testing.T) {
	var faults reports
	n := newNode(t, func(c *Config) { c.Panicked = faults.report })
	s := n.Stage("s")
	states := make(chan State, 8)
	a := publish(t, s, alice, markA, nil)
	a.mu.Lock()
	a.params.OnState = func(state State) { states <- state }
	a.mu.Unlock()
	b := publish(t, s, bob, markB, nil)
	for slot, owner := range map[SlotID]string{"v-main": alice, "v-floor": bob} {
		if err := s.Feed(slot, owner, SourceCamera); err != nil {
			t.Fatal(err)
		}
	}
	w := watch(t, s, ViewerParams{ID: "w", Owner: "w"}, nil)
	eventually(t, "both are seen", func() bool { return len(w.got("v-main")) > 0 && len(w.got("v-floor")) > 0 })

	a.sources[SourceCamera].addSink(&slot{spec: SlotSpec{Top: renditions}, cur: a.sources[SourceCamera]}) // it panics with its lock held
	eventually(t, "the publisher fails", func() bool {
		select {
		case state := <-states:
			return state == Failed
		default:
			return false
		}
	})
	if faults.seen() == 0 {
		t.Error("the fault is not told")
	}
	before := len(w.got("v-floor"))
	eventually(t, "the other goes on", func() bool { return len(w.got("v-floor")) > before+10 })
	if err := s.Feed("v-main", bob, SourceCamera); err != nil {
		t.Fatal(err)
	}
	shown := len(w.got("v-main"))
	eventually(t, "the slot goes on", func() bool { return len(w.got("v-main")) > shown+3 && lastMark(w.got("v-main")) == markB })
	b.Close()
}

// A viewer over which the program stumbles fails alone; who shares its shard goes on.
func TestPanicOfAViewerEndsItAlone(t *testing.T) {
	var faults reports
	f := &wires{accept: accepted()}
	n := newNode(t, func(c *Config) { c.viewers, c.Writers, c.Panicked = f, 1, faults.report })
	r := &rig{t, n, n.Stage("s"), f}
	c := r.site(alice, markA)
	failed := make(chan State, 8)
	upset, poison := r.view(bob, StageSlots)
	_, w := r.view("w", StageSlots)
	r.feed("v-main", alice, SourceCamera)
	eventually(t, "both see it", func() bool {
		c.tick()
		c.video(0, 2, true)
		return len(r.got(poison, "v-main")) > 0 && len(r.got(w, "v-main")) > 0
	})
	upset.mu.Lock()
	upset.params.OnState = func(s State) { failed <- s }
	upset.mu.Unlock()
	poison.mu.Lock()
	poison.upset = true
	poison.mu.Unlock()
	before := len(r.got(w, "v-main"))
	asked := r.got(poison, "v-main")
	c.tick()
	c.video(0, 2, true)
	select {
	case s := <-failed:
		if s != Failed {
			t.Errorf("state %v", s)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it goes on")
	}
	for range 3 {
		c.tick()
		c.video(0, 2, true)
	}
	if got := len(r.got(w, "v-main")); got < before+6 {
		t.Errorf("the other got %d packets after %d", got, before)
	}
	for _, p := range asked { // it may not know yet
		poison.nack("v-main", p.SequenceNumber)
	}
	upset.shard.do(func(time.Duration) {})
	eventually(t, "what it asks for is looked at", func() bool { return len(upset.shard.tasks) == 0 })
	upset.shard.do(func(time.Duration) {})
	if n := faults.seen(); n != 1 {
		t.Errorf("%d faults are told", n)
	}
}
