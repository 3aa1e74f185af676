// Package peertest is a viewer's transport made of a pion/webrtc PeerConnection without interceptors: for tests, which hold the lean
// transport against it and run it on virtual networks.
package peertest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/transport"
	"github.com/diemcau/diemcau/sfu/transport/peer"
	"github.com/diemcau/diemcau/sfu/udpio"
)

const receiveMTU = 1500

// Errors of a connection.
var (
	ErrAnswered = errors.New("peertest: already answered")
	ErrMissing  = errors.New("peertest: m-line of the offer is missing in the answer")
	ErrUnbound  = errors.New("peertest: no stream for this SSRC")
)

// conn is one viewer's PeerConnection.
type conn struct {
	params transport.Params
	pc     *webrtc.PeerConnection
	offer  string
	tracks []*track

	mu       sync.Mutex
	answered bool
	readers  sync.WaitGroup
	header   rtp.Header // WriteRTP's; one goroutine at a time
}

// New opens a connection and gathers its candidates.
func (f *Factory) New(p transport.Params) (transport.Conn, error) {
	pc, err := f.api.NewPeerConnection(webrtc.Configuration{Certificates: []webrtc.Certificate{f.cert}})
	if err != nil {
		return nil, err
	}
	c := &conn{params: p, pc: pc}
	if err := c.build(); err != nil {
		return nil, errors.Join(err, pc.Close())
	}
	return c, nil
}

func (c *conn) build() error {
	for _, m := range c.params.Media {
		t := &track{media: m}
		tr, err := c.pc.AddTransceiverFromTrack(t, webrtc.RTPTransceiverInit{
			Direction: webrtc.RTPTransceiverDirectionSendonly,
			SendEncodings: []webrtc.RTPEncodingParameters{
				{RTPCodingParameters: webrtc.RTPCodingParameters{SSRC: webrtc.SSRC(m.SSRC)}},
			},
		})
		if err != nil {
			return err
		}
		if err := tr.SetMid(m.MID); err != nil {
			return err
		}
		t.sender = tr.Sender()
		c.tracks = append(c.tracks, t)
	}
	c.pc.OnConnectionStateChange(c.onState)
	var err error
	if c.offer, err = peer.Gather(c.pc); err != nil {
		return err
	}
	// Pion draws the SSRC of RTX itself and sends nothing on it: the text gets the one that we send on.
	for _, t := range c.tracks {
		if rtx := t.sender.GetParameters().Encodings[0].RTX.SSRC; rtx != 0 {
			c.offer = strings.ReplaceAll(c.offer, fmt.Sprint(rtx), fmt.Sprint(t.media.RTXSSRC))
		}
	}
	return nil
}

func (c *conn) onState(state webrtc.PeerConnectionState) {
	if c.params.OnState == nil {
		return
	}
	switch state {
	case webrtc.PeerConnectionStateConnected:
		c.params.OnState(transport.Connected)
	case webrtc.PeerConnectionStateFailed:
		c.params.OnState(transport.Failed)
	case webrtc.PeerConnectionStateClosed:
		c.params.OnState(transport.Closed)
	case webrtc.PeerConnectionStateUnknown, webrtc.PeerConnectionStateNew, webrtc.PeerConnectionStateConnecting,
		webrtc.PeerConnectionStateDisconnected: // nothing that the page could act on
	}
}

func (c *conn) Offer() string { return c.offer }

func (c *conn) Answer(text string) ([]transport.Accepted, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answered {
		return nil, ErrAnswered
	}
	var answer sdp.SessionDescription
	if err := answer.UnmarshalString(text); err != nil {
		return nil, err
	}
	accepted, err := accept(&answer, c.params.Media)
	if err != nil {
		return nil, err
	}
	err = c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: text})
	if err != nil {
		return nil, err
	}
	c.answered = true
	for _, t := range c.tracks {
		c.readers.Go(func() { c.readRTCP(t) })
	}
	return accepted, nil
}

