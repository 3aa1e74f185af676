package lean

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"go.uber.org/goleak"

	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/transport"
	"github.com/diemcau/diemcau/sfu/udpio"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const deadline = 30 * time.Second

// testMedia is one slot with sound and picture, and one that the tests reject.
func testMedia() []transport.Media {
	return []transport.Media{
		{MID: "video-main", Kind: transport.Video, StreamID: "main", TrackID: "video-main", SSRC: 1000, RTXSSRC: 1001},
		{MID: "audio-main", Kind: transport.Audio, StreamID: "main", TrackID: "audio-main", SSRC: 1002, RED: true},
		{MID: "audio-floor", Kind: transport.Audio, StreamID: "floor", TrackID: "audio-floor", SSRC: 1004},
	}
}

func newFactory(tb testing.TB, cfg Config, addr string) *Factory {
	tb.Helper()
	bind := netip.MustParseAddr(addr)
	port, err := udpio.Listen(udpio.Config{Addr: netip.AddrPortFrom(bind, 0)})
	if err != nil {
		tb.Skipf("no port on %s: %v", addr, err)
	}
	tb.Cleanup(func() { _ = port.Close() })
	cfg.Port, cfg.Addrs = port, func() []netip.Addr { return []netip.Addr{bind} }
	if cfg.Certificate, err = selfsign.GenerateSelfSigned(); err != nil {
		tb.Fatal(err)
	}
	f, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = f.Close() })
	return f
}

// viewer is a connection with what its callbacks said.
type viewer struct {
	transport.Conn
	states chan transport.State
	rtcp   chan []rtcp.Packet
}

func newViewer(tb testing.TB, f transport.Factory) *viewer {
	tb.Helper()
	v := &viewer{states: make(chan transport.State, 8), rtcp: make(chan []rtcp.Packet, 1024)}
	c, err := f.New(transport.Params{
		CNAME: "stage", Media: testMedia(),
		OnState: func(s transport.State) { v.states <- s },
		OnRTCP: func(b []byte) {
			packets, err := rtcp.Unmarshal(append([]byte(nil), b...))
			if err != nil {
				tb.Errorf("RTCP %x: %v", b, err)
			}
			select {
			case v.rtcp <- packets:
			default:
			}
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	v.Conn = c
	tb.Cleanup(func() { _ = c.Close() })
	return v
}

func (v *viewer) wait(tb testing.TB, want transport.State) {
	tb.Helper()
	select {
	case got := <-v.states:
		if got != want {
			tb.Fatalf("state %v, want %v", got, want)
		}
	case <-time.After(deadline):
		tb.Fatalf("state %v never came", want)
	}
}

// client is a stock PeerConnection that receives.
type client struct {
	*webrtc.PeerConnection
	packets chan *rtp.Packet
}

func newClient(tb testing.TB, settings webrtc.SettingEngine) *client {
	tb.Helper()
	return newClientWith(tb, settings, true)
}

// newClientWith makes a client that sends no RTCP of its own unless it has interceptors.
func newClientWith(tb testing.TB, settings webrtc.SettingEngine, withInterceptors bool) *client {
	tb.Helper()
	var media webrtc.MediaEngine
	if err := media.RegisterDefaultCodecs(); err != nil {
		tb.Fatal(err)
	}
	var interceptors interceptor.Registry
	if withInterceptors {
		if err := webrtc.RegisterDefaultInterceptors(&media, &interceptors); err != nil {
			tb.Fatal(err)
		}
	}
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	api := webrtc.NewAPI(
		webrtc.WithMediaEngine(&media), webrtc.WithInterceptorRegistry(&interceptors), webrtc.WithSettingEngine(settings))
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		tb.Fatal(err)
	}
	c := &client{PeerConnection: pc, packets: make(chan *rtp.Packet, 4096)}
	tb.Cleanup(func() { _ = pc.GracefulClose() })
	pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			p, _, err := track.ReadRTP()
			if err != nil {
				return
			}
			select {
			case c.packets <- p:
			default:
			}
		}
	})
	return c
}

// answer gives the client's answer to an offer, complete with candidates.
func (c *client) answer(tb testing.TB, offer string) string {
	tb.Helper()
	if err := c.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		tb.Fatal(err)
	}
	for _, tr := range c.GetTransceivers() {
		if tr.Mid() == "audio-floor" {
			_ = tr.Stop()
		}
	}
	answer, err := c.CreateAnswer(nil)
	if err != nil {
		tb.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(c.PeerConnection)
	if err := c.SetLocalDescription(answer); err != nil {
		tb.Fatal(err)
	}
	<-gathered
	return c.LocalDescription().SDP
}

