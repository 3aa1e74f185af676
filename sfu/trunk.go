package sfu

import (
	"encoding/binary"
	"errors"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"

	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/rewrite"
	"github.com/diemcau/diemcau/sfu/transport"
)

// trunkFeedback is how much feedback of a relay is heeded in a second: compound packets, and numbers and keyframes asked
// for. A trunk of three hundred packets a second that loses a third of them asks for some two hundred.
const trunkFeedback = 4000

// TrunkParams are what a trunk is opened with. The callbacks come from goroutines of the node and must not block.
type TrunkParams struct {
	ID string // of the relay; a label in metrics
	// OnState is told each new state.
	OnState func(State)
	// OnLive is told when the other end is first heard, when nothing has been heard of it for three seconds, and when it
	// is heard again. at is when it was heard last.
	OnLive func(live bool, at time.Time)
}

// Trunk is the centre's end of a trunk: everything that the stage shows, towards one relay. There is no budget and no
// pace: what one line carries is the business of whoever lays it.
type Trunk struct {
	stage  *Stage
	params TrunkParams
	conn   transport.Conn
	shard  *shard
	legs   []*trunkLeg // in the order of trunkStreams
	bySSRC map[uint32]*trunkLeg
	limit  trunkLimit
	pulse  pulse
	rtt    atomic.Int64 // nanoseconds
	ended  chan struct{}

	mu        mutex[viewerRank]
	answered  bool
	connected bool
	closed    bool

	reported time.Duration // when reports were sent last; the shard's
	rtcp     []byte        // the shard's
}

// trunkLimit bounds what feedback is heeded.
type trunkLimit struct {
	mu        mutex[leafRank]
	allowance allowance
}

// OpenTrunk opens a connection that carries everything that the stage shows to a relay, which answers with DialTrunk.
func (s *Stage) OpenTrunk(p TrunkParams) (*Trunk, error) {
	t := &Trunk{stage: s, params: p, ended: make(chan struct{}), bySSRC: map[uint32]*trunkLeg{}}
	t.pulse.told = p.OnLive
	var media []transport.Media
	for i, stream := range trunkStreams() {
		m := transport.Media{
			MID: stream.mid(), Kind: stream.spec.Kind, StreamID: stream.spec.Stream, TrackID: stream.mid(),
			SSRC: firstSSRC + uint32(2*i), RTXSSRC: firstSSRC + uint32(2*i+1),
		}
		media = append(media, m)
		l := newTrunkLeg(t, s.slots[stream.spec.ID], stream.rendition, m)
		t.legs = append(t.legs, l)
		t.bySSRC[m.SSRC] = l
	}
	conn, err := s.node.viewers.New(transport.Params{CNAME: cname, Media: media, OnState: t.onState, OnRTCP: t.take})
	if err != nil {
		return nil, err
	}
	t.conn, t.shard = conn, s.node.nextShard()
	if err := enter(s, s.trunks, t); err != nil {
		t.shard.load.Add(-1)
		return nil, errors.Join(err, conn.Close())
	}
	return t, nil
}

// ID is that of the params.
func (t *Trunk) ID() string { return t.params.ID }

// Offer is the SDP for the relay, complete with candidates.
func (t *Trunk) Offer() string { return t.conn.Offer() }

// Answer applies the relay's SDP, once.
func (t *Trunk) Answer(sdp string) error {
	sdp, err := transport.ReadAnswer(sdp)
	if err != nil {
		return err
	}
	accepted, err := t.conn.Answer(sdp)
	if err != nil {
		return err
	}
	t.mu.Lock()
	for i, a := range accepted {
		t.legs[i].active, t.legs[i].rtx = a.Active, a.RTX
	}
	t.answered = true
	t.mu.Unlock()
	t.start()
	return nil
}

func (t *Trunk) onState(state State) {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return
	}
	t.connected = t.connected || state == Connected
	t.mu.Unlock()
	if state == Connected {
		t.start()
	}
	if t.params.OnState != nil {
		unlocked()
		t.params.OnState(state)
	}
}

