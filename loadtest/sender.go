package loadtest

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

const (
	midCamera     = "camera"
	midMicrophone = "microphone"
	// keptPackets is how many packets of a track can be sent again.
	keptPackets = 512
	// senderReports is the time between sender reports.
	senderReports = time.Second
)

// sender sends the reference stage, or a site's half of it, on a publisher connection.
type sender struct {
	peer   *peer
	tracks []*track
	stop   context.CancelFunc
	idle   sync.WaitGroup
	unsent atomic.Int64 // packets that the socket refused
}

// track is one outgoing RTP stream.
type track struct {
	ssrc       uint32
	payload    uint8
	clock      int64
	extensions []rtpExtension
	media      media
	video      bool
	wantKey    atomic.Bool
	due        time.Time // of the next frame; the pump's

	mu        sync.Mutex // of what follows: sent by the pump, sent again by the reader
	number    uint16
	timestamp uint32 // offset
	kept      [keptPackets]*rtp.Packet
	packets   uint32
	octets    uint32
	total     int64 // of packets, does not wrap
}

type rtpExtension struct {
	id    uint8
	value string
}

// program is what a site sends: the picture's renditions and the sound, or recordings of them.
type program struct {
	picture      []rendition
	video, audio *Recording // nil = synthetic
}

// newSender answers a publisher offer.
func newSender(o *offer, me *credentials, endpoint string, what program) (s *sender, answer string, err error) {
	s = &sender{stop: func() {}}
	s.peer = newPeer(o, me, s)
	source := sourceOf(endpoint)
	send := map[string]outgoing{}
	for i := range o.media {
		m := &o.media[i]
		if m.sendonly || m.payload == 0 {
			continue
		}
		switch m.mid {
		case midCamera:
			out := outgoing{}
			for _, r := range what.picture {
				t := newTrack(m, 90_000)
				t.media = newPicture(r, source)
				if what.video != nil {
					t.media = &playback{Recording: what.video, picture: true, source: source}
				}
				if r.rid != "" {
					if !slices.Contains(m.rids, r.rid) {
						return nil, "", errors.New("offer: no simulcast stream " + r.rid)
					}
					t.extend(m, extRID, r.rid)
					out.rids = append(out.rids, r.rid)
				}
				out.ssrc = t.ssrc
				s.tracks = append(s.tracks, t)
			}
			send[m.mid] = out
		case midMicrophone:
			t := newTrack(m, 48_000)
			t.media = sound{source}
			if what.audio != nil {
				t.media = &playback{Recording: what.audio}
			}
			s.tracks = append(s.tracks, t)
			send[m.mid] = outgoing{ssrc: t.ssrc}
		}
	}
	if len(send) < 2 {
		return nil, "", errors.New("offer: no camera or no microphone wanted")
	}
	answer, err = s.peer.answer(send)
	return s, answer, err
}

func newTrack(m *offeredMedia, clock int64) *track {
	t := &track{
		ssrc: rand.Uint32(), payload: m.payload, clock: clock, video: m.video,
		number: uint16(rand.IntN(1 << 15)), timestamp: rand.Uint32(), // the lower half: see the roll-over trap of RFC 3711 3.3.1
	}
	t.extend(m, extMID, m.mid)
	return t
}

func (t *track) extend(m *offeredMedia, uri, value string) {
	if id := m.extensions[uri]; id != 0 {
		t.extensions = append(t.extensions, rtpExtension{id, value})
	}
}

// start connects and sends until Close.
func (s *sender) start(ctx context.Context, prefer netip.Addr) error {
	if err := s.peer.connect(ctx, prefer); err != nil {
		return err
	}
	pumping, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.idle.Go(func() { s.pump(pumping) })
	return nil
}

// Close stops sending.
func (s *sender) Close() error {
	s.stop()
	s.idle.Wait()
	return s.peer.Close()
}

// pump sends each frame when it is due. After a pause of the machine it goes on from now.
func (s *sender) pump(ctx context.Context) {
	begin := time.Now()
	report := begin.Add(senderReports / 2)
	for _, t := range s.tracks {
		t.due = begin
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		now := time.Now()
		next := report
		for _, t := range s.tracks {
			if !now.Before(t.due) {
				payloads, lasts := t.media.next(now, t.wantKey.Swap(false))
				s.send(t, t.due.Sub(begin), payloads)
				t.due = following(t.due, now, lasts)
			}
			if t.due.Before(next) {
				next = t.due
			}
		}
		if !now.Before(report) {
			s.report(now, now.Sub(begin))
			report = following(report, now, senderReports)
		}
		s.peer.keepConsent(now)
		timer.Reset(time.Until(next))
	}
}

