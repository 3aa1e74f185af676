package lean

import (
	"crypto"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pion/dtls/v3/pkg/crypto/fingerprint"
	"github.com/pion/sdp/v3"

	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/transport"
)

// Errors of an answer.
var (
	ErrMLines      = errors.New("lean: the answer's m-lines are not those of the offer")
	ErrCredentials = errors.New("lean: the answer has no ICE credentials")
	ErrNoPrint     = errors.New("lean: the answer has no fingerprint that can be checked")
	ErrMux         = errors.New("lean: the answer does not multiplex RTCP")
)

// maxCredential bounds ufrag and password (RFC 8839 5.4).
const maxCredential = 256

// peerFingerprint is one a=fingerprint (RFC 8122 5).
type peerFingerprint struct {
	hash  crypto.Hash
	value string
}

// answer is what is used of an answer.
type answer struct {
	ufrag, pwd   string
	fingerprints []peerFingerprint
	accepted     []transport.Accepted
}

// parseAnswer reads an answer to the offer of media. Its m-lines are in the offer's order (RFC 3264 6). Candidates in
// it are of no use to a lite agent.
func parseAnswer(text string, media []transport.Media) (*answer, error) {
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(text); err != nil {
		return nil, fmt.Errorf("answer: %w", err)
	}
	if len(desc.MediaDescriptions) != len(media) {
		return nil, fmt.Errorf("%w: %d, not %d", ErrMLines, len(desc.MediaDescriptions), len(media))
	}
	a := &answer{accepted: make([]transport.Accepted, len(media))}
	var transportOf *sdp.MediaDescription // the first that is not rejected carries the bundle's attributes
	for i, d := range desc.MediaDescriptions {
		m := media[i]
		if d.MediaName.Media != string(m.Kind) {
			return nil, fmt.Errorf("%w: %s is %s", ErrMLines, m.MID, d.MediaName.Media)
		}
		if mid, ok := d.Attribute(sdp.AttrKeyMID); ok && mid != m.MID {
			return nil, fmt.Errorf("%w: %s is %s", ErrMLines, m.MID, mid)
		}
		if d.MediaName.Port.Value == 0 {
			continue
		}
		if transportOf == nil {
			transportOf = d
		}
		if _, ok := d.Attribute(sdp.AttrKeyRTCPMux); !ok {
			return nil, fmt.Errorf("%w: %s", ErrMux, m.MID)
		}
		a.accepted[i] = accept(&desc, d, m)
	}
	return a, a.readTransport(&desc, transportOf)
}

func accept(desc *sdp.SessionDescription, d *sdp.MediaDescription, m transport.Media) transport.Accepted {
	acc := transport.Accepted{Active: receives(d.Attributes, receives(desc.Attributes, true))}
	rtx := codec.PayloadRTX
	if m.Kind == transport.Audio {
		rtx = codec.PayloadOpusRTX
	}
	for _, format := range d.MediaName.Formats {
		acc.RTX = acc.RTX || m.RTXSSRC != 0 && format == strconv.Itoa(rtx)
		acc.RED = acc.RED || m.RED && format == strconv.Itoa(codec.PayloadRED)
	}
	return acc
}

// receives tells whether the direction among attributes lets the peer receive. Where there is none that of the session
// holds, and without one sendrecv (RFC 8866 6.7).
func receives(attributes []sdp.Attribute, otherwise bool) bool {
	for _, a := range attributes {
		switch a.Key {
		case sdp.AttrKeyRecvOnly, sdp.AttrKeySendRecv:
			return true
		case sdp.AttrKeySendOnly, sdp.AttrKeyInactive:
			return false
		}
	}
	return otherwise
}

// readTransport takes the ICE and DTLS attributes of the m-line, or of the session where it has none. a=setup is not
// read: an offer that says passive leaves one role, which pion/webrtc takes even where its answer to a lite agent says
// passive too.
func (a *answer) readTransport(desc *sdp.SessionDescription, m *sdp.MediaDescription) error {
	find := func(key string) string {
		if m != nil {
			if v, ok := m.Attribute(key); ok {
				return v
			}
		}
		v, _ := desc.Attribute(key)
		return v
	}
	// Cloned: a part of the parsed text would keep all of it.
	a.ufrag, a.pwd = strings.Clone(find("ice-ufrag")), strings.Clone(find("ice-pwd"))
	if a.ufrag == "" || a.pwd == "" || len(a.ufrag) > maxCredential || len(a.pwd) > maxCredential {
		return ErrCredentials
	}
	attributes := desc.Attributes
	if m != nil {
		attributes = append(attributes[:len(attributes):len(attributes)], m.Attributes...)
	}
	for _, attr := range attributes {
		if attr.Key != "fingerprint" {
			continue
		}
		name, value, ok := strings.Cut(attr.Value, " ")
		hash, err := fingerprint.HashFromString(strings.ToLower(name))
		// Only the functions that RFC 8122 5 does not call weak.
		if ok && err == nil && hash.Available() && hash.Size() >= crypto.SHA256.Size() {
			a.fingerprints = append(a.fingerprints, peerFingerprint{hash, strings.Clone(strings.TrimSpace(value))})
		}
	}
	if len(a.fingerprints) == 0 {
		return ErrNoPrint
	}
	return nil
}
