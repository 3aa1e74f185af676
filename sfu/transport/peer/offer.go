package peer

import (
	"strings"

	"github.com/pion/webrtc/v4"
)

// Gather makes the offer, sets it and returns its text with all candidates and with the DTLS role pinned: the
// browser is to be the client, or it would choose a slower SRTP profile.
func Gather(pc *webrtc.PeerConnection) (string, error) {
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(offer); err != nil {
		return "", err
	}
	<-gathered
	return strings.ReplaceAll(pc.LocalDescription().SDP, "a=setup:actpass", "a=setup:passive"), nil
}

// Announce puts candidates into an offer in place of those that it has.
func Announce(offer string, candidates []string) string {
	const prefix, end = "a=candidate:", "a=end-of-candidates"
	var b strings.Builder
	for line := range strings.Lines(offer) {
		switch {
		case strings.HasPrefix(line, prefix):
			continue
		case strings.HasPrefix(line, end):
			for _, c := range candidates {
				b.WriteString(c + "\r\n")
			}
		}
		b.WriteString(line)
	}
	return b.String()
}
