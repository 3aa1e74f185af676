package sfu

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"github.com/diemcau/diemcau/internal/contain"
	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/pionlog"
	"github.com/diemcau/diemcau/sfu/rewrite"
	"github.com/diemcau/diemcau/sfu/transport"
	"github.com/diemcau/diemcau/sfu/transport/peer"
)

// PublisherParams are what a publisher connection is opened with. The callbacks come from goroutines of the node,
// must not block.
type PublisherParams struct {
	ID    string
	Owner string // seat of the publisher
	// OnState is told each new state.
	OnState func(State)
	// OnDemand is told the highest simulcast layer of the camera that anybody is to be sent: 0 to 2 for l, m, h, -1
	// for none. Until it is first told, all are wanted. A page that pauses the others saves its uplink.
	OnDemand func(top int)
	// OnSpeaking is told when the microphone's level (RFC 6464) begins to show speech, and when it ceases to.
	OnSpeaking func(speaking bool)
}

// Publisher is the connection on which one site sends camera, microphone, screen and the screen's sound.
type Publisher struct {
	origin

	params  PublisherParams
	pc      *webrtc.PeerConnection
	offer   string
	ufrag   string // by which the gate knows it
	sources map[SourceKind]*source
	told    map[SourceKind]bool // which were active at the last tick; the node's ticker's

	speech  speech
	streams streams

	done  chan struct{} // closed by Close
	ended chan struct{} // closed when nothing runs any more

	mu      mutex[publisherRank]
	failing bool
	closed  bool
	readers sync.WaitGroup
}

// publisherAPI is the settings of publisher connections: here Pion's interceptors work, for everything but keyframe
// requests.
type publisherAPI struct {
	settings webrtc.SettingEngine
	media    webrtc.MediaEngine
	registry interceptor.Registry
	cert     webrtc.Certificate
}

// open makes a connection whose SSRCs are counted.
func (a *publisherAPI) open(counted *streams) (*webrtc.PeerConnection, error) {
	settings := a.settings
	settings.BufferFactory = counted.buffer
	api := webrtc.NewAPI(
		webrtc.WithSettingEngine(settings), webrtc.WithMediaEngine(&a.media), webrtc.WithInterceptorRegistry(&a.registry))
	return api.NewPeerConnection(webrtc.Configuration{Certificates: []webrtc.Certificate{a.cert}})
}

