package loadtest

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// server is a stock Pion peer that offers, as the product's does.
type server struct{ *webrtc.PeerConnection }

func newServer(t *testing.T, lite bool) *server {
	t.Helper()
	var media webrtc.MediaEngine
	if err := media.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	for _, uri := range []string{extMID, extRID} {
		if err := media.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeVideo); err != nil {
			t.Fatal(err)
		}
	}
	var registry interceptor.Registry
	if err := webrtc.RegisterDefaultInterceptors(&media, &registry); err != nil {
		t.Fatal(err)
	}
	var settings webrtc.SettingEngine
	settings.SetLite(lite)
	settings.SetIncludeLoopbackCandidate(true)
	settings.DisableSRTPReplayProtection(true) // a packet sent again without RTX is to be seen
	settings.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(&media), webrtc.WithInterceptorRegistry(&registry), webrtc.WithSettingEngine(settings)).
		NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.GracefulClose() })
	return &server{PeerConnection: pc}
}

// offer returns the offer with these mids.
func (s *server) offer(t *testing.T, mids ...string) *offer {
	t.Helper()
	for i, tr := range s.GetTransceivers() {
		if err := tr.SetMid(mids[i]); err != nil {
			t.Fatal(err)
		}
	}
	desc, err := s.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(s.PeerConnection)
	if err := s.SetLocalDescription(desc); err != nil {
		t.Fatal(err)
	}
	<-gathered
	o, err := parseOffer(s.LocalDescription().SDP)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (s *server) accept(t *testing.T, answer string) {
	t.Helper()
	if err := s.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
}

func newTestCredentials(t *testing.T) *credentials {
	t.Helper()
	me, err := newCredentials()
	if err != nil {
		t.Fatal(err)
	}
	return me
}

// stage adds a picture and a sound to send.
func (s *server) stage(t *testing.T) (picture, sound *webrtc.TrackLocalStaticRTP, feedback <-chan rtcp.Packet) {
	t.Helper()
	packets := make(chan rtcp.Packet, 1000)
	add := func(mime, id string) *webrtc.TrackLocalStaticRTP {
		track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, id, "stage")
		if err != nil {
			t.Fatal(err)
		}
		tr, err := s.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for {
				got, _, err := tr.Sender().ReadRTCP()
				if err != nil {
					return
				}
				for _, p := range got {
					select {
					case packets <- p:
					default:
					}
				}
			}
		}()
		return track
	}
	return add(webrtc.MimeTypeVP8, "picture"), add(webrtc.MimeTypeOpus, "sound"), packets
}

// leaky loses packets between a peer and its receiver.
type leaky struct {
	receiver
	lose func(number uint16) bool
}

func (l leaky) onRTP(p *peer, sealed []byte, at time.Time) {
	if !l.lose(uint16(sealed[2])<<8 | uint16(sealed[3])) {
		l.receiver.onRTP(p, sealed, at)
	}
}