func connect(tb testing.TB, v *viewer, c *client) []transport.Accepted {
	tb.Helper()
	accepted, err := v.Answer(c.answer(tb, v.Offer()))
	if err != nil {
		tb.Fatal(err)
	}
	v.wait(tb, transport.Connected)
	return accepted
}

// header is an RTP header with abs-send-time, as legs write it.
func header(ssrc uint32, payloadType byte, seq uint16) []byte {
	h := make([]byte, 20)
	h[0], h[1] = 0x90, payloadType
	binary.BigEndian.PutUint16(h[2:], seq)
	binary.BigEndian.PutUint32(h[4:], uint32(seq)*3000)
	binary.BigEndian.PutUint32(h[8:], ssrc)
	binary.BigEndian.PutUint32(h[12:], 0xbede0001)
	h[16] = codec.ExtAbsSendTime<<4 | 2
	return h
}

func vp8Payload(n int) []byte {
	p := make([]byte, n)
	p[0] = 0x10
	return p
}

// TestStockClient connects a stock Pion client with each SRTP profile and both families: what is sealed arrives, its
// reports come back, its goodbye is heard.
func TestStockClient(t *testing.T) {
	for _, tt := range []struct {
		name, addr string
		profiles   []dtls.SRTPProtectionProfile
	}{
		{"default profiles", "127.0.0.1", nil},
		{"AES-128-GCM", "127.0.0.1", []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_128_GCM}},
		{"AES-256-GCM", "127.0.0.1", []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_256_GCM}},
		{"AES-CM", "127.0.0.1", []dtls.SRTPProtectionProfile{dtls.SRTP_AES128_CM_HMAC_SHA1_80}},
		{"IPv6", "::1", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFactory(t, Config{Workers: 2}, tt.addr)
			v := newViewer(t, f)
			var settings webrtc.SettingEngine
			if tt.profiles != nil {
				settings.SetSRTPProtectionProfiles(tt.profiles...)
			}
			c := newClient(t, settings)
			accepted := connect(t, v, c)
			want := []transport.Accepted{{Active: true, RTX: true}, {Active: true, RED: accepted[1].RED}, {}}
			for i := range want {
				if accepted[i] != want[i] {
					t.Errorf("m-line %d accepted %+v, want %+v", i, accepted[i], want[i])
				}
			}
			batch := f.cfg.Port.NewBatch(0)
			payload := vp8Payload(1000)
			until := time.Now().Add(deadline)
			heard := false
			for seq := uint16(65500); !heard; seq++ { // across the roll-over
				if time.Now().After(until) {
					t.Fatal("no receiver report came back")
				}
				for _, err := range []error{
					v.WriteRTP(batch, header(1000, codec.PayloadVP8, seq), payload),
					v.WriteRTP(batch, header(1002, codec.PayloadOpus, seq), payload[:80]),
					batch.Flush(),
				} {
					if err != nil {
						t.Fatal(err)
					}
				}
				if seq%20 == 0 {
					sr, err := (&rtcp.SenderReport{SSRC: 1000, PacketCount: uint32(seq)}).Marshal()
					if err != nil {
						t.Fatal(err)
					}
					if err := v.WriteRTCP(sr); err != nil {
						t.Fatal(err)
					}
				}
				select {
				case packets := <-v.rtcp:
					heard = reports(packets, 1000)
				case <-time.After(10 * time.Millisecond):
				}
			}
			ssrcs := map[uint32]int{}
			for len(c.packets) > 0 {
				p := <-c.packets
				ssrcs[p.SSRC] += len(p.Payload)
				if x := p.GetExtension(codec.ExtAbsSendTime); len(x) != 3 {
					t.Fatalf("packet %v has no abs-send-time", p)
				}
			}
			if ssrcs[1000] == 0 || ssrcs[1002] == 0 {
				t.Errorf("bytes received by SSRC: %v", ssrcs)
			}
			if n := f.Stats(); n[DropBadRTCP] != 0 || n[DropBadSTUN] != 0 {
				t.Errorf("drops %v", n)
			}
		})
	}
}

