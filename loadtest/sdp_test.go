package loadtest

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pion/sdp/v3"
)

// offerLines is a server's offer of one picture, one sound and a camera to send.
func offerLines() []string {
	fingerprint := "a=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":")
	return []string{
		"v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=ice-lite", "a=group:BUNDLE v-main a-main camera", fingerprint,
		"m=video 9 UDP/TLS/RTP/SAVPF 96 97", "c=IN IP4 0.0.0.0", "a=mid:v-main", "a=sendonly",
		"a=ice-ufrag:user", "a=ice-pwd:password", "a=setup:actpass", "a=rtcp-mux",
		"a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 goog-remb", "a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli", "a=rtcp-fb:96 transport-cc",
		"a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96",
		"a=extmap:1 " + extMID, "a=extmap:4 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", "a=extmap:5 " + extTransportWide,
		"a=ssrc-group:FID 100 101", "a=ssrc:100 cname:stage", "a=ssrc:101 cname:stage",
		"a=candidate:1 1 udp 100 192.0.2.1 7882 typ host", "a=candidate:2 1 UDP 200 2001:db8::1 7882 typ host generation 0",
		"a=candidate:3 1 tcp 300 192.0.2.1 443 typ host tcptype passive", "a=candidate:4 1 udp 400 a-name.local 7882 typ host",
		"a=candidate:5 2 udp 500 192.0.2.1 7883 typ host",
		"m=audio 9 UDP/TLS/RTP/SAVPF 63 111", "c=IN IP4 0.0.0.0", "a=mid:a-main", "a=sendonly", "a=rtcp-mux",
		"a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111", "a=rtpmap:111 opus/48000/2", "a=fmtp:111 useinbandfec=1", "a=ssrc:102 cname:stage",
		"a=candidate:1 1 udp 100 192.0.2.1 7882 typ host",
		"m=video 9 UDP/TLS/RTP/SAVPF 96 97", "c=IN IP4 0.0.0.0", "a=mid:camera", "a=recvonly", "a=rtcp-mux",
		"a=rtpmap:96 VP8/90000", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96", "a=extmap:1 " + extMID, "a=extmap:2/sendonly " + extRID,
		"a=rid:l recv", "a=rid:m recv", "a=rid:h recv", "a=simulcast:recv l;m;h",
	}
}

func lines(l []string) string { return strings.Join(l, "\r\n") + "\r\n" }

func TestParseOffer(t *testing.T) {
	o, err := parseOffer(lines(offerLines()))
	if err != nil {
		t.Fatal(err)
	}
	if !o.lite || o.ufrag != "user" || o.pwd != "password" || len(o.fingerprint) != 32 || o.fingerprint[0] != 0xab {
		t.Errorf("session: %+v", o)
	}
	// The highest priority first; TCP, names and RTCP are of no use.
	want := []netip.AddrPort{netip.MustParseAddrPort("[2001:db8::1]:7882"), netip.MustParseAddrPort("192.0.2.1:7882")}
	if !slices.Equal(o.candidates, want) {
		t.Errorf("candidates %v, want %v", o.candidates, want)
	}
	if len(o.media) != 3 {
		t.Fatalf("%d media", len(o.media))
	}
	picture, sound, camera := &o.media[0], &o.media[1], &o.media[2]
	if picture.mid != "v-main" || !picture.video || !picture.sendonly || picture.payload != 96 || picture.rtx != 97 || !picture.nack ||
		picture.ssrc != 100 || picture.rtxSSRC != 101 || picture.extensions[extMID] != 1 {
		t.Errorf("picture: %+v", picture)
	}
	if sound.video || sound.payload != 111 || sound.rtx != 0 || sound.nack || sound.ssrc != 102 || sound.rtxSSRC != 0 {
		t.Errorf("sound: %+v", sound)
	}
	if camera.sendonly || !slices.Equal(camera.rids, []string{"l", "m", "h"}) || camera.extensions[extRID] != 2 {
		t.Errorf("camera: %+v", camera)
	}
}

func TestParseOfferRefuses(t *testing.T) {
	for name, without := range map[string]string{
		"credentials": "a=ice-pwd", "fingerprint": "a=fingerprint", "candidates": "a=candidate", "mids": "a=mid", "media": "m=",
	} {
		t.Run(name, func(t *testing.T) {
			l := slices.DeleteFunc(offerLines(), func(line string) bool { return strings.HasPrefix(line, without) })
			if _, err := parseOffer(lines(l)); err == nil {
				t.Error("accepted")
			}
		})
	}
	if _, err := parseOffer("rubbish"); err == nil {
		t.Error("rubbish accepted")
	}
}

func TestAnswer(t *testing.T) {
	o, err := parseOffer(lines(offerLines()))
	if err != nil {
		t.Fatal(err)
	}
	text, err := o.answer(identity{"me", "secret", []byte{0xab, 0x01}}, map[string]outgoing{"camera": {rids: []string{"l", "h"}}})
	if err != nil {
		t.Fatal(err)
	}
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(text); err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		formats  string
		has, not []string
	}{
		{"96 97", []string{"mid:v-main", "recvonly", "setup:active", "ice-ufrag:me", "ice-pwd:secret", "fingerprint:sha-256 AB:01", "rtcp-mux",
			"rtcp-fb:96 nack", "rtcp-fb:96 goog-remb", "fmtp:97 apt=96", "extmap:1 " + extMID},
			[]string{"rtcp-fb:96 transport-cc", "extmap:5 " + extTransportWide}},
		{"111", []string{"mid:a-main", "recvonly", "rtpmap:111 opus/48000/2"}, []string{"rtpmap:63 red/48000/2"}},
		{"96 97", []string{"mid:camera", "sendonly", "rid:l send", "rid:h send", "simulcast:send l;h",
			"extmap:1 " + extMID, "extmap:2/sendonly " + extRID}, []string{"rid:m send"}},
	} {
		m := desc.MediaDescriptions[i]
		if got := strings.Join(m.MediaName.Formats, " "); got != want.formats {
			t.Errorf("media %d: formats %q, want %q", i, got, want.formats)
		}
		var got []string
		for _, a := range m.Attributes {
			got = append(got, a.String())
		}
		for _, line := range want.has {
			if !slices.Contains(got, line) {
				t.Errorf("media %d: no a=%s", i, line)
			}
		}
		for _, line := range want.not {
			if slices.Contains(got, line) {
				t.Errorf("media %d: a=%s", i, line)
			}
		}
	}
	if text, err = o.answer(identity{"me", "secret", []byte{1}}, nil); err != nil || strings.Count(text, "a=inactive") != 1 {
		t.Errorf("a camera that is not sent is not inactive: %v\n%s", err, text)
	}
}

func FuzzParseOffer(f *testing.F) {
	f.Add(lines(offerLines()))
	f.Add("v=0\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		o, err := parseOffer(text)
		if err != nil {
			return
		}
		if _, err := o.answer(identity{"u", "p", []byte{1}}, map[string]outgoing{"camera": {ssrc: 1}}); err != nil {
			t.Fatal(err)
		}
	})
}
