package sfu

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/diemcau/diemcau/internal/contain"
	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/pionlog"
	"github.com/diemcau/diemcau/sfu/rewrite"
	"github.com/diemcau/diemcau/sfu/transport/peer"
)

const (
	// askInterval is how often what is missing is asked for.
	askInterval = 20 * time.Millisecond
	// pauseRepeat is how often a request to pause or to resume is repeated until it has taken effect.
	pauseRepeat = time.Second
	// trunkConsent is how often the path of a trunk is checked, trunkLost and trunkFailed when it counts as cut and as gone.
	trunkConsent = time.Second
	trunkLost    = 4 * time.Second
	trunkFailed  = 6 * time.Second
)

// IntakeParams are what the relay's end of a trunk is opened with. The callbacks come from goroutines of the node and
// must not block.
type IntakeParams struct {
	ID string // of the centre; a label in metrics
	// Seat returns the owner, as this node's viewers and publishers have it, of the endpoint with a number, "" for one that
	// is elsewhere. known is false for a number that says nothing here, as 0 always does.
	Seat func(number uint32) (owner string, known bool)
	// Granted tells whether an owner may be heard at present. Who may is not sent what comes of an endpoint that is not
	// known, since it may be himself. It is called for packets, so it is to be quick.
	Granted func(owner string) bool
	// OnState is told each new state.
	OnState func(State)
	// OnLive is told when media or reports first come, when neither has come for three seconds, and when they come again.
	// at is when they came last.
	OnLive func(live bool, at time.Time)
}

// Intake is the relay's end of a trunk: what comes on it feeds the slots of the stage, which are not to be fed otherwise
// meanwhile, but for an empty feed, which cuts a slot until something new comes. It dials, over UDP, or TCP where that is
// not possible.
type Intake struct {
	origin

	params  IntakeParams
	pc      *webrtc.PeerConnection
	answer  string
	slots   map[SlotID]*inSlot
	streams []*inStream // in the order of trunkStreams
	pulse   pulse
	rtt     atomic.Int64 // nanoseconds
	done    chan struct{}
	ended   chan struct{}

	mu      mutex[publisherRank]
	failing bool
	closed  bool
	readers sync.WaitGroup
}

// DialTrunk answers the offer of a trunk of another node and dials that. Of several trunks that lead to a stage the one
// that connected last feeds it; who opens a new one closes the old one when OnState says that it is connected.
func (s *Stage) DialTrunk(offer string, params IntakeParams) (*Intake, error) {
	in := newIntake(s, params)
	var err error
	if in.pc, err = s.node.dialler(); err != nil {
		return nil, err
	}
	if err := in.negotiate(offer); err != nil {
		return nil, errors.Join(err, in.pc.GracefulClose())
	}
	in.readers.Go(func() { containIntake(in, intakeFeedback{in}.run) })
	if err := enter(s, s.intakes, in); err != nil {
		close(in.done)
		in.end()
		return nil, err
	}
	return in, nil
}

func newIntake(s *Stage, params IntakeParams) *Intake {
	in := &Intake{
		origin: newOrigin(s), params: params, slots: map[SlotID]*inSlot{},
		done: make(chan struct{}), ended: make(chan struct{}),
	}
	in.pulse.told = params.OnLive
	for _, t := range trunkStreams() {
		id := t.spec.ID
		if in.slots[id] == nil {
			in.slots[id] = &inSlot{intake: in, slot: s.slots[id]}
		}
		stream := &inStream{trunkStream: t, slot: in.slots[id]}
		in.slots[id].streams = append(in.slots[id].streams, stream)
		in.streams = append(in.streams, stream)
	}
	return in
}

