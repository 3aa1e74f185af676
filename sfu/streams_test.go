package sfu

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/transport"
)

// loose is a track of a client that writes on any SSRC.
type loose struct {
	*webrtc.TrackLocalStaticRTP
	writer atomic.Pointer[webrtc.TrackLocalWriter]
}

func (l *loose) Bind(ctx webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	w := ctx.WriteStream()
	l.writer.Store(&w)
	return ctx.CodecParameters()[0], nil
}

func (l *loose) Unbind(webrtc.TrackLocalContext) error { return nil }

// TestUndeclaredStreams: a publisher that sends on ever more SSRCs is ended, and others go on.
func TestUndeclaredStreams(t *testing.T) {
	n := newNode(t, nil)
	s := n.Stage("s")
	if err := s.Feed(main, "honest", SourceCamera); err != nil {
		t.Fatal(err)
	}
	publish(t, s, "honest", markA, nil)
	w := watch(t, s, ViewerParams{ID: "v", Owner: "v"}, nil)
	failed := make(chan struct{})
	p, err := s.OpenPublisher(PublisherParams{ID: "greedy", Owner: "greedy", OnState: func(state State) {
		if state == Failed {
			close(failed)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	pc := newPC(t, nil)
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "v", "v")
	if err != nil {
		t.Fatal(err)
	}
	l := &loose{TrackLocalStaticRTP: track}
	offer := simulcastLines.ReplaceAllString(p.Offer(), "")
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		t.Fatal(err)
	}
	if _, err := pc.AddTrack(l); err != nil {
		t.Fatal(err)
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
	if err := p.Answer(pc.LocalDescription().SDP); err != nil {
		t.Fatal(err)
	}
	ssrc := uint32(1000)
	eventually(t, "the greedy one is ended", func() bool {
		if w := l.writer.Load(); w != nil {
			for range 20 {
				ssrc++
				_, _ = (*w).WriteRTP(&rtp.Header{Version: 2, SSRC: ssrc, PayloadType: codec.PayloadVP8}, []byte{0x10, 0, 0})
			}
		}
		select {
		case <-failed:
			return true
		default:
			return false
		}
	})
	if n := n.drops.Of(DropStreams); n == 0 {
		t.Error("it is not counted")
	}
	seen := len(w.got(main))
	eventually(t, "the honest one goes on", func() bool { return len(w.got(main)) > seen+50 })
	p.Close()
}

// TestLongAnswers: what is longer than an answer can be is refused, and candidates are not read.
func TestLongAnswers(t *testing.T) {
	s := newNode(t, nil).Stage("s")
	const candidate = "a=candidate:1 1 udp 2130706431 192.0.2.1 9 typ host\r\n"
	v, err := s.OpenViewer(ViewerParams{Slots: StageSlots})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.OpenPublisher(PublisherParams{})
	if err != nil {
		t.Fatal(err)
	}
	for name, answer := range map[string]func(string) error{"viewer": v.Answer, "publisher": p.Answer} {
		for _, sdp := range []string{strings.Repeat(candidate, 14000), strings.Repeat("a=x\r\n", 10000)} {
			if err := answer(sdp); !errors.Is(err, transport.ErrAnswer) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if err := p.Answer(strings.Repeat("m=audio 9 x 1\r\n", 5)); !errors.Is(err, transport.ErrAnswer) {
		t.Errorf("five m-lines: %v", err)
	}
	pc := newPC(t, nil)
	sdp := answer(t, pc, simulcastLines.ReplaceAllString(p.Offer(), ""))
	if !strings.Contains(sdp, "a=candidate") {
		t.Fatal("no candidates to begin with")
	}
	if err := p.Answer(sdp); err != nil {
		t.Fatal(err)
	}
	if got := p.pc.RemoteDescription().SDP; strings.Contains(got, "a=candidate") {
		t.Errorf("candidates were read:\n%s", got)
	}
	v.Close()
	p.Close()
}
