package main

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/cc"
	"github.com/pion/interceptor/pkg/gcc"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/transport/peer"
)

const (
	payloadSize = 1000
	soundSize   = 80
	soundEvery  = 20 * time.Millisecond
	frame       = 40 * time.Millisecond
	// What the estimator begins with and may say, in bit/s.
	initialRate, leastRate, mostRate = 800_000, 30_000, 20_000_000
)

// sender sends one browser pictures and sound at a steady pace. Its run goroutine owns everything below tasks.
type sender struct {
	pc     *webrtc.PeerConnection
	video  *webrtc.TrackLocalStaticRTP
	audio  *webrtc.TrackLocalStaticRTP
	twcc   bool
	events chan<- event
	tasks  chan func()
	done   chan struct{}
	wait   sync.WaitGroup

	packets, repeats atomic.Int64 // of pictures, on the wire

	rate    int // bit/s of pictures
	began   time.Time
	seq     uint16
	picture uint16
	skipped []*rtp.Packet
	counts  counts
}

func newSender(twcc, responder bool, events chan<- event) (*sender, error) {
	s := &sender{twcc: twcc, events: events, tasks: make(chan func()), done: make(chan struct{}), began: time.Now()}
	api, err := s.api(responder)
	if err != nil {
		return nil, err
	}
	if s.pc, err = api.NewPeerConnection(webrtc.Configuration{}); err != nil {
		return nil, err
	}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.pc.Close())
	}
	return s, nil
}

// api has the settings of a viewer connection, and the one kind of feedback.
func (s *sender) api(responder bool) (*webrtc.API, error) {
	settings, err := peer.Config{Loopback: true, Logger: slog.New(slog.DiscardHandler)}.SettingEngine()
	if err != nil {
		return nil, err
	}
	kind, uri := "goog-remb", codec.URIAbsSendTime
	if s.twcc {
		kind, uri = "transport-cc", codec.URITWCC
	}
	var media webrtc.MediaEngine
	vp8 := peer.VP8(webrtc.RTCPFeedback{Type: kind}, webrtc.RTCPFeedback{Type: "nack"}, webrtc.RTCPFeedback{Type: "nack", Parameter: "pli"})
	opus := peer.Opus()
	if s.twcc {
		opus.RTCPFeedback = []webrtc.RTCPFeedback{{Type: kind}}
	}
	err = errors.Join(
		media.RegisterCodec(vp8, webrtc.RTPCodecTypeVideo), media.RegisterCodec(opus, webrtc.RTPCodecTypeAudio),
		media.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeVideo),
		media.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeAudio))
	if err != nil {
		return nil, err
	}
	registry, err := s.interceptors(&media, responder)
	if err != nil {
		return nil, err
	}
	return webrtc.NewAPI(webrtc.WithSettingEngine(settings), webrtc.WithMediaEngine(&media), webrtc.WithInterceptorRegistry(registry)), nil
}

func (s *sender) interceptors(media *webrtc.MediaEngine, responder bool) (*interceptor.Registry, error) {
	var registry interceptor.Registry
	if s.twcc {
		congestion, err := cc.NewInterceptor(func() (cc.BandwidthEstimator, error) {
			return gcc.NewSendSideBWE(gcc.SendSideBWEPacer(gcc.NewNoOpPacer()), gcc.SendSideBWEInitialBitrate(initialRate),
				gcc.SendSideBWEMinBitrate(leastRate), gcc.SendSideBWEMaxBitrate(mostRate))
		})
		if err != nil {
			return nil, err
		}
		congestion.OnNewPeerConnection(func(_ string, e cc.BandwidthEstimator) { e.OnTargetBitrateChange(s.estimated) })
		registry.Add(congestion)
		if err := webrtc.ConfigureTWCCHeaderExtensionSender(media, &registry); err != nil {
			return nil, err
		}
	}
	registry.Add(wireCounter{s})
	if responder {
		f, err := nack.NewResponderInterceptor()
		if err != nil {
			return nil, err
		}
		registry.Add(f)
	}
	reports, err := report.NewSenderInterceptor()
	if err != nil {
		return nil, err
	}
	registry.Add(reports)
	return &registry, nil
}

func (s *sender) open() (err error) {
	s.video, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "v", "s")
	if err != nil {
		return err
	}
	s.audio, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "a", "s")
	if err != nil {
		return err
	}
	for _, track := range []webrtc.TrackLocal{s.video, s.audio} {
		tr, err := s.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			return err
		}
		s.wait.Go(func() { s.read(tr.Sender(), track == webrtc.TrackLocal(s.video)) })
	}
	s.pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			s.wait.Go(s.run)
			s.events <- event{Connected: true}
		}
	})
	_, err = peer.Gather(s.pc)
	return err
}

func (s *sender) Close() error {
	close(s.done)
	err := s.pc.GracefulClose()
	s.wait.Wait()
	return err
}

// do runs a task on the sender's goroutine, unless it has ended.
func (s *sender) do(task func()) {
	select {
	case s.tasks <- task:
	case <-s.done:
	}
}

