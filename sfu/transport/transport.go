// Package transport is a viewer's secured path: ICE (RFC 8445), DTLS-SRTP (RFC 5764) and SRTP (RFC 3711),
// seen by the media plane as "seal this packet for this viewer". It knows nothing of slots or legs.
//
// Two implementations stand behind the seam: Pion's own parts without a PeerConnection (lean), and one for tests (peertest).
package transport

import "github.com/diemcau/diemcau/sfu/udpio"

// Kind of a media description, as written in its SDP m-line.
type Kind string

// The kinds of media description a viewer connection offers.
const (
	Audio Kind = "audio"
	Video Kind = "video"
)

// Media describes one sendonly m-line of the offer. SSRCs are chosen by the caller.
type Media struct {
	MID      string // a=mid, unique in the offer
	Kind     Kind
	StreamID string // first part of a=msid: equal for the audio and the video of one slot, so that lips match
	TrackID  string // second part of a=msid
	SSRC     uint32
	RTXSSRC  uint32 // SSRC of the RFC 4588 stream; 0 offers no RTX
	RED      bool   // offer RFC 2198 beside plain Opus
}

// Params are what a connection is opened with. The callbacks come from the connection's own goroutines,
// never from inside a call on it, and none comes after Close has returned.
type Params struct {
	CNAME   string
	Media   []Media
	OnState func(State)
	// OnRTCP is handed each decrypted compound packet (RFC 3550 6.1); the buffer is valid during the call only.
	OnRTCP func(compound []byte)
}

// State of a connection. It only goes forward: New, Connected, then Failed or Closed.
type State int

// The states of a connection.
const (
	New       State = iota
	Connected       // DTLS is up: packets can be sealed
	Failed          // consent was lost (RFC 7675), the handshake failed, or the fingerprint did not match
	Closed
)

// Accepted says what the answer took of one offered m-line, in the order of Params.Media.
type Accepted struct {
	Active bool // the m-line is recvonly in the answer, not inactive or rejected
	RTX    bool
	RED    bool
}

// Factory opens viewer connections on one shared UDP port with one DTLS certificate.
type Factory interface {
	New(Params) (Conn, error)
	Close() error
}

// Conn is one viewer's connection.
type Conn interface {
	// Offer is the SDP to send to the viewer; it is the same for the life of the connection.
	Offer() string
	// Answer applies the viewer's SDP. A second call is an error.
	Answer(sdp string) ([]Accepted, error)
	// WriteRTP seals header and payload for this viewer into batch, which the caller flushes. header is a
	// complete RTP header with extensions, already patched for this viewer; payload is shared by all viewers.
	// Neither is kept or changed. It is called by one goroutine at a time.
	WriteRTP(batch *udpio.Batch, header, payload []byte) error
	// WriteRTCP seals and sends one compound packet.
	WriteRTCP(compound []byte) error
	Close() error
}
