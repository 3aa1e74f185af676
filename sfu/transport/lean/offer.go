package lean

import (
	"encoding/binary"
	"io"
	"math"
	"net"
	"strings"
	"text/template"

	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/transport"
)

// offerText is the offer of every connection (RFC 8829 5.2.1): the m-lines of its Params in one BUNDLE. The server is
// always the DTLS server, or Chromium chooses a slower SRTP profile. All candidates are known, so none trickle.
const offerText = `v=0
o=- {{.SessionID}} 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE{{range .Media}} {{.MID}}{{end}}
a=ice-lite
a=msid-semantic: WMS *
{{range $i, $m := .Media -}}
{{$audio := eq $m.Kind "audio" -}}
m={{$m.Kind}} 9 UDP/TLS/RTP/SAVPF
{{- if $audio}} {{$.Opus}}{{if $m.RED}} {{$.RED}}{{end}}{{if $m.RTXSSRC}} {{$.OpusRTX}}{{end}}
{{- else}} {{$.VP8}}{{if $m.RTXSSRC}} {{$.RTX}}{{end}}{{end}}
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
{{if eq $i 0}}{{range $.Candidates}}{{.}}
{{end}}a=end-of-candidates
{{end -}}
a=ice-ufrag:{{$.Ufrag}}
a=ice-pwd:{{$.Pwd}}
a=fingerprint:sha-256 {{$.Fingerprint}}
a=setup:passive
a=mid:{{$m.MID}}
a=sendonly
a=rtcp-mux
a=rtcp-rsize
a=msid:{{$m.StreamID}} {{$m.TrackID}}
a=extmap:{{$.AbsSendTime}} {{$.AbsSendTimeURI}}
{{if $audio -}}
a=rtpmap:{{$.Opus}} opus/48000/2
a=fmtp:{{$.Opus}} {{$.OpusFmtp}}
{{if $m.RED -}}
a=rtpmap:{{$.RED}} red/48000/2
a=fmtp:{{$.RED}} {{$.REDFmtp}}
{{end -}}
{{if $m.RTXSSRC -}}
a=rtcp-fb:{{$.Opus}} nack
a=rtpmap:{{$.OpusRTX}} rtx/48000/2
a=fmtp:{{$.OpusRTX}} {{$.OpusRTXFmtp}}
a=ssrc-group:FID {{$m.SSRC}} {{$m.RTXSSRC}}
{{end -}}
{{else -}}
a=rtpmap:{{$.VP8}} VP8/90000
a=rtcp-fb:{{$.VP8}} goog-remb
a=rtcp-fb:{{$.VP8}} ccm fir
a=rtcp-fb:{{$.VP8}} nack
a=rtcp-fb:{{$.VP8}} nack pli
{{if $m.RTXSSRC -}}
a=rtpmap:{{$.RTX}} rtx/90000
a=fmtp:{{$.RTX}} {{$.RTXFmtp}}
a=ssrc-group:FID {{$m.SSRC}} {{$m.RTXSSRC}}
{{end -}}
{{end -}}
a=ssrc:{{$m.SSRC}} cname:{{$.CNAME}}
a=ssrc:{{$m.SSRC}} msid:{{$m.StreamID}} {{$m.TrackID}}
{{if $m.RTXSSRC -}}
a=ssrc:{{$m.RTXSSRC}} cname:{{$.CNAME}}
a=ssrc:{{$m.RTXSSRC}} msid:{{$m.StreamID}} {{$m.TrackID}}
{{end -}}
{{end -}}
`

// offerData fills the template.
type offerData struct {
	SessionID                    uint64
	CNAME                        string
	Media                        []transport.Media
	Candidates                   []string
	Ufrag, Pwd, Fingerprint      string
	Opus, RED, OpusRTX, VP8, RTX int
	OpusFmtp, REDFmtp            string
	RTXFmtp, OpusRTXFmtp         string
	AbsSendTime                  int
	AbsSendTimeURI               string
}

func offerTemplate() (*template.Template, error) {
	return template.New("offer").Parse(strings.ReplaceAll(offerText, "\n", "\r\n"))
}

func (f *Factory) renderOffer(w io.Writer, c *conn) error {
	// The session id is a function of the connection, so that every rendering is the same.
	id := binary.BigEndian.Uint64([]byte(c.ufrag)) & math.MaxInt64
	return f.offer.Execute(w, offerData{
		SessionID: id, CNAME: c.params.CNAME, Media: c.params.Media, Candidates: f.candidates(),
		Ufrag: c.ufrag, Pwd: c.pwd, Fingerprint: f.fingerprint,
		Opus: codec.PayloadOpus, RED: codec.PayloadRED, OpusRTX: codec.PayloadOpusRTX, VP8: codec.PayloadVP8, RTX: codec.PayloadRTX,
		OpusFmtp: codec.OpusFmtp, REDFmtp: codec.REDFmtp, RTXFmtp: codec.RTXFmtp, OpusRTXFmtp: codec.OpusRTXFmtp,
		AbsSendTime: codec.ExtAbsSendTime, AbsSendTimeURI: codec.URIAbsSendTime,
	})
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