func TestViewerReceivesRepairsAndReports(t *testing.T) {
	for name, lite := range map[string]bool{"server is ICE-lite": true, "server is a full ICE agent": false} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, lite)
			picture, sound, feedback := s.stage(t)
			var seen sync.Map
			v, err := newViewer(s.offer(t, mainVideo, mainAudio), newTestCredentials(t), observer{
				firstFrame: func(time.Duration) { seen.Store("first frame", true) },
				latency:    func(time.Duration) { seen.Store("latency", true) },
				switched:   func(uint32, time.Time) { seen.Store("switch", true) },
			}, time.Now(), true)
			if err != nil {
				t.Fatal(err)
			}
			lost := map[uint16]bool{}
			v.peer.to = leaky{v, func(number uint16) bool {
				lose := number%7 == 3 && number > 1006 && number < 1060 && !lost[number]
				lost[number] = true
				return lose
			}}
			answer, err := v.peer.answer(nil)
			if err != nil {
				t.Fatal(err)
			}
			s.accept(t, answer)
			if err := v.peer.connect(t.Context(), netip.Addr{}); err != nil {
				t.Fatal(err)
			}
			defer v.peer.Close()
			eventually(t, "server connected", func() bool { return s.ConnectionState() == webrtc.PeerConnectionStateConnected })
			v.begin()
			v.await(mainVideo, sourceOf("host"))

			number := uint16(1000)
			frames := framesOf(referencePicture(false)[0], 10)
			for i, payloads := range frames {
				for j, payload := range payloads {
					header := rtp.Header{Version: 2, SequenceNumber: number, Timestamp: uint32(i) * 3600, Marker: j == len(payloads)-1}
					if err := picture.WriteRTP(&rtp.Packet{Header: header, Payload: payload}); err != nil {
						t.Fatal(err)
					}
					number++
				}
				packet := silence()
				stamp{sourceOf("host"), time.Now()}.put(packet)
				if i%2 == 1 { // two in one, as a server may make them
					packet = slices.Concat([]byte{packet[0] | 1}, packet[1:], packet[1:])
				}
				header := rtp.Header{Version: 2, SequenceNumber: uint16(i), Timestamp: uint32(i) * 960}
				if err := sound.WriteRTP(&rtp.Packet{Header: header, Payload: packet}); err != nil {
					t.Fatal(err)
				}
			}
			kinds := map[string]bool{}
			eventually(t, "all frames whole", func() bool {
				v.tick(time.Now())
				v.mu.Lock()
				defer v.mu.Unlock()
				return v.checked == int64(len(frames)+len(frames)*3/2)
			})
			eventually(t, "feedback of every kind", func() bool {
				v.tick(time.Now())
				for {
					select {
					case p := <-feedback:
						switch p := p.(type) {
						case *rtcp.ReceiverReport:
							kinds["report"] = kinds["report"] || len(p.Reports) > 0
						case *rtcp.TransportLayerNack:
							kinds["nack"] = true
						case *rtcp.ReceiverEstimatedMaximumBitrate:
							kinds["remb"] = kinds["remb"] || p.Bitrate > 0
						}
					default:
						// More has to arrive for an estimate.
						number++
						err := picture.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: number - 1, Timestamp: 36000},
							Payload: []byte{0, 1}})
						return err != nil || len(kinds) == 3
					}
				}
			})
			eventually(t, "all packets", func() bool {
				v.mu.Lock()
				defer v.mu.Unlock()
				return v.streams[0].seq.received == int64(number-1000) && v.streams[1].seq.received == 10
			})
			v.end()
			got := v.settle()
			if got.unsound != 0 || got.lost != 0 {
				t.Errorf("got %+v", got)
			}
			for _, what := range []string{"first frame", "latency", "switch"} {
				if _, ok := seen.Load(what); !ok {
					t.Errorf("%s was not told", what)
				}
			}
		})
	}
}