func newPublisherAPI(c peer.Config) (*publisherAPI, error) {
	settings, err := c.SettingEngine()
	if err != nil {
		return nil, err
	}
	api := &publisherAPI{settings: settings, cert: c.Certificate}
	media := &api.media
	feedback := []webrtc.RTCPFeedback{
		{Type: "transport-cc"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"},
	}
	for _, p := range []webrtc.RTPCodecParameters{peer.VP8(feedback...), peer.RTX()} {
		if err := media.RegisterCodec(p, webrtc.RTPCodecTypeVideo); err != nil {
			return nil, err
		}
	}
	// Sound that everybody hears: with the packet before it in each (RFC 2198), as the browser sends what is offered first, and asked
	// for again where that is not enough.
	for _, p := range []webrtc.RTPCodecParameters{peer.RED(), peer.Opus()} {
		p.RTCPFeedback = []webrtc.RTCPFeedback{{Type: "transport-cc"}, {Type: "nack"}}
		if err := media.RegisterCodec(p, webrtc.RTPCodecTypeAudio); err != nil {
			return nil, err
		}
	}
	video, audio := webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio
	err = peer.RegisterExtensions(media, webrtc.RTPTransceiverDirectionRecvonly, map[string][]webrtc.RTPCodecType{
		codec.URIMID:         {video, audio},
		codec.URIRID:         {video},
		codec.URIRepairedRID: {video},
		codec.URITWCC:        {video, audio},
		codec.URIAudioLevel:  {audio},
	})
	if err != nil {
		return nil, err
	}
	logs := pionlog.Factory{Logger: c.Logger}
	pictures, err := nack.NewGeneratorInterceptor(nack.WithGeneratorLoggerFactory(logs), nack.GeneratorStreamsFilter(
		func(i *interceptor.StreamInfo) bool { return asksAgain(i) && !isSound(i) }))
	if err != nil {
		return nil, err
	}
	sound, err := nack.NewGeneratorInterceptor(nack.WithGeneratorLoggerFactory(logs), nack.GeneratorStreamsFilter(
		func(i *interceptor.StreamInfo) bool { return asksAgain(i) && isSound(i) }),
		nack.GeneratorSize(soundNumbers), nack.GeneratorInterval(soundInterval), nack.GeneratorMaxNacksPerPacket(soundAttempts))
	if err != nil {
		return nil, err
	}
	reports, err := report.NewReceiverInterceptor(report.WithReceiverLoggerFactory(logs))
	if err != nil {
		return nil, err
	}
	congestion, err := twcc.NewSenderInterceptor()
	if err != nil {
		return nil, err
	}
	api.registry.Add(pictures)
	api.registry.Add(sound)
	api.registry.Add(reports)
	api.registry.Add(congestion)
	return api, nil
}

// OpenPublisher opens a connection that takes the four tracks of a site.
func (s *Stage) OpenPublisher(params PublisherParams) (*Publisher, error) {
	p := &Publisher{
		origin: newOrigin(s), params: params, sources: map[SourceKind]*source{}, told: map[SourceKind]bool{},
		done: make(chan struct{}), ended: make(chan struct{}),
	}
	p.streams.overrun = p.overrun
	var err error
	if p.pc, err = s.node.publishers.open(&p.streams); err != nil {
		return nil, err
	}
	if err := p.build(); err != nil {
		return nil, errors.Join(err, p.pc.Close())
	}
	p.readers.Go(func() { contained(p, p.run) })
	if err := s.addPublisher(p); err != nil {
		close(p.done)
		p.end()
		return nil, err
	}
	return p, nil
}

func (p *Publisher) build() error {
	for _, kind := range sourceKinds() {
		p.sources[kind] = newSource(&p.origin, p.params.Owner, kind, p.sendPLI)
		media := webrtc.RTPCodecTypeVideo
		if kind.media() == transport.Audio {
			media = webrtc.RTPCodecTypeAudio
		}
		tr, err := p.pc.AddTransceiverFromKind(media, webrtc.RTPTransceiverInit{
			Direction: webrtc.RTPTransceiverDirectionRecvonly,
		})
		if err != nil {
			return err
		}
		if err := tr.SetMid(string(kind)); err != nil {
			return err
		}
	}
	p.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) { contained(p, func() { p.onState(s) }) })
	p.pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) { contained(p, func() { p.onTrack(t, r) }) })
	text, err := peer.Gather(p.pc)
	if err != nil {
		return err
	}
	if p.stage.node.gate != nil {
		p.ufrag = p.stage.node.gate.Offered(text)
	}
	p.offer = offerSimulcast(p.stage.node.announce(text))
	return nil
}

// offerSimulcast writes the simulcast offer (RFC 8853) of the camera into the text for the browser: Pion takes
// simulcast, but does not put it into an offer of its own.
func offerSimulcast(text string) string {
	const mid = "a=mid:" + string(SourceCamera) + "\r\n"
	return strings.Replace(text, mid, mid+
		"a=rid:l recv\r\na=rid:m recv\r\na=rid:h recv\r\na=simulcast:recv l;m;h\r\n", 1)
}

// ID is that of the params.
func (p *Publisher) ID() string { return p.params.ID }

// Offer is the SDP to send to the browser, complete with candidates.
func (p *Publisher) Offer() string { return p.offer }

// Answer applies the browser's SDP, once.
func (p *Publisher) Answer(sdp string) error {
	sdp, err := transport.ReadAnswer(sdp)
	if err != nil {
		return err
	}
	if n := strings.Count("\n"+sdp, "\nm="); n > len(p.sources) {
		return fmt.Errorf("%w: %d m-lines", transport.ErrAnswer, n)
	}
	if p.stage.node.gate != nil {
		p.stage.node.gate.Answered(p.ufrag, sdp)
	}
	return p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp})
}

