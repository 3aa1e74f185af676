package lean

import (
	"encoding/binary"
	"io"
	"math"
	"net"
	"net/netip"
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
{{- if $audio}} {{$.Opus}}{{if $m.RED}} {{$.RED}}{{end}}
{{- else}} {{$.VP8}}{{if $m.RTXSSRC}} {{$.RTX}}{{end}}{{end}}
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
{{if eq $i 0}}{{range $.Candidates}}a=candidate:{{.Foundation}} 1 {{.Transport}} {{.Priority}} {{.Addr}} {{.Port}} typ host{{if eq .Transport "tcp"}} tcptype passive{{end}}
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
	SessionID                  uint64
	CNAME                      string
	Media                      []transport.Media
	Candidates                 []candidate
	Ufrag, Pwd, Fingerprint    string
	Opus, RED, VP8, RTX        int
	OpusFmtp, REDFmtp, RTXFmtp string
	AbsSendTime                int
	AbsSendTimeURI             string
}

// candidate is a host candidate (RFC 8839 5.1, RFC 6544 4.5).
type candidate struct {
	Foundation int
	Transport  string
	Priority   uint32
	Addr       netip.Addr
	Port       uint16
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
		Opus: codec.PayloadOpus, RED: codec.PayloadRED, VP8: codec.PayloadVP8, RTX: codec.PayloadRTX,
		OpusFmtp: codec.OpusFmtp, REDFmtp: codec.REDFmtp, RTXFmtp: codec.RTXFmtp,
		AbsSendTime: codec.ExtAbsSendTime, AbsSendTimeURI: codec.URIAbsSendTime,
	})
}

// candidates are numbered by falling preference (RFC 8445 5.1.2), all of UDP before those of TCP.
func (f *Factory) candidates() []candidate {
	const hostPreference, component = 126, 1
	var list []candidate
	add := func(transport string, port uint16) {
		for _, a := range f.cfg.Addrs {
			n := len(list)
			list = append(list, candidate{
				Foundation: n + 1, Transport: transport, Addr: a.WithZone(""), Port: port,
				Priority: hostPreference<<24 | uint32(65535-n)<<8 | (256 - component),
			})
		}
	}
	add("udp", f.cfg.Port.LocalAddr().Port())
	if f.cfg.TCP != nil {
		if a, ok := f.cfg.TCP.Addr().(*net.TCPAddr); ok {
			add("tcp", uint16(a.Port))
		}
	}
	return list
}