// reports tells whether a receiver report on ssrc is among the packets, and that it has lost nothing.
func reports(packets []rtcp.Packet, ssrc uint32) bool {
	for _, p := range packets {
		if rr, ok := p.(*rtcp.ReceiverReport); ok {
			for _, r := range rr.Reports {
				if r.SSRC == ssrc && r.TotalLost == 0 && r.LastSequenceNumber > 1<<16 {
					return true
				}
			}
		}
	}
	return false
}

// TestFloodingPeerLosesItsOwn: one connection cannot fill the queue that it shares with others.
func TestFloodingPeerLosesItsOwn(t *testing.T) {
	f := newFactory(t, Config{}, "127.0.0.1")
	w := newWorker(f) // which nobody runs
	flooder, other := &conn{factory: f, worker: w}, &conn{factory: f, worker: w}
	for range 3 * connQueue {
		w.push(flooder, &datagram{data: []byte{0}})
	}
	w.push(other, &datagram{data: []byte{0}})
	if n := f.Stats()[DropQueue]; n != 2*connQueue || len(w.queue) != connQueue+1 {
		t.Errorf("%d dropped, %d queued", n, len(w.queue))
	}
	for len(w.queue) > 0 {
		w.done(<-w.queue)
	}
	if flooder.queued.Load() != 0 || other.queued.Load() != 0 {
		t.Error("the count is not of what is queued")
	}
}

func TestOfferIsStable(t *testing.T) {
	f := newFactory(t, Config{}, "127.0.0.1")
	a, b := newViewer(t, f), newViewer(t, f)
	if first := a.Offer(); a.Offer() != first || b.Offer() == first {
		t.Error("an offer must stay the same and differ from others")
	}
	for _, line := range strings.Split(strings.TrimSuffix(a.Offer(), "\r\n"), "\r\n") {
		if len(line) < 2 || line[1] != '=' || strings.Contains(line, "\n") {
			t.Errorf("bad line %q in\n%s", line, a.Offer())
		}
	}
}

// TestFastPeer: the handshake may begin before the answer has come through the signalling.
func TestFastPeer(t *testing.T) {
	f := newFactory(t, Config{}, "127.0.0.1")
	v, c := newViewer(t, f), newClient(t, webrtc.SettingEngine{})
	sdp := c.answer(t, v.Offer())
	inner := v.Conn.(*conn)
	poll(t, "an early handshake", func() bool {
		inner.mu.Lock()
		defer inner.mu.Unlock()
		return inner.pipe != nil
	})
	if _, err := v.Answer(sdp); err != nil {
		t.Fatal(err)
	}
	v.wait(t, transport.Connected)
	if _, err := v.Answer(sdp); !errors.Is(err, ErrAnswered) {
		t.Errorf("second answer: %v", err)
	}
}

func TestWrongFingerprintFails(t *testing.T) {
	f := newFactory(t, Config{}, "127.0.0.1")
	v, c := newViewer(t, f), newClient(t, webrtc.SettingEngine{})
	sdp := c.answer(t, v.Offer())
	const key = "a=fingerprint:sha-256 "
	i := strings.Index(sdp, key) + len(key)
	other := "00:11"
	if strings.HasPrefix(sdp[i:], other) {
		other = "11:00"
	}
	old := sdp[i : i+5]
	sdp = strings.ReplaceAll(sdp, key+old, key+other)
	if _, err := v.Answer(sdp); err != nil {
		t.Fatal(err)
	}
	v.wait(t, transport.Failed)
	if err := v.WriteRTP(f.cfg.Port.NewBatch(0), header(1000, 96, 1), nil); !errors.Is(err, ErrNotConnected) {
		t.Errorf("write after failure: %v", err)
	}
}

func TestWrongPasswordGetsNothing(t *testing.T) {
	f := newFactory(t, Config{}, "127.0.0.1")
	v, c := newViewer(t, f), newClient(t, webrtc.SettingEngine{})
	pwd := v.Conn.(*conn).pwd
	offer := strings.ReplaceAll(v.Offer(), pwd, strings.Repeat("x", len(pwd)))
	if _, err := v.Answer(c.answer(t, offer)); err != nil {
		t.Fatal(err)
	}
	poll(t, "refused requests", func() bool { return f.Stats()[DropBadSTUN] >= 3 })
	if v.Conn.(*conn).path.Load() != nil || len(v.states) > 0 {
		t.Error("a peer without the password got through")
	}
	if s := f.cfg.Port.Stats(); s.Packets != 0 {
		t.Errorf("%d packets sent", s.Packets)
	}
}

