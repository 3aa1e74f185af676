package sfu

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	piontransport "github.com/pion/transport/v5"
	"github.com/pion/webrtc/v4"
)

const mainSoundSlot = SlotID("a-main")

// pulses are what a trunk's OnLive told.
type pulses struct {
	mu   sync.Mutex
	list []bool
}

func (p *pulses) tell(live bool, _ time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, live)
}

// last is what was told last, and how often something was.
func (p *pulses) last() (live bool, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n = len(p.list); n > 0 {
		live = p.list[n-1]
	}
	return live, n
}

// seats are who sits at a relay: alice and bob as numbers 1 and 2.
func seats(number uint32) (owner string, known bool) {
	owner, known = map[uint32]string{1: alice, 2: bob, 3: ""}[number]
	return owner, known
}

// trunked is a centre and a relay with a trunk between them.
type trunked struct {
	centre, relay *Node
	near, far     *Stage
	out           *Trunk
	in            *Intake
	outLive       pulses
	inLive        pulses
}

// lay opens a trunk, which the relay dials over a network, nil for the machine's; the centre may listen to TCP alone.
func lay(tb testing.TB, via piontransport.Net, centre func(*Config), params IntakeParams) *trunked {
	tb.Helper()
	return layTo(tb, newNode(tb, func(c *Config) { c.dial = via }), centre, params)
}

// layTo is lay to a relay.
func layTo(tb testing.TB, relay *Node, centre func(*Config), params IntakeParams) *trunked {
	tb.Helper()
	x := &trunked{centre: newNode(tb, centre), relay: relay}
	x.near, x.far = x.centre.Stage("s"), x.relay.Stage("s")
	x.open(tb, params)
	eventually(tb, "both ends hear each other", func() bool {
		a, _ := x.outLive.last()
		b, _ := x.inLive.last()
		return a && b
	})
	return x
}

func (x *trunked) open(tb testing.TB, params IntakeParams) {
	tb.Helper()
	var err error
	if x.out, err = x.near.OpenTrunk(TrunkParams{ID: "P58", OnLive: x.outLive.tell}); err != nil {
		tb.Fatal(err)
	}
	params.ID, params.OnLive = "central", x.inLive.tell
	if x.in, err = x.far.DialTrunk(x.out.Offer(), params); err != nil {
		tb.Fatal(err)
	}
	if err := x.out.Answer(x.in.Answer()); err != nil {
		tb.Fatal(err)
	}
}

func (x *trunked) feed(tb testing.TB, owner string, number uint32) {
	tb.Helper()
	for slot, kind := range map[SlotID]SourceKind{main: SourceCamera, mainSoundSlot: SourceMicrophone} {
		if err := x.near.FeedNumbered(slot, owner, number, kind); err != nil {
			tb.Fatal(err)
		}
	}
}

// A relay's viewers see and hear what the centre's do, over UDP and TCP. When the floor changes at the centre it changes at
// the relay without any SDP, and who sits at the relay is not sent what is his own.
func TestTrunk(t *testing.T) {
	for _, tcp := range []bool{false, true} {
		name := "UDP"
		if tcp {
			name = "TCP"
		}
		t.Run(name, func(t *testing.T) { testTrunk(t, tcp) })
	}
}

func testTrunk(t *testing.T, tcp bool) {
	t.Helper()
	var via piontransport.Net
	var centre func(*Config)
	if tcp {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		centre, via = func(c *Config) { c.TCP = l }, newLossy(t, 1) // so that UDP leads nowhere
	}
	x := lay(t, via, centre, IntakeParams{Seat: seats})
	publish(t, x.near, alice, markA, nil)
	publish(t, x.near, bob, markB, nil)
	x.feed(t, alice, 1)
	w := watch(t, x.far, ViewerParams{ID: "w", Owner: "C00009"}, nil)
	own := watch(t, x.far, ViewerParams{ID: "own", Owner: bob}, nil)
	eventually(t, "a hundred packets from alice", func() bool { return len(w.got(main)) > 100 && len(w.got(mainSoundSlot)) > 30 })
	eventually(t, "bob, too, sees alice", func() bool { return len(own.got(main)) > 10 && len(own.got(mainSoundSlot)) > 5 })
	late := watch(t, x.far, ViewerParams{ID: "late", Owner: "C00008"}, nil)
	eventually(t, "a newcomer sees alice", func() bool { return len(late.got(main)) > 30 && len(late.got(mainSoundSlot)) > 5 })
	x.feed(t, bob, 2)
	for _, v := range []*watcher{w, late} {
		eventually(t, "bob is seen and heard", func() bool {
			return lastMark(v.got(main)) == markB && lastMark(v.got(mainSoundSlot)) == markB
		})
	}
	x.feed(t, alice, 1)
	for _, v := range []*watcher{w, late, own} {
		eventually(t, "alice is back", func() bool {
			return lastMark(v.got(main)) == markA && lastMark(v.got(mainSoundSlot)) == markA
		})
	}
	for _, p := range append(own.got(mainSoundSlot), own.got(main)...) {
		if mark(p) == markB {
			t.Fatal("bob was sent his own sound or picture")
		}
	}
	if tcp && x.centre.port.Stats().Packets != 0 {
		t.Error("the trunk went over UDP")
	}
	x.in.Close()
	x.in.Wait()
	for _, v := range []*watcher{w, late} {
		follows(t, v.got(mainSoundSlot))
		clean(t, v.got(main))
	}
	x.out.Close()
	x.out.Wait()
	if n := len(x.near.trunks) + len(x.far.intakes); n != 0 {
		t.Errorf("%d ends are left", n)
	}
}

// missingOf counts the packets that are missing between the first and the last of a stream.
func missingOf(packets []*rtp.Packet) (missing, of int) {
	seen := map[uint16]bool{}
	first, last := packets[0].SequenceNumber, packets[0].SequenceNumber
	for _, p := range packets {
		seen[p.SequenceNumber] = true
		if int16(p.SequenceNumber-last) > 0 {
			last = p.SequenceNumber
		}
	}
	for seq := first; int16(last-seq) > 50; seq++ { // what is still under way is not missing
		of++
		if !seen[seq] {
			missing++
		}
	}
	return missing, of
}

// Five packets of a hundred are lost on the trunk, each way: at the relay's viewers hardly any is missing.
func TestTrunkLoss(t *testing.T) {
	line := newLossy(t, 0.05)
	line.delay, line.media = 10*time.Millisecond, true
	x := lay(t, line, nil, IntakeParams{Seat: seats})
	x.feed(t, alice, 1)
	w := watch(t, x.far, ViewerParams{ID: "w", Owner: bob}, nil)
	eventually(t, "the viewer is connected", func() bool { return w.pc.ConnectionState() == webrtc.PeerConnectionStateConnected })
	publish(t, x.near, alice, markA, nil)
	eventually(t, "enough packets", func() bool { return len(w.got(main)) > 1500 && len(w.got(mainSoundSlot)) > 500 })
	for _, slot := range []SlotID{main, mainSoundSlot} {
		if missing, of := missingOf(w.got(slot)); missing*200 > of {
			t.Errorf("%s: %d of %d packets are missing", slot, missing, of)
		} else {
			t.Logf("%s: %d of %d packets are missing", slot, missing, of)
		}
	}
	in, out := x.in.Stats(), x.out.Stats()
	lost := line.lost.Load()
	if lost < 50 || out.Lost < 20 || min(out.Repairs, in.Repairs) < 20 || min(in.RTT, out.RTT) < 2*line.delay {
		t.Errorf("%d datagrams were lost; the centre says %+v, the relay %+v", lost, out, in)
	}
}