func (s *sender) report() {
	c := s.counts
	c.Packets, c.Repeats = int(s.packets.Load()), int(s.repeats.Load())
	s.events <- event{Sent: &c}
}

func (s *sender) estimated(bitrate int) {
	s.events <- event{AtMs: time.Now().UnixMilli(), Estimate: float64(bitrate) / 1000}
}

// read takes what the browser says. A compound that concerns pictures and sound comes to both readers: the first
// counts it.
func (s *sender) read(from *webrtc.RTPSender, counting bool) {
	buf := make([]byte, 1500)
	for {
		n, _, err := from.Read(buf)
		if err != nil {
			return
		}
		packets, err := rtcp.Unmarshal(buf[:n])
		if err != nil || !counting {
			continue
		}
		estimates, size := 0, 0
		for _, p := range packets {
			switch p := p.(type) {
			case *rtcp.ReceiverEstimatedMaximumBitrate:
				estimates, size = estimates+1, size+p.MarshalSize()
				if !s.twcc {
					s.estimated(int(p.Bitrate))
				}
			case *rtcp.TransportLayerCC:
				estimates, size = estimates+1, size+p.MarshalSize()
			}
		}
		s.do(func() {
			s.counts.Reports++
			s.counts.ReportBytes += n
			s.counts.Estimates += estimates
			s.counts.EstimateBytes += size
		})
	}
}

// run sends until the end: sound every 20 ms, a packet of a picture whenever its rate allows the next.
func (s *sender) run() {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	sound := time.Since(s.began)
	last := sound
	var owed float64 // bits
	for {
		select {
		case <-s.done:
			return
		case task := <-s.tasks:
			task()
			continue
		case <-tick.C:
		}
		now := time.Since(s.began)
		for ; sound <= now; sound += soundEvery {
			s.counts.Sound++
			s.send(s.audio, &rtp.Packet{
				Header: rtp.Header{
					Version: 2, PayloadType: codec.PayloadOpus, SequenceNumber: uint16(s.counts.Sound),
					Timestamp: uint32(sound * codec.OpusClock / time.Second),
				},
				Payload: make([]byte, soundSize),
			})
		}
		owed = min(owed+float64(s.rate)*(now-last).Seconds(), 10*8*payloadSize)
		last = now
		for owed >= 8*payloadSize {
			owed -= 8 * payloadSize
			s.send(s.video, s.nextPicture())
		}
	}
}

// nextPicture makes a part of a picture that no decoder would take: what is measured is the line.
func (s *sender) nextPicture() *rtp.Packet {
	n := uint16(time.Since(s.began) / frame)
	payload := make([]byte, payloadSize)
	payload[0], payload[1], payload[2], payload[3] = 0x80, 0x80, 0x80|byte(n>>8), byte(n)
	if n != s.picture {
		payload[0] |= 0x10 // the first of a partition
		s.picture = n
	}
	s.seq++
	s.counts.Numbers++
	return &rtp.Packet{
		Header: rtp.Header{
			Version: 2, PayloadType: codec.PayloadVP8, SequenceNumber: s.seq,
			Timestamp: uint32(n) * uint32(codec.VideoClock*frame/time.Second),
		},
		Payload: payload,
	}
}

func (s *sender) skip(n int) {
	for range n {
		s.skipped = append(s.skipped, s.nextPicture())
	}
}

func (s *sender) late() {
	for _, p := range s.skipped {
		s.send(s.video, p)
	}
	s.skipped = nil
}

func (s *sender) send(track *webrtc.TrackLocalStaticRTP, p *rtp.Packet) {
	if !s.twcc {
		stamp, err := rtp.NewAbsSendTimeExtension(time.Now()).Marshal()
		if err == nil {
			err = p.SetExtension(1, stamp)
		}
		if err != nil {
			return
		}
	}
	_ = track.WriteRTP(p) // it fails when the browser is gone, which Close will tell
}

// wireCounter counts what goes out on the pictures' SSRC, below whatever repeats packets.
type wireCounter struct{ s *sender }

func (f wireCounter) NewInterceptor(string) (interceptor.Interceptor, error) {
	return &counting{s: f.s}, nil
}

type counting struct {
	interceptor.NoOp

	s *sender
}

func (c *counting) BindLocalStream(info *interceptor.StreamInfo, next interceptor.RTPWriter) interceptor.RTPWriter {
	if info.MimeType != webrtc.MimeTypeVP8 {
		return next
	}
	var newest uint16
	var mu sync.Mutex
	return interceptor.RTPWriterFunc(func(h *rtp.Header, payload []byte, a interceptor.Attributes) (int, error) {
		mu.Lock()
		repeat := newest != 0 && int16(h.SequenceNumber-newest) <= 0
		if repeat {
			c.s.repeats.Add(1)
		} else {
			newest = h.SequenceNumber
			c.s.packets.Add(1)
		}
		mu.Unlock()
		return next.Write(h, payload, a)
	})
}