// following is the next time of a series, skipping what is long past.
func following(last, now time.Time, interval time.Duration) time.Time {
	next := last.Add(interval)
	if now.Sub(next) > 5*interval {
		return now.Add(interval)
	}
	return next
}

func (t *track) timestampAt(elapsed time.Duration) uint32 {
	return t.timestamp + uint32(int64(elapsed)*t.clock/int64(time.Second))
}

// send sends the packets of one frame.
func (s *sender) send(t *track, elapsed time.Duration, payloads [][]byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, payload := range payloads {
		p := &rtp.Packet{
			Header: rtp.Header{
				Version: 2, PayloadType: t.payload, SSRC: t.ssrc, SequenceNumber: t.number, Timestamp: t.timestampAt(elapsed),
				Marker: t.video && i == len(payloads)-1,
			},
			Payload: payload,
		}
		for _, e := range t.extensions {
			if err := p.SetExtension(e.id, []byte(e.value)); err != nil {
				s.unsent.Add(1)
			}
		}
		t.kept[t.number%keptPackets] = p
		t.number++
		t.packets++
		t.total++
		t.octets += uint32(len(payload))
		if err := s.peer.sendRTP(&p.Header, payload); err != nil {
			s.unsent.Add(1)
		}
	}
}

// report sends the sender reports.
func (s *sender) report(now time.Time, elapsed time.Duration) {
	var packets []rtcp.Packet
	for _, t := range s.tracks {
		t.mu.Lock()
		packets = append(packets, &rtcp.SenderReport{
			SSRC: t.ssrc, NTPTime: ntp(now), RTPTime: t.timestampAt(elapsed), PacketCount: t.packets, OctetCount: t.octets,
		}, rtcp.NewCNAMESourceDescription(t.ssrc, "loadtest"))
		t.mu.Unlock()
	}
	if err := s.peer.sendRTCP(packets); err != nil {
		s.unsent.Add(1)
	}
}

// ntp is the 64-bit timestamp of RFC 3550 4: seconds since 1900 and their 2^32th parts.
func ntp(t time.Time) uint64 {
	const since1900 = 2_208_988_800
	return uint64(t.Unix()+since1900)<<32 | uint64(t.Nanosecond())<<32/1_000_000_000
}

// onRTP implements receiver: nothing comes on a publisher connection.
func (s *sender) onRTP(*peer, []byte, time.Time) {}

// onRTCP implements receiver: it makes keyframes and sends again what was lost.
func (s *sender) onRTCP(_ *peer, packets []rtcp.Packet, _ time.Time) {
	for _, packet := range packets {
		switch p := packet.(type) {
		case *rtcp.PictureLossIndication:
			s.wantKeyframe(p.MediaSSRC)
		case *rtcp.FullIntraRequest:
			for _, f := range p.FIR {
				s.wantKeyframe(f.SSRC)
			}
		case *rtcp.TransportLayerNack:
			for _, t := range s.tracks {
				if t.ssrc == p.MediaSSRC {
					s.sendAgain(t, p.Nacks)
				}
			}
		}
	}
}

// sentOfPicture is how many packets of the picture have been sent, repairs not included.
func (s *sender) sentOfPicture() (n int64) {
	for _, t := range s.tracks {
		if t.video {
			t.mu.Lock()
			n += t.total
			t.mu.Unlock()
		}
	}
	return n
}

func (s *sender) wantKeyframe(ssrc uint32) {
	for _, t := range s.tracks {
		if t.ssrc == ssrc {
			t.wantKey.Store(true)
		}
	}
}

func (s *sender) sendAgain(t *track, pairs []rtcp.NackPair) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, pair := range pairs {
		for _, number := range pair.PacketList() {
			if p := t.kept[number%keptPackets]; p != nil && p.SequenceNumber == number {
				if err := s.peer.sendRTP(&p.Header, p.Payload); err != nil {
					s.unsent.Add(1)
				}
			}
		}
	}
}
