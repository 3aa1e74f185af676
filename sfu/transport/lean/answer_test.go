package lean

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/diemcau/diemcau/sfu/transport"
)

// answerSDP is a browser's answer to testMedia's offer, with replacements in pairs of old and new.
func answerSDP(replace ...string) string {
	sdp := `v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE video-main audio-main
m=video 9 UDP/TLS/RTP/SAVPF 96 97
c=IN IP4 0.0.0.0
a=ice-ufrag:peer
a=ice-pwd:0123456789012345678901
a=fingerprint:sha-256 AA:BB
a=setup:active
a=mid:video-main
a=recvonly
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtpmap:97 rtx/90000
m=audio 9 UDP/TLS/RTP/SAVPF 111 63
c=IN IP4 0.0.0.0
a=mid:audio-main
a=inactive
a=rtcp-mux
m=audio 0 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=mid:audio-floor
a=inactive
`
	return strings.ReplaceAll(strings.NewReplacer(replace...).Replace(sdp), "\n", "\r\n")
}

func TestParseAnswer(t *testing.T) {
	for _, tt := range []struct {
		name    string
		replace []string
		want    []transport.Accepted
		err     error
	}{
		{"as it comes", nil, []transport.Accepted{{Active: true, RTX: true}, {RED: true}, {}}, nil},
		{"no RTX, audio taken", []string{"SAVPF 96 97", "SAVPF 96", "a=inactive\na=rtcp-mux", "a=recvonly\na=rtcp-mux"},
			[]transport.Accepted{{Active: true}, {Active: true, RED: true}, {}}, nil},
		{"video rejected", []string{"m=video 9", "m=video 0", "a=mid:audio-main\n", `a=mid:audio-main
a=ice-ufrag:peer
a=ice-pwd:0123456789012345678901
a=fingerprint:sha-256 AA:BB
`}, []transport.Accepted{{}, {RED: true}, {}}, nil},
		{"attributes of the session", []string{"a=ice-ufrag:peer\n", "", "t=0 0\n", "t=0 0\na=ice-ufrag:peer\n"},
			[]transport.Accepted{{Active: true, RTX: true}, {RED: true}, {}}, nil},
		{"no direction", []string{"a=recvonly\n", ""}, []transport.Accepted{{Active: true, RTX: true}, {RED: true}, {}}, nil},
		{"the session's direction", []string{"a=recvonly\n", "", "t=0 0\n", "t=0 0\na=inactive\n"},
			[]transport.Accepted{{RTX: true}, {RED: true}, {}}, nil},
		{"only sends", []string{"a=recvonly\n", "a=sendonly\n"}, []transport.Accepted{{RTX: true}, {RED: true}, {}}, nil},
		{"without credentials", []string{"a=ice-pwd:0123456789012345678901\n", ""}, nil, ErrCredentials},
		{"without fingerprint", []string{"a=fingerprint:sha-256 AA:BB\n", ""}, nil, ErrNoPrint},
		{"weak fingerprint", []string{"sha-256", "sha-1"}, nil, ErrNoPrint},
		{"no multiplexing", []string{"a=rtcp-mux\n", ""}, nil, ErrMux},
		{"other mid", []string{"a=mid:video-main", "a=mid:x"}, nil, ErrMLines},
		{"other kind", []string{"m=video", "m=audio"}, nil, ErrMLines},
		{"too many m-lines", []string{"a=mid:audio-floor\n", "a=mid:audio-floor\nm=audio 0 UDP/TLS/RTP/SAVPF 111\n"}, nil, ErrMLines},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, err := parseAnswer(answerSDP(tt.replace...), testMedia())
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if err != nil {
				return
			}
			if diff := cmp.Diff(tt.want, a.accepted); diff != "" {
				t.Error(diff)
			}
			if a.ufrag != "peer" || len(a.fingerprints) != 1 || a.fingerprints[0].value != "AA:BB" {
				t.Errorf("read %+v", a)
			}
		})
	}
}

func FuzzParseAnswer(f *testing.F) {
	f.Add(answerSDP())
	f.Add(answerSDP("m=video 9", "m=video 0"))
	f.Add("v=0\r\n")
	f.Fuzz(func(t *testing.T, sdp string) {
		media := testMedia()
		a, err := parseAnswer(sdp, media)
		if err != nil {
			return
		}
		if len(a.accepted) != len(media) || a.ufrag == "" || len(a.fingerprints) == 0 {
			t.Errorf("accepted %+v", a)
		}
		if a.accepted[1].RTX || a.accepted[0].RED {
			t.Errorf("accepted what was not offered: %+v", a.accepted)
		}
	})
}
