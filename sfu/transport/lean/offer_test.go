package lean

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"text/template"

	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/transport"
)

// offerText is how an offer is meant to be read.
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

func renderTemplate(w io.Writer, text *template.Template, c *conn) error {
	f := c.factory
	return text.Execute(w, offerData{
		SessionID: binary.BigEndian.Uint64([]byte(c.ufrag)) & math.MaxInt64, CNAME: c.params.CNAME, Media: c.params.Media, Candidates: f.candidates(),
		Ufrag: c.ufrag, Pwd: c.pwd, Fingerprint: f.fingerprint,
		Opus: codec.PayloadOpus, RED: codec.PayloadRED, OpusRTX: codec.PayloadOpusRTX, VP8: codec.PayloadVP8, RTX: codec.PayloadRTX,
		OpusFmtp: codec.OpusFmtp, REDFmtp: codec.REDFmtp, RTXFmtp: codec.RTXFmtp, OpusRTXFmtp: codec.OpusRTXFmtp,
		AbsSendTime: codec.ExtAbsSendTime, AbsSendTimeURI: codec.URIAbsSendTime,
	})
}

func offering(f *Factory, media ...transport.Media) *conn {
	return newConn(f, nil, transport.Params{CNAME: "c", Media: media})
}

func someMedia() []transport.Media {
	return []transport.Media{
		{MID: "a-main", Kind: transport.Audio, StreamID: "main", TrackID: "a", SSRC: 1, RTXSSRC: 2, RED: true},
		{MID: "v-main", Kind: transport.Video, StreamID: "main", TrackID: "v", SSRC: math.MaxUint32, RTXSSRC: 4},
		{MID: "a-floor", Kind: transport.Audio, StreamID: "floor", TrackID: "a", SSRC: 5, RED: true},
		{MID: "a-x", Kind: transport.Audio, StreamID: "x", TrackID: "a", SSRC: 6, RTXSSRC: 7},
		{MID: "v-x", Kind: transport.Video, StreamID: "x", TrackID: "v", SSRC: 8},
	}
}

// An offer is what the template says, for each kind of m-line and whatever comes first.
func TestOfferIsAsTheTemplateSays(t *testing.T) {
	f := newFactory(t, Config{}, "127.0.0.1")
	text, err := offerTemplate()
	if err != nil {
		t.Fatal(err)
	}
	all := someMedia()
	for n := range all {
		for _, media := range [][]transport.Media{nil, {all[n]}, all[n:], all} {
			c := offering(f, media...)
			var want strings.Builder
			if err := renderTemplate(&want, text, c); err != nil {
				t.Fatal(err)
			}
			if got := c.Offer(); got != want.String() {
				t.Errorf("got\n%s\nwant\n%s", got, want.String())
			}
		}
	}
}

// A template and what is written line by line, in turn.
func BenchmarkOffer(b *testing.B) {
	f := newFactory(b, Config{}, "127.0.0.1")
	text, err := offerTemplate()
	if err != nil {
		b.Fatal(err)
	}
	c := offering(f, someMedia()...)
	for round := range 2 {
		b.Run(fmt.Sprintf("template/%d", round), func(b *testing.B) {
			for b.Loop() {
				var out strings.Builder
				if err := renderTemplate(&out, text, c); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("lines/%d", round), func(b *testing.B) {
			for b.Loop() {
				c.Offer()
			}
		})
	}
}