// accept finds out what the answer took of each m-line.
func accept(answer *sdp.SessionDescription, media []transport.Media) ([]transport.Accepted, error) {
	byMID := map[string]*sdp.MediaDescription{}
	for _, m := range answer.MediaDescriptions {
		if mid, ok := m.Attribute("mid"); ok {
			byMID[mid] = m
		}
	}
	accepted := make([]transport.Accepted, len(media))
	for i, m := range media {
		d := byMID[m.MID]
		if d == nil {
			return nil, fmt.Errorf("%w: %s", ErrMissing, m.MID)
		}
		_, recvonly := d.Attribute("recvonly")
		_, sendrecv := d.Attribute("sendrecv")
		accepted[i].Active = (recvonly || sendrecv) && d.MediaName.Port.Value != 0
		for _, format := range d.MediaName.Formats {
			accepted[i].RTX = accepted[i].RTX || m.RTXSSRC != 0 && format == fmt.Sprint(codec.PayloadRTX)
		}
	}
	return accepted, nil
}

func (c *conn) readRTCP(t *track) {
	buf := make([]byte, receiveMTU)
	for {
		n, _, err := t.sender.Read(buf)
		if err != nil {
			return
		}
		if c.params.OnRTCP != nil && c.concerns(buf[:n], t) {
			c.params.OnRTCP(buf[:n])
		}
	}
}

// concerns picks, for a compound that Pion hands to each stream it speaks of, the one that passes it on.
func (c *conn) concerns(compound []byte, t *track) bool {
	packets, err := rtcp.Unmarshal(compound)
	if err != nil {
		return false
	}
	for _, p := range packets {
		for _, ssrc := range p.DestinationSSRC() {
			for _, other := range c.tracks {
				if other.media.SSRC == ssrc {
					return other == t
				}
			}
		}
	}
	return false
}

// WriteRTP sends at once; there is nothing to batch.
func (c *conn) WriteRTP(_ *udpio.Batch, header, payload []byte) error {
	if _, err := c.header.Unmarshal(header); err != nil {
		return err
	}
	for _, t := range c.tracks {
		if t.media.SSRC != c.header.SSRC && (t.media.RTXSSRC == 0 || t.media.RTXSSRC != c.header.SSRC) {
			continue
		}
		if w := t.writer.Load(); w != nil {
			_, err := (*w).WriteRTP(&c.header, payload)
			return err
		}
	}
	return ErrUnbound
}

func (c *conn) WriteRTCP(compound []byte) error {
	raw := rtcp.RawPacket(compound)
	return c.pc.WriteRTCP([]rtcp.Packet{&raw})
}

func (c *conn) Close() error {
	err := c.pc.GracefulClose()
	c.readers.Wait()
	return err
}

// track is a TrackLocal that leaves SSRC, numbering and payload to its caller.
type track struct {
	media  transport.Media
	sender *webrtc.RTPSender
	writer atomic.Pointer[webrtc.TrackLocalWriter]
}

func (t *track) Bind(ctx webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	want := webrtc.MimeTypeVP8
	if t.media.Kind == transport.Audio {
		want = webrtc.MimeTypeOpus
	}
	for _, p := range ctx.CodecParameters() {
		if strings.EqualFold(p.MimeType, want) {
			w := ctx.WriteStream()
			t.writer.Store(&w)
			return p, nil
		}
	}
	return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
}

func (t *track) Unbind(webrtc.TrackLocalContext) error {
	t.writer.Store(nil)
	return nil
}

func (t *track) ID() string       { return t.media.TrackID }
func (t *track) RID() string      { return "" }
func (t *track) StreamID() string { return t.media.StreamID }

func (t *track) Kind() webrtc.RTPCodecType {
	if t.media.Kind == transport.Audio {
		return webrtc.RTPCodecTypeAudio
	}
	return webrtc.RTPCodecTypeVideo
}