// dialler makes the PeerConnection of a trunk. Nothing of Pion's stands in the way of a packet.
func (n *Node) dialler() (*webrtc.PeerConnection, error) {
	var e webrtc.SettingEngine
	e.LoggerFactory = pionlog.Factory{Logger: n.log}
	e.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	e.SetICETimeouts(trunkLost, trunkFailed, trunkConsent)
	e.SetIncludeLoopbackCandidate(n.cfg.Loopback)
	e.SetNetworkTypes([]webrtc.NetworkType{
		webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6,
	})
	if n.cfg.dial != nil {
		e.SetNet(n.cfg.dial)
	}
	if err := e.SetAnsweringDTLSRole(webrtc.DTLSRoleClient); err != nil { // the centre's offer leaves no other
		return nil, err
	}
	var media webrtc.MediaEngine
	for codecs, kind := range map[*[2]webrtc.RTPCodecParameters]webrtc.RTPCodecType{
		{peer.VP8(webrtc.RTCPFeedback{Type: "nack"}, webrtc.RTCPFeedback{Type: "nack", Parameter: "pli"}), peer.RTX()}: webrtc.RTPCodecTypeVideo,
		{peer.Opus(), peer.OpusRTX()}: webrtc.RTPCodecTypeAudio,
	} {
		for _, c := range codecs {
			if err := media.RegisterCodec(c, kind); err != nil {
				return nil, err
			}
		}
	}
	api := webrtc.NewAPI(webrtc.WithSettingEngine(e), webrtc.WithMediaEngine(&media), webrtc.WithInterceptorRegistry(new(interceptor.Registry)))
	return api.NewPeerConnection(webrtc.Configuration{})
}

// negotiate takes the offer and makes the answer.
func (in *Intake) negotiate(offer string) error {
	in.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) { containIntake(in, func() { in.onState(s) }) })
	in.pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) { containIntake(in, func() { in.onTrack(t, r) }) })
	if err := in.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return fmt.Errorf("offer: %w", err)
	}
	answer, err := in.pc.CreateAnswer(nil)
	if err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(in.pc)
	if err := in.pc.SetLocalDescription(answer); err != nil {
		return err
	}
	<-gathered
	in.answer = in.pc.LocalDescription().SDP
	for _, tr := range in.pc.GetTransceivers() {
		if stream := in.stream(tr.Mid()); stream != nil {
			in.readers.Go(func() { containIntake(in, func() { in.readRTCP(tr.Receiver(), stream) }) })
		}
	}
	return nil
}

// stream finds that of an m-line, nil for one that this release does not know.
func (in *Intake) stream(mid string) *inStream {
	for _, s := range in.streams {
		if s.mid() == mid {
			return s
		}
	}
	return nil
}

// ID is that of the params.
func (in *Intake) ID() string { return in.params.ID }

// Answer is the SDP for the centre.
func (in *Intake) Answer() string { return in.answer }

// Close ends the connection at once: nothing of it is forwarded any more, and no callback begins. It waits for nothing;
// Wait does, and the node's Close.
func (in *Intake) Close() {
	in.mu.Lock()
	if in.closed {
		in.mu.Unlock()
		return
	}
	in.closed = true
	in.mu.Unlock()
	in.forget()
	exit(in.stage, in.stage.intakes, in)
	close(in.done)
	in.stage.node.endings.Go(in.end)
}

// Wait waits until nothing of a connection that was closed runs any more.
func (in *Intake) Wait() { <-in.ended }

// forget has the slots show nothing of the trunk any more.
func (in *Intake) forget() {
	in.stage.intake.CompareAndSwap(in, nil)
	for _, s := range in.slots {
		s.forget()
	}
}

// end waits for what runs.
func (in *Intake) end() {
	defer close(in.ended)
	in.stage.node.logClose("intake", in.params.ID, in.pc.GracefulClose())
	in.readers.Wait()
}

func (in *Intake) onState(state webrtc.PeerConnectionState) {
	switch state {
	case webrtc.PeerConnectionStateConnected:
		in.stage.intake.Store(in)
		in.notify(Connected)
	case webrtc.PeerConnectionStateFailed:
		in.notify(Failed)
	case webrtc.PeerConnectionStateClosed:
		in.notify(Closed)
	case webrtc.PeerConnectionStateUnknown, webrtc.PeerConnectionStateNew, webrtc.PeerConnectionStateConnecting,
		webrtc.PeerConnectionStateDisconnected: // OnLive tells
	}
}

// over tells whether the connection is closed or given up.
func (in *Intake) over() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.closed
}

func (in *Intake) notify(state State) {
	if !in.over() && in.params.OnState != nil {
		unlocked()
		in.params.OnState(state)
	}
}

