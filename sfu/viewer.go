package sfu

import (
	"errors"
	"time"

	"github.com/diemcau/diemcau/sfu/pace"
	"github.com/diemcau/diemcau/sfu/transport"
)

// State of a connection; it only goes forward.
type State = transport.State

// The states of a connection.
const (
	Connected = transport.Connected
	Failed    = transport.Failed
	Closed    = transport.Closed
)

// Errors of viewers and publishers.
var (
	ErrClosed      = errors.New("sfu: closed")
	ErrUnknownSlot = errors.New("sfu: no such slot")
	ErrUnknownSet  = errors.New("sfu: no such slot set")
)

const (
	// cname ties together the streams of a connection (RFC 3550 6.5.1).
	cname = "stage"
	// firstSSRC numbers the streams of a viewer connection: two for each slot of its set, the second for RTX.
	firstSSRC = 0x64630000
)

// ViewerParams are what a viewer connection is opened with. The callbacks come from goroutines of the node and must not
// block.
type ViewerParams struct {
	ID    string
	Owner string // seat of the viewer; sound of which it is itself the source is not sent to it
	Slots SlotSet
	// OnState is told each new state.
	OnState func(State)
	// OnReceiving is told when receiver reports begin to show media arriving, and when they cease to; then at is the
	// time of the last report that did.
	OnReceiving func(receiving bool, at time.Time)
	// OnQuality is told round trip and loss about every qualityInterval, once reports come.
	OnQuality func(rtt time.Duration, loss float64)
}

// Viewer is one viewer connection: the legs of a slot set towards one browser.
type Viewer struct {
	stage   *Stage
	params  ViewerParams
	conn    transport.Conn
	shard   *shard
	legs    []*leg  // in the order of the set
	private []*slot // of a monitor

	ended chan struct{} // closed when nothing runs any more

	mu        mutex[viewerRank]
	answered  bool
	connected bool
	closed    bool

	adapt           adaptation
	redundancy      redundancy
	retransmissions retransmissions  // the shard's
	pacer           pace.Pacer[held] // the shard's
	feedback        feedback
	shown           shown
	judged          time.Duration // when OnQuality was told last; the shard's
	reported        time.Duration // when sender reports were sent last; the shard's
	rtcp            []byte        // the shard's
}

// OpenViewer opens a connection that will carry the slots of a set.
func (s *Stage) OpenViewer(p ViewerParams) (*Viewer, error) {
	specs := p.Slots.Specs()
	if specs == nil {
		return nil, ErrUnknownSet
	}
	v := &Viewer{stage: s, params: p, ended: make(chan struct{})}
	v.feedback.viewer, v.feedback.bySSRC = v, map[uint32]*leg{}
	media := make([]transport.Media, len(specs))
	for i, spec := range specs {
		media[i] = transport.Media{
			MID: string(spec.ID), Kind: spec.Kind, StreamID: spec.Stream, TrackID: string(spec.ID),
			SSRC: firstSSRC + uint32(2*i),
		}
		if spec.Kind == transport.Video {
			media[i].RTXSSRC = media[i].SSRC + 1
		}
		media[i].RED = spec.Kind == transport.Audio
		slot := s.slots[spec.ID]
		if p.Slots == MonitorSlots {
			slot = newSlot(s.node, spec)
			v.private = append(v.private, slot)
		}
		l := newLeg(v, slot, media[i])
		l.index = uint8(i)
		v.legs = append(v.legs, l)
		v.feedback.bySSRC[media[i].SSRC] = l
	}
	v.adapt.begin(v, s.node.now())
	conn, err := s.node.viewers.New(transport.Params{
		CNAME: cname, Media: media, OnState: v.onState, OnRTCP: v.feedback.handle,
	})
	if err != nil {
		return nil, err
	}
	v.conn, v.shard = conn, s.node.nextShard()
	if err := s.addViewer(v); err != nil {
		v.shard.load.Add(-1)
		return nil, errors.Join(err, conn.Close())
	}
	return v, nil
}

// ID is that of the params.
func (v *Viewer) ID() string { return v.params.ID }

// Offer is the SDP to send to the browser, complete with candidates.
func (v *Viewer) Offer() string { return v.conn.Offer() }

// Answer applies the browser's SDP, once.
func (v *Viewer) Answer(sdp string) error {
	sdp, err := transport.ReadAnswer(sdp)
	if err != nil {
		return err
	}
	accepted, err := v.conn.Answer(sdp)
	if err != nil {
		return err
	}
	v.mu.Lock()
	for i, a := range accepted {
		v.legs[i].active, v.legs[i].rtx, v.legs[i].red = a.Active, a.RTX, a.RED
	}
	v.answered = true
	v.mu.Unlock()
	v.start()
	return nil
}

func (v *Viewer) onState(state State) {
	v.mu.Lock()
	if v.closed {
		v.mu.Unlock()
		return
	}
	v.connected = v.connected || state == Connected
	v.mu.Unlock()
	if state == Connected {
		v.start()
	}
	if v.params.OnState != nil {
		unlocked()
		v.params.OnState(state)
	}
}

// start hands the viewer to its shard once the answer is known and packets can be sealed.
func (v *Viewer) start() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.answered && v.connected && !v.closed {
		v.connected = false // once
		v.shard.posts.add(func(now time.Duration) { v.shard.add(v, now) })
	}
}

// FeedMonitor says what a private slot shows from now on, as Stage.Feed does for a shared one.
func (v *Viewer) FeedMonitor(slot SlotID, owner string, kind SourceKind) error {
	for _, s := range v.private {
		if s.spec.ID == slot {
			v.stage.feed(s, feed{owner, 0, kind})
			return nil
		}
	}
	return ErrUnknownSlot
}

// Close ends the connection at once: its shard sends to it no more, and no callback begins. It waits for nothing; Wait
// does, and the node's Close.
func (v *Viewer) Close() {
	v.mu.Lock()
	if v.closed {
		v.mu.Unlock()
		return
	}
	v.closed = true
	removed := make(chan struct{})
	v.shard.posts.add(func(time.Duration) {
		defer close(removed)
		v.shard.remove(v)
	})
	v.mu.Unlock()
	v.stage.removeViewer(v)
	v.stage.node.endings.Go(func() {
		defer close(v.ended)
		select {
		case <-removed:
		case <-v.stage.node.done:
		}
		v.stage.node.logClose("viewer", v.params.ID, v.conn.Close())
	})
}

// Wait waits until nothing of a connection that was closed runs any more.
func (v *Viewer) Wait() { <-v.ended }

// tick looks after the legs; the shard calls it.
func (v *Viewer) tick(s *shard, now time.Duration) {
	v.adapt.divide(s, now)
	v.shown.count(&v.adapt, now)
	for _, l := range v.legs {
		if l.active {
			l.tick(now)
		}
	}
	every := reportInterval
	if v.adapt.control.Testing(now) {
		every = testInterval
	}
	if v.reported == 0 || now-v.reported >= every {
		for _, l := range v.legs {
			l.sent.measure(now - v.reported)
		}
		v.reported = now
		v.sendReports(s, now)
	}
	v.feedback.check(now)
	v.reportQuality(now)
}
