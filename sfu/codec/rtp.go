// Package codec holds what the media plane knows of payload formats: the payload types and header extension ids
// that every connection of a node uses, VP8 payload descriptors (RFC 7741) and Opus packets (RFC 7587).
// It reads untrusted bytes, keeps none of them and allocates nothing.
package codec

import "errors"

// Payload types, the same on every connection.
const (
	PayloadRED     = 63  // audio/red, RFC 2198
	PayloadVP8     = 96  // video/VP8, RFC 7741
	PayloadRTX     = 97  // video/rtx of PayloadVP8, RFC 4588
	PayloadOpusRTX = 98  // audio/rtx of PayloadOpus, on trunks
	PayloadOpus    = 111 // audio/opus, RFC 7587
)

// Identifiers of RTP header extensions (RFC 8285), the same on every connection.
const (
	ExtMID         = 1
	ExtRID         = 2
	ExtRepairedRID = 3
	ExtAbsSendTime = 4
	ExtTWCC        = 5
	ExtAudioLevel  = 6
)

// URIs of the same extensions, as they stand in a=extmap lines.
const (
	URIMID         = "urn:ietf:params:rtp-hdrext:sdes:mid"
	URIRID         = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
	URIRepairedRID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
	URIAbsSendTime = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
	URITWCC        = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
	URIAudioLevel  = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
)

// ExtensionURIs lists the extensions in the order of their identifiers, from 1.
func ExtensionURIs() []string {
	return []string{URIMID, URIRID, URIRepairedRID, URIAbsSendTime, URITWCC, URIAudioLevel}
}

// Clock rates of RTP timestamps, in hertz.
const (
	VideoClock = 90_000
	OpusClock  = 48_000
)

// ErrPadding is the error of a packet that claims more padding than it holds, or none where it claims some.
var ErrPadding = errors.New("codec: bad RTP padding")

// Unpad cuts the padding off the payload of a packet whose header says that it has some (RFC 3550 5.1). Nothing else may
// be left of it, as browsers send it to probe.
func Unpad(payload []byte) ([]byte, error) {
	if len(payload) == 0 {
		return nil, ErrPadding
	}
	n := int(payload[len(payload)-1])
	if n == 0 || n > len(payload) {
		return nil, ErrPadding
	}
	return payload[:len(payload)-n], nil
}

// Format parameters, as they stand in a=fmtp lines.
const (
	OpusFmtp    = "minptime=10;useinbandfec=1;usedtx=1"
	RTXFmtp     = "apt=96"
	OpusRTXFmtp = "apt=111"
	REDFmtp     = "111/111"
)