// Close ends the connection at once: nothing of it is forwarded any more, and no callback begins. It waits for nothing;
// Wait does, and the node's Close.
func (p *Publisher) Close() {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
	}
	p.closed = true
	p.mu.Unlock()
	p.stage.removePublisher(p)
	close(p.done)
	p.stage.node.endings.Go(p.end)
}

// Wait waits until nothing of a connection that was closed runs any more.
func (p *Publisher) Wait() { <-p.ended }

// end waits for what runs.
func (p *Publisher) end() {
	defer close(p.ended)
	if p.stage.node.gate != nil {
		p.stage.node.gate.Forget(p.ufrag)
	}
	p.stage.node.logClose("publisher", p.params.ID, p.pc.GracefulClose())
	p.readers.Wait()
}

// run sends the keyframe requests that are marked.
func (p *Publisher) run() {
	for {
		select {
		case <-p.wake:
			p.sendKeyframeRequests()
		case <-p.done:
			return
		}
	}
}

func (p *Publisher) sendKeyframeRequests() {
	for _, kind := range sourceKinds() {
		p.sources[kind].sendKeyframeRequests()
	}
}

func (p *Publisher) onState(state webrtc.PeerConnectionState) {
	switch state {
	case webrtc.PeerConnectionStateConnected:
		p.notify(Connected)
	case webrtc.PeerConnectionStateFailed:
		p.notify(Failed)
	case webrtc.PeerConnectionStateClosed:
		p.notify(Closed)
	case webrtc.PeerConnectionStateUnknown, webrtc.PeerConnectionStateNew, webrtc.PeerConnectionStateConnecting,
		webrtc.PeerConnectionStateDisconnected: // nothing that the page could act on
	}
}

// notify hands on a state, unless the connection is closed already.
func (p *Publisher) notify(state State) {
	p.mu.Lock()
	closed := p.closed
	p.mu.Unlock()
	if !closed && p.params.OnState != nil {
		unlocked()
		p.params.OnState(state)
	}
}

// overrun ends a connection that sends on too many SSRCs. It is called by what reads the connection.
func (p *Publisher) overrun() {
	p.stage.node.drops.Add(DropStreams, 1)
	p.giveUp(fmt.Sprintf("it sends on more than %d SSRCs", maxStreams))
}

// contained works for the connection. A panic ends that, and nothing else: what its packets have left half written in the
// slots is forgotten with it.
func contained(p *Publisher, f func()) {
	if contain.Run(p.stage.node.cfg.Panicked, func() error { f(); return nil }, "publisher", p.params.ID) != nil {
		p.giveUp(contain.ErrPanic.Error())
	}
}

// giveUp ends the connection, for whose readers it must not wait, and says that it has failed.
func (p *Publisher) giveUp(why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.failing {
		return
	}
	p.failing = true
	p.readers.Go(func() {
		p.stage.node.log.Warn("a publisher is given up", "publisher", p.params.ID, "why", why)
		for _, step := range []func() error{ // each of them, whatever becomes of the others: what panicked once may do so again
			func() error { p.stage.forgetSources(p); return nil },
			func() error { p.notify(Failed); return nil },
			func() error { p.stage.node.logClose("publisher", p.params.ID, p.pc.Close()); return nil },
		} {
			_ = contain.Run(p.stage.node.cfg.Panicked, step, "publisher", p.params.ID)
		}
	})
}

func (p *Publisher) onTrack(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	src := p.sources[SourceKind(receiver.RTPTransceiver().Mid())]
	index := layerOf(track.RID())
	if src == nil || index < 0 || src.kind != SourceCamera && index > 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	src.mu.Lock()
	src.layers[index].ssrc = uint32(track.SSRC())
	src.mu.Unlock()
	p.readers.Go(func() { contained(p, func() { p.readRTP(track, src, index) }) })
	p.readers.Go(func() { contained(p, func() { p.readRTCP(track, receiver, src, index) }) })
}