// start hands the trunk to its shard once the answer is known and packets can be sealed.
func (t *Trunk) start() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.answered && t.connected && !t.closed {
		t.connected = false // once
		t.shard.posts.add(func(time.Duration) { t.shard.trunks.add(t.shard, t) })
	}
}

// Close ends the connection at once. It waits for nothing; Wait does, and the node's Close.
func (t *Trunk) Close() {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return
	}
	t.closed = true
	removed := make(chan struct{})
	t.shard.posts.add(func(time.Duration) {
		defer close(removed)
		t.shard.load.Add(-1)
		t.shard.serving = t
		t.leave(t.shard)
		t.shard.serving = nil
	})
	t.mu.Unlock()
	exit(t.stage, t.stage.trunks, t)
	t.stage.node.endings.Go(func() {
		defer close(t.ended)
		select {
		case <-removed:
		case <-t.stage.node.done:
		}
		t.stage.node.logClose("trunk", t.params.ID, t.conn.Close())
	})
}

// Wait waits until nothing of a trunk that was closed runs any more.
func (t *Trunk) Wait() { <-t.ended }

// Stats returns a snapshot.
func (t *Trunk) Stats() TrunkStats {
	st := TrunkStats{RTT: time.Duration(t.rtt.Load()), Live: t.pulse.live.Load()}
	for _, l := range t.legs {
		st.Lost += uint64(l.lost.Load())
		st.Repairs += l.repairs.Load()
		st.Packets += l.packets.Load()
	}
	return st
}

// take takes a compound packet from the relay.
func (t *Trunk) take(compound []byte) {
	n := t.stage.node
	now := n.now()
	t.pulse.beat(now)
	if t.grant(1, now) == 0 {
		return
	}
	packets, err := rtcp.Unmarshal(compound)
	if err != nil {
		n.badRTCP.Add(1)
		return
	}
	for _, packet := range packets {
		switch p := packet.(type) {
		case *rtcp.ReceiverReport:
			t.onReports(p.Reports, now)
		case *rtcp.TransportLayerNack:
			t.onNack(p, now)
		case *rtcp.PictureLossIndication:
			if l := t.bySSRC[p.MediaSSRC]; l != nil && l.slot.video() && t.grant(1, now) > 0 {
				l.slot.requestKeyframe(l.rendition)
			}
		case *rtcp.RawPacket:
			t.onPause(*p, now)
		}
	}
}

// grant returns how much of n pieces of feedback is heeded and counts the rest.
func (t *Trunk) grant(n int, now time.Duration) int {
	t.limit.mu.Lock()
	granted := min(n, int(t.limit.allowance.fill(trunkFeedback, now)))
	t.limit.allowance.left -= float64(granted)
	t.limit.mu.Unlock()
	if granted < n {
		t.stage.node.drops.Add(DropFeedback, n-granted)
	}
	return granted
}

func (t *Trunk) onReports(reports []rtcp.ReceptionReport, now time.Duration) {
	for _, r := range reports {
		l := t.bySSRC[r.SSRC]
		if l == nil {
			continue
		}
		l.lost.Store(cumulativeLost(r.TotalLost))
		if rtt, _, ok := t.stage.node.roundTrip(r, now); ok {
			t.rtt.Store(int64(rtt))
		}
	}
}

func (t *Trunk) onNack(p *rtcp.TransportLayerNack, now time.Duration) {
	l := t.bySSRC[p.MediaSSRC]
	if l == nil {
		return
	}
	var numbers []uint16
	for _, pair := range p.Nacks {
		pair.Range(func(seq uint16) bool { numbers = append(numbers, seq); return true })
	}
	numbers = numbers[:t.grant(len(numbers), now)]
	t.task(func(s *shard) {
		for _, seq := range numbers {
			l.retransmit(s, seq)
		}
		s.flush()
	})
}

