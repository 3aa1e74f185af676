package lean

import (
	"encoding/binary"
	"math"
	"net"
	"strconv"

	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/transport"
)

// offer is written line by line: a template costs more than all else of a join but its handshake.
type offer struct{ text []byte }

// line writes strings and numbers one after another, and ends the line.
func (o *offer) line(parts ...any) {
	for _, part := range parts {
		switch part := part.(type) {
		case string:
			o.text = append(o.text, part...)
		case transport.Kind:
			o.text = append(o.text, part...)
		case int:
			o.text = strconv.AppendInt(o.text, int64(part), 10)
		case uint32:
			o.text = strconv.AppendUint(o.text, uint64(part), 10)
		case uint64:
			o.text = strconv.AppendUint(o.text, part, 10)
		}
	}
	o.text = append(o.text, "\r\n"...)
}

// renderOffer is the offer of a connection (RFC 8829 5.2.1): the m-lines of its Params in one BUNDLE. The server is always the
// DTLS server, or Chromium chooses a slower SRTP profile. All candidates are known, so none trickle.
func (f *Factory) renderOffer(c *conn) string {
	o := offer{make([]byte, 0, 1024*(1+len(c.params.Media)))}
	// The session id is a function of the connection, so that every rendering is the same.
	id := binary.BigEndian.Uint64([]byte(c.ufrag)) & math.MaxInt64
	o.line("v=0")
	o.line("o=- ", id, " 2 IN IP4 127.0.0.1")
	o.line("s=-")
	o.line("t=0 0")
	o.text = append(o.text, "a=group:BUNDLE"...)
	for _, m := range c.params.Media {
		o.text = append(append(o.text, ' '), m.MID...)
	}
	o.line()
	o.line("a=ice-lite")
	o.line("a=msid-semantic: WMS *")
	for i, m := range c.params.Media {
		o.media(m)
		if i == 0 {
			for _, candidate := range f.candidates() {
				o.line(candidate)
			}
			o.line("a=end-of-candidates")
		}
		o.line("a=ice-ufrag:", c.ufrag)
		o.line("a=ice-pwd:", c.pwd)
		o.line("a=fingerprint:sha-256 ", f.fingerprint)
		o.line("a=setup:passive")
		o.line("a=mid:", m.MID)
		o.line("a=sendonly")
		o.line("a=rtcp-mux")
		o.line("a=rtcp-rsize")
		o.line("a=msid:", m.StreamID, " ", m.TrackID)
		o.line("a=extmap:", codec.ExtAbsSendTime, " ", codec.URIAbsSendTime)
		o.codecs(m)
		o.line("a=ssrc:", m.SSRC, " cname:", c.params.CNAME)
		o.line("a=ssrc:", m.SSRC, " msid:", m.StreamID, " ", m.TrackID)
		if m.RTXSSRC != 0 {
			o.line("a=ssrc:", m.RTXSSRC, " cname:", c.params.CNAME)
			o.line("a=ssrc:", m.RTXSSRC, " msid:", m.StreamID, " ", m.TrackID)
		}
	}
	return string(o.text)
}

// media begins an m-line.
func (o *offer) media(m transport.Media) {
	formats := []any{"m=", m.Kind, " 9 UDP/TLS/RTP/SAVPF "}
	if m.Kind == transport.Audio {
		formats = append(formats, codec.PayloadOpus)
		if m.RED {
			formats = append(formats, " ", codec.PayloadRED)
		}
		if m.RTXSSRC != 0 {
			formats = append(formats, " ", codec.PayloadOpusRTX)
		}
	} else {
		formats = append(formats, codec.PayloadVP8)
		if m.RTXSSRC != 0 {
			formats = append(formats, " ", codec.PayloadRTX)
		}
	}
	o.line(formats...)
	o.line("c=IN IP4 0.0.0.0")
	o.line("a=rtcp:9 IN IP4 0.0.0.0")
}

// codecs describes the formats of an m-line.
func (o *offer) codecs(m transport.Media) {
	rtx, fmtp, clock := codec.PayloadRTX, codec.RTXFmtp, "90000"
	if m.Kind == transport.Audio {
		rtx, fmtp, clock = codec.PayloadOpusRTX, codec.OpusRTXFmtp, "48000/2"
		o.line("a=rtpmap:", codec.PayloadOpus, " opus/48000/2")
		o.line("a=fmtp:", codec.PayloadOpus, " ", codec.OpusFmtp)
		if m.RED {
			o.line("a=rtpmap:", codec.PayloadRED, " red/48000/2")
			o.line("a=fmtp:", codec.PayloadRED, " ", codec.REDFmtp)
		}
		if m.RTXSSRC != 0 {
			o.line("a=rtcp-fb:", codec.PayloadOpus, " nack")
		}
	} else {
		o.line("a=rtpmap:", codec.PayloadVP8, " VP8/90000")
		for _, feedback := range []string{"goog-remb", "ccm fir", "nack", "nack pli"} {
			o.line("a=rtcp-fb:", codec.PayloadVP8, " ", feedback)
		}
	}
	if m.RTXSSRC != 0 {
		o.line("a=rtpmap:", rtx, " rtx/", clock)
		o.line("a=fmtp:", rtx, " ", fmtp)
		o.line("a=ssrc-group:FID ", m.SSRC, " ", m.RTXSSRC)
	}
}

func (f *Factory) candidates() []string {
	var tcp uint16
	if f.cfg.TCP != nil {
		if a, ok := f.cfg.TCP.Addr().(*net.TCPAddr); ok {
			tcp = uint16(a.Port)
		}
	}
	return transport.Candidates(f.cfg.Addrs(), f.cfg.Port.LocalAddr().Port(), tcp)
}