// rtpReader is what is used of a track of Pion's.
type rtpReader interface {
	Read(b []byte) (n int, attributes interceptor.Attributes, err error)
}

func (p *Publisher) readRTP(track rtpReader, src *source, index int) {
	buf := make([]byte, 1600)
	var in depacketizer
	for {
		n, _, err := track.Read(buf)
		if errors.Is(err, webrtc.ErrCodecNotFound) { // of this packet; the track goes on
			p.stage.node.drops.Add(DropMalformed, 1)
			continue
		}
		if err != nil {
			return
		}
		p.forward(buf[:n], &in, src, index)
	}
}

// forward hands a packet to the source.
func (p *Publisher) forward(b []byte, in *depacketizer, src *source, index int) {
	now, header := p.stage.node.now(), &in.header
	size, err := header.Unmarshal(b)
	if err != nil {
		p.stage.node.drops.Add(DropMalformed, 1)
		return
	}
	payload := b[size:]
	if header.Padding {
		if payload, err = codec.Unpad(payload); err != nil {
			p.stage.node.drops.Add(DropMalformed, 1)
			return
		}
	}
	if src.kind == SourceMicrophone {
		p.speech.level(header.GetExtension(codec.ExtAudioLevel), now)
	}
	pkt := packet{seq: header.SequenceNumber, time: header.Timestamp, marker: header.Marker, payload: payload, arrived: now}
	if src.kind.media() == transport.Audio {
		in.sound(src, index, &pkt)
		return
	}
	src.push(index, &pkt)
}

func (p *Publisher) readRTCP(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver, src *source, index int) {
	for {
		var packets []rtcp.Packet
		var err error
		if rid := track.RID(); rid != "" {
			packets, _, err = receiver.ReadSimulcastRTCP(rid)
		} else {
			packets, _, err = receiver.ReadRTCP()
		}
		if err != nil {
			return
		}
		now := p.stage.node.now()
		for _, packet := range packets {
			if sr, ok := packet.(*rtcp.SenderReport); ok && sr.SSRC == uint32(track.SSRC()) {
				p.clock.report(rewrite.NTP(sr.NTPTime), now)
				src.report(index, sr.RTPTime, sr.NTPTime)
			}
		}
	}
}

// senderClock relates the clock of who sends to the node's.
type senderClock struct {
	mu      mutex[leafRank]
	between rewrite.Skew
}

// report takes the time of the sender's clock that a sender report names.
func (c *senderClock) report(ntp int64, arrived time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.between.Report(ntp, int64(arrived))
}

// skew is the node's time minus the sender's clock, in nanoseconds.
func (c *senderClock) skew() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.between.Value()
}

// bound corrects the skew by the arrival of a sample that was taken at a time of the sender's clock.
func (c *senderClock) bound(ntp int64, arrived time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.between.Bound(ntp, int64(arrived))
}

// sendPLI asks for a keyframe of each stream (RFC 4585 6.3.1).
func (p *Publisher) sendPLI(ssrcs []uint32) {
	packets := make([]rtcp.Packet, len(ssrcs))
	for i, ssrc := range ssrcs {
		packets[i] = &rtcp.PictureLossIndication{MediaSSRC: ssrc}
	}
	unlocked()
	if err := p.pc.WriteRTCP(packets); err != nil {
		p.stage.node.log.Debug("keyframe request", "publisher", p.params.ID, "err", err)
	}
}

// tick looks after the sources and tells of changes.
func (p *Publisher) tick(now time.Duration) {
	changed := false
	for _, kind := range sourceKinds() {
		active := p.sources[kind].tick(now)
		if active == p.told[kind] {
			continue
		}
		p.told[kind], changed = active, true
	}
	if p.params.OnDemand != nil {
		if top, tell := p.sources[SourceCamera].demand(now); tell {
			unlocked()
			p.params.OnDemand(top)
		}
	}
	if speaking, tell := p.speech.tick(now); tell && p.params.OnSpeaking != nil {
		unlocked()
		p.params.OnSpeaking(speaking)
	}
	if changed {
		p.stage.refresh(p.params.Owner)
	}
}