func TestConnectRefusesAnotherCertificate(t *testing.T) {
	s := newServer(t, true)
	s.stage(t)
	o := s.offer(t, mainVideo, mainAudio)
	o.fingerprint[0] ^= 1
	v, err := newViewer(o, newTestCredentials(t), observer{}, time.Now(), false)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := v.peer.answer(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.accept(t, answer)
	if err := v.peer.connect(t.Context(), netip.Addr{}); err == nil {
		t.Error("connected to a server with another certificate")
	}
}

func TestConnectGivesUp(t *testing.T) {
	s := newServer(t, true)
	s.stage(t)
	o := s.offer(t, mainVideo, mainAudio)
	o.pwd += "x"
	v, err := newViewer(o, newTestCredentials(t), observer{}, time.Now(), false)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := v.peer.connect(ctx, netip.Addr{}); !errors.Is(err, errNoPath) {
		t.Errorf("got %v", err)
	}
}

// received collects what a server takes from a sender, by RID.
type received struct {
	mu      sync.Mutex
	frames  map[string][]frame
	numbers map[uint16]int // of the RID in question, how often each came
	ssrc    map[string]uint32
	sound   int
	faults  []string
}

func (r *received) read(track *webrtc.TrackRemote) {
	var a assembler
	var count sequence
	for {
		p, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		r.mu.Lock()
		if track.Kind() == webrtc.RTPCodecTypeAudio {
			r.sound++
			if _, found, sound := readStamp(p.Payload); !found || !sound {
				r.faults = append(r.faults, "sound without stamp")
			}
			r.mu.Unlock()
			continue
		}
		r.ssrc[track.RID()] = uint32(track.SSRC())
		if track.RID() == "" || track.RID() == "h" {
			r.numbers[p.SequenceNumber]++
		}
		if number, _, what := count.put(p.SequenceNumber); what == fresh {
			if f, whole := a.push(number, p.Timestamp, p.Marker, p.Payload); whole {
				r.frames[track.RID()] = append(r.frames[track.RID()], f)
			}
		}
		r.mu.Unlock()
	}
}

func TestSenderSendsTheReferenceStage(t *testing.T) {
	for name, simulcast := range map[string]bool{"one rendition": false, "simulcast": true} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, true)
			got := &received{frames: map[string][]frame{}, numbers: map[uint16]int{}, ssrc: map[string]uint32{}}
			for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio} {
				_, err := s.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
				if err != nil {
					t.Fatal(err)
				}
			}
			var reading sync.WaitGroup
			s.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { reading.Go(func() { got.read(track) }) })
			o := s.offer(t, midCamera, midMicrophone)
			o.media[0].rids = []string{"l", "m", "h"}
			out, answer, err := newSender(o, newTestCredentials(t), "host", program{picture: referencePicture(simulcast)})
			if err != nil {
				t.Fatal(err)
			}
			s.accept(t, answer)
			if err := out.start(t.Context(), netip.Addr{}); err != nil {
				t.Fatal(err)
			}
			defer reading.Wait()
			defer s.GracefulClose()
			defer out.Close()

			rids := []string{""}
			if simulcast {
				rids = []string{"l", "m", "h"}
			}
			top := rids[len(rids)-1]
			frames := func(rid string) int {
				got.mu.Lock()
				defer got.mu.Unlock()
				return len(got.frames[rid])
			}
			for _, rid := range rids {
				eventually(t, "frames of "+rid, func() bool { return frames(rid) >= 5 })
			}
			// A keyframe comes when it is asked for, and a packet again that is.
			got.mu.Lock()
			ssrc, asked := got.ssrc[top], len(got.frames[top])
			var again uint16
			for again = range got.numbers {
				break
			}
			got.mu.Unlock()
			err = s.WriteRTCP([]rtcp.Packet{
				&rtcp.PictureLossIndication{MediaSSRC: ssrc},
				&rtcp.TransportLayerNack{MediaSSRC: ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers([]uint16{again})},
			})
			if err != nil {
				t.Fatal(err)
			}
			eventually(t, "a second keyframe", func() bool {
				got.mu.Lock()
				defer got.mu.Unlock()
				for _, f := range got.frames[top][asked:] {
					if f.keyframe {
						return true
					}
				}
				return false
			})
			eventually(t, "a packet again", func() bool {
				got.mu.Lock()
				defer got.mu.Unlock()
				return got.numbers[again] >= 2
			})
			got.mu.Lock()
			defer got.mu.Unlock()
			if got.sound == 0 || len(got.faults) > 0 {
				t.Errorf("%d packets of sound, %v", got.sound, got.faults)
			}
			for _, rid := range rids {
				for i, f := range got.frames[rid] {
					if _, found, sound := readStamp(f.data); !found || !sound {
						t.Errorf("rendition %q: frame %d did not arrive as it was sent", rid, i)
					}
				}
			}
			// Keyframes are two seconds apart: one that came much earlier was asked for.
			between := 0
			for _, f := range got.frames[top] {
				if f.keyframe && between >= int(keyframeEvery/frameInterval) {
					t.Errorf("%d frames passed before the keyframe that was asked for", between)
				}
				if f.keyframe {
					between = 0
				}
				between++
			}
		})
	}
}

func TestSenderRefusesWhatItIsNotAsked(t *testing.T) {
	s := newServer(t, true)
	s.stage(t)
	o := s.offer(t, mainVideo, mainAudio)
	if _, _, err := newSender(o, newTestCredentials(t), "host", program{picture: referencePicture(false)}); err == nil {
		t.Error("sends without being asked")
	}
}

func TestConnectLeavesAPreferredAddressThatIsDead(t *testing.T) {
	s := newServer(t, true)
	s.stage(t)
	o := s.offer(t, mainVideo, mainAudio)
	dead, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)}) // takes checks and answers none
	if err != nil {
		t.Skip("no second loopback address on this system:", err)
	}
	defer dead.Close()
	at := dead.LocalAddr().(*net.UDPAddr).AddrPort()
	o.candidates = append([]netip.AddrPort{netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 2}), at.Port())}, o.candidates...)
	v, err := newViewer(o, newTestCredentials(t), observer{}, time.Now(), false)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := v.peer.answer(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.accept(t, answer)
	if err := v.peer.connect(t.Context(), o.candidates[0].Addr()); err != nil {
		t.Fatal(err)
	}
	defer v.peer.Close()
	if v.peer.remote == o.candidates[0] {
		t.Error("connected to an address where nobody answers")
	}
}