// TestGoodbye: before the association is let go, the peer's close is heard; without one, silence ends the connection.
func TestGoodbye(t *testing.T) {
	t.Run("close_notify", func(t *testing.T) {
		f := newFactory(t, Config{}, "127.0.0.1")
		v, c := newViewer(t, f), newClientWith(t, webrtc.SettingEngine{}, false)
		connect(t, v, c)
		poll(t, "the client", func() bool { return c.ConnectionState() == webrtc.PeerConnectionStateConnected })
		_ = c.GracefulClose()
		v.wait(t, transport.Closed)
	})
	t.Run("silence", func(t *testing.T) {
		f := newFactory(t, Config{Silence: 2 * time.Second}, "127.0.0.1")
		v, c := newViewer(t, f), newClient(t, webrtc.SettingEngine{})
		connect(t, v, c)
		f.cfg.Port.Claim(func([]byte, netip.AddrPort, netip.Addr) bool { return true }) // the line is cut
		v.wait(t, transport.Failed)
		if err := v.WriteRTCP(nil); !errors.Is(err, ErrNotConnected) {
			t.Errorf("write after expiry: %v", err)
		}
	})
	t.Run("server closes", func(t *testing.T) {
		f := newFactory(t, Config{}, "127.0.0.1")
		v, c := newViewer(t, f), newClient(t, webrtc.SettingEngine{})
		closed := make(chan struct{})
		c.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
			if s == webrtc.PeerConnectionStateClosed {
				close(closed)
			}
		})
		connect(t, v, c)
		if err := v.Close(); err != nil {
			t.Fatal(err)
		}
		if len(f.byUfrag)+len(f.byAddr)+len(f.workers[0].conns) != 0 {
			t.Error("a closed connection is still known")
		}
		select {
		case <-closed:
		case <-time.After(deadline):
			t.Error("the client was not told")
		}
		if len(v.states) > 0 {
			t.Errorf("state %v after Close", <-v.states)
		}
	})
}

// TestConnectedCostsNoGoroutine: once the peer has sent SRTCP, its handshake's goroutines are gone.
func TestConnectedCostsNoGoroutine(t *testing.T) {
	f := newFactory(t, Config{}, "127.0.0.1")
	v, c := newViewer(t, f), newClient(t, webrtc.SettingEngine{})
	connect(t, v, c)
	pli := []rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: 1000}}
	poll(t, "SRTCP", func() bool {
		_ = c.WriteRTCP(pli) // its own DTLS transport may take a moment more
		return len(v.rtcp) > 0
	})
	inner := v.Conn.(*conn)
	inner.mu.Lock()
	released := inner.released
	inner.mu.Unlock()
	select {
	case <-released:
	case <-time.After(deadline):
		t.Fatal("the handshake's goroutine is still there")
	}
	if err := v.WriteRTCP([]byte{0x80, 203, 0, 1, 0, 0, 3, 232}); err != nil {
		t.Errorf("the connection did not outlive its handshake: %v", err)
	}
}

// TestSharesThePort: a PeerConnection on the same port, behind a mux on what is unclaimed, as publishers are.
func TestSharesThePort(t *testing.T) {
	f := newFactory(t, Config{}, "127.0.0.1")
	var server webrtc.SettingEngine
	mux := ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: f.cfg.Port.Unclaimed()})
	defer mux.Close()
	server.SetICEUDPMux(mux)
	server.SetLite(true)
	server.SetIncludeLoopbackCandidate(true)
	server.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	pub, err := webrtc.NewAPI(webrtc.WithSettingEngine(server)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	defer pub.GracefulClose()
	connected := make(chan struct{})
	pub.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			close(connected)
		}
	})
	if _, err := pub.CreateDataChannel("x", nil); err != nil {
		t.Fatal(err)
	}
	offer, err := pub.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(pub)
	if err := pub.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	remote := newClient(t, webrtc.SettingEngine{})
	sdp := remote.answer(t, pub.LocalDescription().SDP)
	if err := pub.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}); err != nil {
		t.Fatal(err)
	}
	v, c := newViewer(t, f), newClient(t, webrtc.SettingEngine{})
	connect(t, v, c)
	select {
	case <-connected:
	case <-time.After(deadline):
		t.Fatal("the PeerConnection did not connect")
	}
}

func poll(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	for until := time.Now().Add(deadline); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			tb.Fatalf("waited in vain for %s", what)
		}
	}
}
