package sfu

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/diemcau/diemcau/sfu/packetcache"
	"github.com/diemcau/diemcau/sfu/transport"
)

// newFaultyRig is a rig of one shard whose panics are counted.
func newFaultyRig(t *testing.T) (*rig, *reports) {
	t.Helper()
	faults := new(reports)
	f := &wires{accept: accepted()}
	n := newNode(t, func(c *Config) { c.viewers, c.Writers, c.Panicked = f, 1, faults.report })
	return &rig{t, n, n.Stage("s"), f}, faults
}

// upset runs a task on the shard over which it may stumble, and waits until it goes on.
func (s *shard) upset(task func()) {
	ended := make(chan struct{})
	s.tasks <- func(time.Duration) {
		defer close(ended)
		task()
	}
	<-ended
	s.do(func(time.Duration) {})
}

// remaining is who the shard still sends to.
func (s *shard) remaining() (ids []string) {
	s.do(func(time.Duration) {
		for v := range s.viewers {
			ids = append(ids, v.params.ID)
		}
	})
	slices.Sort(ids)
	return ids
}

// In a large audience too, where pictures leave with the sound that follows, a viewer over which the program stumbles
// fails alone and once; nobody is sent again what was held back.
func TestPanicInALargeAudience(t *testing.T) {
	const ms = time.Millisecond
	sound := AudioSlot("main")
	for _, tt := range []struct {
		name string
		deaf bool // the viewer did not take the sound
		due  bool // no sound comes after the picture
	}{
		{name: "with the sound"},
		{name: "a viewer without that sound", deaf: true},
		{name: "no sound after", due: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, faults := newFaultyRig(t)
			wires := r.audience(coalesceLegs)
			failed := make(chan State, 8)
			v, err := r.stage.OpenViewer(ViewerParams{ID: "upset", Owner: "upset", Slots: StageSlots, OnState: func(s State) {
				if s != Connected {
					failed <- s
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			poison := r.wires.last()
			if err := v.Answer(""); err != nil {
				t.Fatal(err)
			}
			if tt.deaf {
				v.legs[slices.IndexFunc(v.legs, func(l *leg) bool { return l.slot.spec.ID == sound })].active = false
			}
			poison.params.OnState(transport.Connected)
			s, began, seq := r.node.shards[0], r.node.now(), uint16(0)
			send := func(slot SlotID, at time.Duration) {
				seq++
				p := &packetcache.Packet{Seq: seq, Time: uint32(seq) * 3000, Start: true, Keyframe: true, Marker: true, Payload: []byte{1}}
				s.accept(burst{slot: r.stage.slots[slot], packets: []*packetcache.Packet{p}}, began+at)
			}
			s.do(func(time.Duration) {
				send(sound, 0)
				send(main, 5*ms)
			})
			poison.mu.Lock()
			poison.upset = true
			poison.mu.Unlock()
			s.upset(func() {
				if tt.due {
					s.sendDue(began + 25*ms)
				} else {
					send(sound, 20*ms)
				}
			})
			for i := range 3 { // it does not come again
				s.upset(func() { send(sound, time.Duration(40+20*i)*ms) })
				s.upset(func() { s.sendDue(began + time.Duration(45+20*i)*ms) })
			}
			if n := faults.seen(); n != 1 {
				t.Errorf("%d panics", n)
			}
			select {
			case state := <-failed:
				if state != Failed {
					t.Errorf("it is %v", state)
				}
			default:
				t.Error("it goes on")
			}
			if ids := s.remaining(); len(ids) != coalesceLegs || slices.Contains(ids, "upset") {
				t.Errorf("there remain %v", ids)
			}
			for i, w := range wires {
				if n := len(r.gotOn(w, ssrcOf(w, main))); n > 1 {
					t.Errorf("viewer %d got the picture %d times", i, n)
				}
				if n := len(r.gotOn(w, ssrcOf(w, sound))); n < 4 {
					t.Errorf("viewer %d got %d packets of sound", i, n)
				}
			}
		})
	}
}

// Where the shard stumbles while it works for nobody, nobody fails: not who it worked for before.
func TestPanicOfNobodyEndsNobody(t *testing.T) {
	r, faults := newFaultyRig(t)
	r.audience(3)
	s := r.node.shards[0]
	all := s.remaining()
	innocent := func(time.Duration) {
		for s.serving = range s.viewers {
			return
		}
	}
	broken := &slot{node: r.node}
	packets := []*packetcache.Packet{{Start: true, Keyframe: true, Payload: []byte{1}}}
	s.do(func(time.Duration) { s.legs[broken] = []*leg{{slot: broken}} }) // of no viewer
	for name, stumble := range map[string]func(){
		"after what was pending": func() {
			s.do(func(time.Duration) { // all in the turn of the burst, or in that of a tick before it
				s.later(innocent)
				s.bursts <- burst{slot: broken, packets: packets}
			})
		},
		"in a task after another's": func() {
			s.do(func(time.Duration) {
				s.posts.add(innocent)
				s.posts.add(func(time.Duration) { panic("of a test") })
			})
		},
		"while all is flushed": func() {
			s.do(func(time.Duration) {
				batch := s.batch
				s.batch = nil
				s.tasks <- func(time.Duration) {
					defer func() { s.batch = batch }()
					s.accept(burst{slot: r.stage.slots[main], packets: packets}, r.node.now())
				}
			})
		},
	} {
		before := faults.seen()
		stumble()
		eventually(t, name+": the fault", func() bool { return faults.seen() > before })
		if left := s.remaining(); !slices.Equal(left, all) {
			t.Errorf("%s: there remain %v", name, left)
		}
	}
	s.do(func(time.Duration) { delete(s.legs, broken) })
}

// Tasks after one over which the shard stumbles are run, in their order: who comes is added, who leaves is removed.
func TestPanicOfATaskLosesNoOther(t *testing.T) {
	r, faults := newFaultyRig(t)
	s := r.node.shards[0]
	leaves, _ := r.enter("leaves", StageSlots)
	comes, err := r.stage.OpenViewer(ViewerParams{ID: "comes", Owner: "comes", Slots: StageSlots})
	if err != nil {
		t.Fatal(err)
	}
	wire := r.wires.last()
	if err := comes.Answer(""); err != nil {
		t.Fatal(err)
	}
	var order []int
	s.do(func(time.Duration) { // so they are all there when the shard looks
		s.later(func(time.Duration) { panic("of a test") })
		s.later(func(time.Duration) { order = append(order, 0) })
	})
	eventually(t, "what was pending", func() (ran bool) {
		s.do(func(time.Duration) { ran = len(order) == 1 })
		return ran
	})
	s.do(func(time.Duration) {
		s.posts.add(func(time.Duration) { panic("of a test") })
		s.posts.add(func(time.Duration) {
			order = append(order, 1)
			s.posts.add(func(time.Duration) { order = append(order, 3) })
			panic("of a test")
		})
		wire.params.OnState(transport.Connected)
		s.posts.add(func(time.Duration) { order = append(order, 2) })
		leaves.Close()
	})
	ended := make(chan struct{})
	go func() { leaves.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Fatal("who left is not removed")
	}
	if ids := s.remaining(); !slices.Equal(ids, []string{"comes"}) {
		t.Errorf("there are %v", ids)
	}
	s.do(func(time.Duration) {
		if fmt.Sprint(order) != "[0 1 2 3]" || faults.seen() != 3 {
			t.Errorf("%d panics; in order %v", faults.seen(), order)
		}
	})
}

// A viewer over which the shard stumbles as it comes or leaves is gone all the same, and is counted out once.
func TestPanicOfComingAndLeaving(t *testing.T) {
	r, faults := newFaultyRig(t)
	s := r.node.shards[0]
	v, err := r.stage.OpenViewer(ViewerParams{ID: "comes", Owner: "comes", Slots: StageSlots})
	if err != nil {
		t.Fatal(err)
	}
	wire := r.wires.last()
	if err := v.Answer(""); err != nil {
		t.Fatal(err)
	}
	control := v.adapt.control
	v.adapt.control = nil // coming needs it
	wire.params.OnState(transport.Connected)
	eventually(t, "it stumbles", func() bool { return faults.seen() == 1 })
	s.do(func(time.Duration) { v.adapt.control = control })
	if n := mainLeg(v).slot.legs[0].Load(); n != 0 || len(s.remaining()) != 0 {
		t.Errorf("%d legs are counted", n)
	}
	leaves, _ := r.enter("leaves", StageSlots)
	s.do(func(time.Duration) { mainLeg(leaves).slot = nil })
	leaves.Close()
	v.Close()
	for _, v := range []*Viewer{leaves, v} {
		ended := make(chan struct{})
		go func() { v.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			t.Fatal("who left is not removed")
		}
	}
}

// An owner that stumbles over each state it is told ends its publisher, not the process.
func TestPanicOfAPublishersOwner(t *testing.T) {
	var faults reports
	n := newNode(t, func(c *Config) { c.Panicked = faults.report })
	p, err := n.Stage("s").OpenPublisher(PublisherParams{ID: "p", Owner: alice, OnState: func(State) { panic("of a test") }})
	if err != nil {
		t.Fatal(err)
	}
	contained(p, func() { p.notify(Connected) })
	eventually(t, "the connection is closed", func() bool { return p.pc.ConnectionState().String() == "closed" })
	if faults.seen() < 2 {
		t.Errorf("%d faults are told", faults.seen())
	}
	p.Close()
	p.Wait()
}