// containIntake works for the connection. A panic ends that, and nothing else.
func containIntake(in *Intake, f func()) {
	if contain.Run(in.stage.node.cfg.Panicked, func() error { f(); return nil }, "intake", in.params.ID) == nil {
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.closed || in.failing {
		return
	}
	in.failing = true
	in.readers.Go(func() {
		for _, step := range []func(){in.forget, func() { in.notify(Failed) }} {
			_ = contain.Run(in.stage.node.cfg.Panicked, func() error { step(); return nil }, "intake", in.params.ID)
		}
	})
}

func (in *Intake) onTrack(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	stream := in.stream(receiver.RTPTransceiver().Mid())
	in.mu.Lock()
	defer in.mu.Unlock()
	if stream == nil || in.closed {
		return
	}
	stream.ssrc.Store(uint32(track.SSRC()))
	in.readers.Go(func() { containIntake(in, func() { in.readRTP(track, stream) }) })
}

func (in *Intake) readRTP(track rtpReader, s *inStream) {
	buf := make([]byte, 1600)
	var header rtp.Header
	for {
		n, attributes, err := track.Read(buf)
		if errors.Is(err, webrtc.ErrCodecNotFound) { // of this packet; the track goes on
			in.stage.node.drops.Add(DropMalformed, 1)
			continue
		}
		if err != nil {
			return
		}
		in.forward(buf[:n], &header, s, attributes.Get(webrtc.AttributeRtxSsrc) != nil)
	}
}

// forward hands a packet to the stand-in for whoever it comes from; header is memory that is used again.
func (in *Intake) forward(b []byte, header *rtp.Header, s *inStream, again bool) {
	now := in.stage.node.now()
	size, err := header.Unmarshal(b)
	payload := b[min(size, len(b)):]
	if err == nil && header.Padding {
		payload, err = codec.Unpad(payload)
	}
	if err != nil {
		in.stage.node.drops.Add(DropMalformed, 1)
		return
	}
	in.pulse.beat(now)
	a := arrival{
		packet: packet{seq: header.SequenceNumber, time: header.Timestamp, marker: header.Marker, payload: payload, arrived: now},
		again:  again,
	}
	if len(header.CSRC) > 0 {
		a.number = header.CSRC[0]
	}
	a.key = s.slot.slot.video() && isKeyframe(payload)
	a.ahead = s.arrived(&a)
	if in.stage.intake.Load() != in {
		return // another one feeds the stage
	}
	if src := s.slot.sourceOf(s, &a); src != nil {
		src.push(s.rendition, &a.packet)
	} else {
		in.stage.node.drops.Add(DropLate, 1)
	}
}

func (in *Intake) readRTCP(receiver *webrtc.RTPReceiver, s *inStream) {
	for {
		packets, _, err := receiver.ReadRTCP()
		if err != nil {
			return
		}
		now := in.stage.node.now()
		in.pulse.beat(now)
		for _, packet := range packets {
			switch p := packet.(type) {
			case *rtcp.SenderReport:
				in.clock.report(rewrite.NTP(p.NTPTime), now)
				s.reported(p, now)
				s.slot.report(s, p)
			case *rtcp.RawPacket:
				in.onPaused(*p)
			}
		}
	}
}

// onPaused takes what the centre says of streams that it was asked to pause (RFC 7728).
func (in *Intake) onPaused(b []byte) {
	messages, err := codec.ParsePause(b, nil)
	if err != nil {
		in.stage.node.badRTCP.Add(1)
		return
	}
	for _, m := range messages {
		for _, s := range in.streams {
			if m.Kind == codec.KindPaused && m.SSRC == s.ssrc.Load() {
				s.paused(m.ID)
			}
		}
	}
}

// tick looks after the stand-ins.
func (in *Intake) tick(now time.Duration) {
	for _, s := range in.slots {
		s.tick(now)
	}
}

// Stats returns a snapshot.
func (in *Intake) Stats() TrunkStats {
	st := TrunkStats{RTT: time.Duration(in.rtt.Load()), Live: in.pulse.live.Load()}
	for _, s := range in.streams {
		s.count(&st)
	}
	return st
}