// onPause takes what the relay wants and does not want to be sent (RFC 7728).
func (t *Trunk) onPause(b []byte, now time.Duration) {
	if !codec.IsPause(b) {
		return
	}
	messages, err := codec.ParsePause(b, nil)
	if err != nil {
		t.stage.node.badRTCP.Add(1)
		return
	}
	messages = messages[:t.grant(len(messages), now)]
	t.task(func(s *shard) {
		var paused []codec.PauseMessage
		for _, m := range messages {
			if l := t.bySSRC[m.SSRC]; l != nil && l.heed(m) && m.Kind == codec.KindPause {
				paused = append(paused, codec.PauseMessage{SSRC: m.SSRC, Kind: codec.KindPaused, ID: m.ID, Highest: uint32(l.out)})
			}
		}
		if len(paused) > 0 {
			t.write(s, codec.AppendPause(t.heartbeat(), t.legs[0].media.SSRC, paused))
		}
	})
}

// task has the shard do something for the trunk, if it has not left by then.
func (t *Trunk) task(do func(*shard)) {
	s := t.shard
	s.try(func(time.Duration) {
		if _, ok := s.trunks.all[t]; ok {
			s.serving = t
			do(s)
		}
	})
}

// leave has the shard forget the trunk.
func (t *Trunk) leave(s *shard) { s.trunks.remove(s, t) }

// tick sends reports and looks whether the other end is there; the shard calls it.
func (t *Trunk) tick(s *shard, now time.Duration) {
	if t.reported == 0 || now-t.reported >= trunkReport {
		t.reported = now
		t.sendReports(s, now)
	}
	t.pulse.check(s.node, now)
}

// heartbeat begins a compound packet: an empty report and the CNAME of the first stream.
func (t *Trunk) heartbeat() []byte {
	ssrc := t.legs[0].media.SSRC
	out := append(t.rtcp[:0], 0x80, 201, 0, 1)
	out = binary.BigEndian.AppendUint32(out, ssrc)
	return appendSDES(out, []uint32{ssrc})
}

// sendReports sends a sender report (RFC 3550 6.4.1) of each stream that flows, and in any case a sign of life.
func (t *Trunk) sendReports(s *shard, now time.Duration) {
	ntp := rewrite.ToNTP(s.node.wall(now))
	out := t.heartbeat()
	for _, l := range t.legs {
		rtp, ok := l.slot.clockNow(l.rendition, now)
		if !ok || !l.running {
			continue
		}
		out = append(out, 0x80, 200, 0, 6)
		out = binary.BigEndian.AppendUint32(out, l.media.SSRC)
		out = binary.BigEndian.AppendUint64(out, ntp)
		out = binary.BigEndian.AppendUint32(out, rtp)
		out = binary.BigEndian.AppendUint32(out, uint32(l.packets.Load()))
		out = binary.BigEndian.AppendUint32(out, l.octets)
	}
	t.write(s, out)
}

func (t *Trunk) write(s *shard, compound []byte) {
	t.rtcp = compound
	if err := t.conn.WriteRTCP(compound); err != nil {
		s.node.drops.Add(DropWrite, 1)
	}
}

// pulse tells whether the other end of a trunk is there.
type pulse struct {
	told  func(live bool, at time.Time)
	heard atomic.Int64 // nanoseconds of the node's clock, 0 for never
	live  atomic.Bool  // as last told
}

// beat takes note that something authentic has come.
func (p *pulse) beat(now time.Duration) { p.heard.Store(int64(now)) }

// check tells of changes. It is called by one goroutine.
func (p *pulse) check(n *Node, now time.Duration) {
	heard := time.Duration(p.heard.Load())
	live := heard != 0 && now-heard < trunkSilence
	if p.live.Swap(live) != live && p.told != nil {
		unlocked()
		p.told(live, n.wall(heard))
	}
}
