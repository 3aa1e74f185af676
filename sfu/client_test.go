package sfu

import (
	"log/slog"
	"net"
	"net/netip"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	piontransport "github.com/pion/transport/v5"
	"github.com/pion/webrtc/v4"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// eventually polls until ok, or fails the test.
func eventually(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	tb.Fatalf("did not happen: %s", what)
}

func newNode(tb testing.TB, change func(*Config)) *Node {
	tb.Helper()
	cfg := Config{UDP: netip.MustParseAddrPort("127.0.0.1:0"), Loopback: true, Writers: 2}
	if change != nil {
		change(&cfg)
	}
	n, err := New(cfg, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := n.Close(); err != nil {
			tb.Error(err)
		}
	})
	return n
}

// line is how a client reaches the node: nil by UDP over the machine's own network.
type line struct {
	net    piontransport.Net // a virtual network
	udp    net.PacketConn    // a socket, which may be in another network namespace
	tcp    bool              // TCP only
	relays []webrtc.ICEServer
}

// newPC makes a client's PeerConnection.
func newPC(t *testing.T, via *line) *webrtc.PeerConnection {
	t.Helper()
	var settings webrtc.SettingEngine
	var config webrtc.Configuration
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	// A browser that is offered a passive server is the DTLS client; Pion must be told.
	if err := settings.SetAnsweringDTLSRole(webrtc.DTLSRoleClient); err != nil {
		t.Fatal(err)
	}
	if via != nil {
		if via.net != nil {
			settings.SetNet(via.net)
		}
		if via.udp != nil {
			settings.SetICEUDPMux(webrtc.NewICEUDPMux(nil, via.udp))
		}
		if via.tcp {
			settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
		}
		if via.relays != nil {
			config.ICEServers, config.ICETransportPolicy = via.relays, webrtc.ICETransportPolicyRelay
		}
	}
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pc.GracefulClose(); err != nil {
			t.Error(err)
		}
	})
	return pc
}

// answer makes a client's answer to an offer.
func answer(t *testing.T, pc *webrtc.PeerConnection, offer string) string {
	t.Helper()
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		t.Fatalf("%v in\n%s", err, offer)
	}
	text, err := pc.CreateAnswer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(text); err != nil {
		t.Fatal(err)
	}
	<-gathered
	return pc.LocalDescription().SDP
}

// watcher is a viewer: it keeps what arrives, by mid.
type watcher struct {
	*Viewer
	pc *webrtc.PeerConnection

	mu      sync.Mutex
	packets map[SlotID][]*rtp.Packet
	readers sync.WaitGroup
}

func watch(t *testing.T, s *Stage, params ViewerParams, via *line) *watcher {
	t.Helper()
	if params.Slots == "" {
		params.Slots = StageSlots
	}
	v, err := s.OpenViewer(params)
	if err != nil {
		t.Fatal(err)
	}
	w := &watcher{Viewer: v, packets: map[SlotID][]*rtp.Packet{}}
	t.Cleanup(w.readers.Wait)
	w.pc = newPC(t, via)
	w.pc.OnTrack(func(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		w.readers.Add(1)
		go w.read(SlotID(receiver.RTPTransceiver().Mid()), track)
	})
	if err := v.Answer(answer(t, w.pc, v.Offer())); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *watcher) read(slot SlotID, track *webrtc.TrackRemote) {
	defer w.readers.Done()
	for {
		p, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		w.mu.Lock()
		w.packets[slot] = append(w.packets[slot], p)
		w.mu.Unlock()
	}
}

func (w *watcher) got(slot SlotID) []*rtp.Packet {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.packets[slot]
}

// sender is a publisher: it sends marked VP8 and Opus packets until the test ends.
type sender struct {
	*Publisher
	pc    *webrtc.PeerConnection
	mark  byte
	video *webrtc.TrackLocalStaticRTP
	audio *webrtc.TrackLocalStaticRTP
	plis  chan struct{}
	stop  chan struct{}
	once  sync.Once
	done  sync.WaitGroup
}

const packetsPerFrame = 3

var simulcastLines = regexp.MustCompile(`a=(rid|simulcast):.*\r\n`)

// publish opens a publisher of owner whose payloads end with mark.
func publish(t *testing.T, s *Stage, owner string, mark byte, via *line) *sender {
	t.Helper()
	p, err := s.OpenPublisher(PublisherParams{ID: owner, Owner: owner})
	if err != nil {
		t.Fatal(err)
	}
	c := &sender{Publisher: p, mark: mark, plis: make(chan struct{}, 100), stop: make(chan struct{})}
	t.Cleanup(c.done.Wait)
	c.pc = newPC(t, via)
	t.Cleanup(func() { c.once.Do(func() { close(c.stop) }) })
	// Pion would answer the simulcast offer without taking it up; a browser without simulcast ignores those lines.
	offer := simulcastLines.ReplaceAllString(p.Offer(), "")
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		t.Fatal(err)
	}
	c.video, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "v", owner)
	if err != nil {
		t.Fatal(err)
	}
	c.audio, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "a", owner)
	if err != nil {
		t.Fatal(err)
	}
	for _, tr := range c.pc.GetTransceivers() {
		switch SourceKind(tr.Mid()) {
		case SourceCamera:
			c.send(t, tr, c.video)
		case SourceMicrophone:
			c.send(t, tr, c.audio)
		case SourceScreen, SourceScreenAudio:
		}
	}
	text, err := c.pc.CreateAnswer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(c.pc)
	if err := c.pc.SetLocalDescription(text); err != nil {
		t.Fatal(err)
	}
	<-gathered
	if err := p.Answer(c.pc.LocalDescription().SDP); err != nil {
		t.Fatal(err)
	}
	c.done.Go(c.run)
	return c
}

func (c *sender) send(t *testing.T, tr *webrtc.RTPTransceiver, track *webrtc.TrackLocalStaticRTP) {
	t.Helper()
	s, err := c.pc.AddTrack(track)
	if err != nil {
		t.Fatal(err)
	}
	if tr.Sender() != s {
		t.Fatalf("track of %s went to another m-line", tr.Mid())
	}
	c.done.Go(func() {
		for {
			packets, _, err := s.ReadRTCP()
			if err != nil {
				return
			}
			for _, p := range packets {
				if isPLI(p) {
					select {
					case c.plis <- struct{}{}:
					default:
					}
				}
			}
		}
	})
}

// run sends a frame of three packets and one of sound every 20 ms; a keyframe first and after each request.
func (c *sender) run() {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	key, seq := true, uint16(65000)
	for i := uint16(0); ; i++ {
		select {
		case <-c.stop:
			return
		case <-c.plis:
			key = true
			i--
			continue
		case <-ticker.C:
		}
		for n := range packetsPerFrame {
			seq++
			_ = c.video.WriteRTP(&rtp.Packet{
				Header: rtp.Header{
					Version: 2, SequenceNumber: seq, Timestamp: uint32(i) * 1800, Marker: n == packetsPerFrame-1,
				},
				Payload: vp8(n == 0, key, i, c.mark),
			})
		}
		_ = c.audio.WriteRTP(&rtp.Packet{
			Header:  rtp.Header{Version: 2, SequenceNumber: i, Timestamp: uint32(i) * 960},
			Payload: []byte{0xf8, 0xff, c.mark},
		})
		key = false
	}
}

// vp8 makes a payload with a descriptor as browsers send it; the last byte is mark.
func vp8(start, key bool, id uint16, mark byte) []byte {
	p := []byte{0x80, 0xe0, 0x80 | byte(id>>8&0x7f), byte(id), byte(id), 0x00, 0x01}
	if start {
		p[0] |= 0x10
	}
	if key {
		p[6] = 0
	}
	p = append(p, make([]byte, 200)...)
	return append(p, mark)
}

func isPLI(p rtcp.Packet) bool {
	_, ok := p.(*rtcp.PictureLossIndication)
	return ok
}

func mark(p *rtp.Packet) byte {
	if len(p.Payload) == 0 {
		return 0
	}
	return p.Payload[len(p.Payload)-1]
}
