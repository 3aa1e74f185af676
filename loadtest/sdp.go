package loadtest

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// Header extensions (RFC 8285) that this client knows how to send.
const (
	extMID = "urn:ietf:params:rtp-hdrext:sdes:mid"
	extRID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
)

// transportWide is feedback that this client does not give: extension and rtcp-fb value.
const (
	extTransportWide = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
	fbTransportWide  = "transport-cc"
)

// offer is what a client needs of the server's description (RFC 8829).
type offer struct {
	lite        bool // the server is ICE-lite: it only answers checks
	ufrag, pwd  string
	fingerprint []byte // SHA-256 of the server's certificate
	candidates  []netip.AddrPort
	media       []offeredMedia
}

// offeredMedia is one m-line.
type offeredMedia struct {
	mid        string
	video      bool
	sendonly   bool  // the server sends; otherwise it wants to receive
	payload    uint8 // of VP8 or Opus, 0 when neither is offered
	rtx        uint8 // payload type of RFC 4588 for payload, or 0
	nack       bool
	ssrc       uint32
	rtxSSRC    uint32
	rids       []string // simulcast streams that the server would take, lowest first
	extensions map[string]uint8
	lines      *sdp.MediaDescription
}

// parseOffer reads the server's SDP.
func parseOffer(text string) (*offer, error) {
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(text); err != nil {
		return nil, fmt.Errorf("offer: %w", err)
	}
	o := &offer{}
	for _, a := range desc.Attributes {
		o.attribute(a)
	}
	type weighed struct {
		addr     netip.AddrPort
		priority uint64
	}
	var found []weighed
	for _, m := range desc.MediaDescriptions {
		media := offeredMedia{video: m.MediaName.Media == "video", extensions: map[string]uint8{}, lines: m}
		for _, a := range m.Attributes {
			o.attribute(a)
			if a.Key == sdp.AttrKeyCandidate {
				if addr, priority, ok := parseCandidate(a.Value); ok && !slices.Contains(found, weighed{addr, priority}) {
					found = append(found, weighed{addr, priority})
				}
			}
		}
		media.read()
		if media.mid == "" {
			return nil, errors.New("offer: m-line without mid")
		}
		o.media = append(o.media, media)
	}
	slices.SortStableFunc(found, func(a, b weighed) int { return cmp.Compare(b.priority, a.priority) })
	for _, c := range found {
		o.candidates = append(o.candidates, c.addr)
	}
	switch {
	case o.ufrag == "" || o.pwd == "":
		return nil, errors.New("offer: no ICE credentials")
	case o.fingerprint == nil:
		return nil, errors.New("offer: no SHA-256 fingerprint")
	case len(o.candidates) == 0:
		return nil, errors.New("offer: no UDP candidate")
	case len(o.media) == 0:
		return nil, errors.New("offer: no media")
	}
	return o, nil
}

// attribute takes what may stand at the session or at an m-line.
func (o *offer) attribute(a sdp.Attribute) {
	switch a.Key {
	case sdp.AttrKeyICELite:
		o.lite = true
	case "ice-ufrag":
		o.ufrag = a.Value
	case "ice-pwd":
		o.pwd = a.Value
	case "fingerprint":
		hash, value, _ := strings.Cut(a.Value, " ")
		if sum, err := hex.DecodeString(strings.ReplaceAll(value, ":", "")); err == nil && strings.EqualFold(hash, "sha-256") {
			o.fingerprint = sum
		}
	}
}

// parseCandidate reads a candidate line (RFC 8839 5.1); only UDP and literal addresses are of use here.
func parseCandidate(value string) (addr netip.AddrPort, priority uint64, ok bool) {
	f := strings.Fields(value)
	if len(f) < 8 || !strings.EqualFold(f[2], "udp") || f[1] != "1" {
		return addr, 0, false
	}
	ip, err := netip.ParseAddr(f[4])
	if err != nil || ip.Zone() != "" {
		return addr, 0, false
	}
	port, err := strconv.ParseUint(f[5], 10, 16)
	if err != nil || port == 0 {
		return addr, 0, false
	}
	priority, err = strconv.ParseUint(f[3], 10, 32)
	return netip.AddrPortFrom(ip, uint16(port)), priority, err == nil
}

// read takes what the media lines say.
func (m *offeredMedia) read() {
	apt := map[uint8]uint8{} // RTX payload type by the one that it repairs
	names := map[uint8]string{}
	for _, a := range m.lines.Attributes {
		number, rest, _ := strings.Cut(a.Value, " ")
		switch a.Key {
		case sdp.AttrKeyMID:
			m.mid = a.Value
		case sdp.AttrKeySendOnly:
			m.sendonly = true
		case "rtpmap":
			names[payloadType(number)], _, _ = strings.Cut(strings.ToLower(rest), "/")
		case "fmtp":
			if of, found := strings.CutPrefix(rest, "apt="); found {
				apt[payloadType(of)] = payloadType(number)
			}
		case sdp.AttrKeyExtMap:
			id, _, _ := strings.Cut(number, "/") // a direction may follow
			if n, err := strconv.ParseUint(id, 10, 8); err == nil {
				m.extensions[strings.TrimSpace(rest)] = uint8(n)
			}
		case sdp.AttrKeySSRC:
			if m.ssrc == 0 {
				m.ssrc = ssrcOf(number)
			}
		case sdp.AttrKeySSRCGroup:
			if f := strings.Fields(a.Value); len(f) == 3 && f[0] == sdp.SemanticTokenFlowIdentification {
				m.ssrc, m.rtxSSRC = ssrcOf(f[1]), ssrcOf(f[2])
			}
		case "simulcast":
			if number == "recv" {
				m.rids = strings.Split(rest, ";")
			}
		}
	}
	for _, format := range m.lines.MediaName.Formats {
		if n := payloadType(format); n != 0 && names[n] == m.codec() {
			m.payload, m.rtx = n, apt[n]
			break
		}
	}
	for _, a := range m.lines.Attributes {
		number, rest, _ := strings.Cut(a.Value, " ")
		if a.Key == "rtcp-fb" && payloadType(number) == m.payload && rest == "nack" {
			m.nack = true
		}
	}
	if m.rtx == 0 {
		m.rtxSSRC = 0
	}
}

func (m *offeredMedia) codec() string {
	if m.video {
		return "vp8"
	}
	return "opus"
}

// payloadType returns 0, which is PCMU and never ours, for what is none.
func payloadType(s string) uint8 {
	n, err := strconv.ParseUint(s, 10, 7)
	if err != nil {
		return 0
	}
	return uint8(n)
}

func ssrcOf(s string) uint32 {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// outgoing says what an m-line that the server wants to receive carries: one SSRC, or one per simulcast RID.
type outgoing struct {
	ssrc uint32
	rids []string
}

// identity is what the answer says of this client.
type identity struct {
	ufrag, pwd  string
	fingerprint []byte // SHA-256 of its certificate
}

// answer writes the answer: every m-line that the server sends is received, those named in send are sent, all
// others are inactive. It holds no candidates; the server learns the address from the checks.
func (o *offer) answer(me identity, send map[string]outgoing) (string, error) {
	desc, err := sdp.NewJSEPSessionDescription(false)
	if err != nil {
		return "", err
	}
	mids := make([]string, len(o.media))
	for i := range o.media {
		mids[i] = o.media[i].mid
	}
	desc.WithValueAttribute(sdp.AttrKeyGroup, "BUNDLE "+strings.Join(mids, " ")).
		WithValueAttribute(sdp.AttrKeyMsidSemantic, "WMS *")
	for i := range o.media {
		m := &o.media[i]
		out := &sdp.MediaDescription{
			MediaName: sdp.MediaName{
				Media: m.lines.MediaName.Media, Port: sdp.RangedPort{Value: 9}, Protos: m.lines.MediaName.Protos,
			},
			ConnectionInformation: &sdp.ConnectionInformation{
				NetworkType: "IN", AddressType: "IP4", Address: &sdp.Address{Address: "0.0.0.0"},
			},
		}
		out.WithICECredentials(me.ufrag, me.pwd).
			WithFingerprint("sha-256", colons(me.fingerprint)).
			WithValueAttribute(sdp.AttrKeyConnectionSetup, sdp.ConnectionRoleActive.String()).
			WithValueAttribute(sdp.AttrKeyMID, m.mid).
			WithPropertyAttribute(sdp.AttrKeyRTCPMux).
			WithPropertyAttribute(sdp.AttrKeyRTCPRsize)
		track, sends := send[m.mid]
		m.copyFormats(out, sends)
		switch {
		case m.payload == 0 || !m.sendonly && !sends:
			out.WithPropertyAttribute(sdp.AttrKeyInactive)
		case m.sendonly:
			out.WithPropertyAttribute(sdp.AttrKeyRecvOnly)
		default:
			track.write(out, m.mid)
		}
		desc.WithMedia(out)
	}
	text, err := desc.Marshal()
	return string(text), err
}

// copyFormats takes over the formats, feedback and extensions that this client supports.
func (m *offeredMedia) copyFormats(out *sdp.MediaDescription, sends bool) {
	for _, n := range []uint8{m.payload, m.rtx} {
		if n != 0 {
			out.MediaName.Formats = append(out.MediaName.Formats, strconv.Itoa(int(n)))
		}
	}
	if m.payload == 0 {
		out.MediaName.Formats = m.lines.MediaName.Formats
	}
	for _, a := range m.lines.Attributes {
		number, rest, _ := strings.Cut(a.Value, " ")
		n := payloadType(number)
		switch a.Key {
		case "rtpmap", "fmtp", "rtcp-fb":
			if n != 0 && (n == m.payload || n == m.rtx) && rest != fbTransportWide {
				out.Attributes = append(out.Attributes, a)
			}
		case sdp.AttrKeyExtMap:
			if known := rest == extMID || rest == extRID; known || !sends && rest != extTransportWide {
				out.Attributes = append(out.Attributes, a)
			}
		}
	}
}

// write describes a sent track.
func (t outgoing) write(out *sdp.MediaDescription, mid string) {
	out.WithPropertyAttribute(sdp.AttrKeySendOnly).WithValueAttribute(sdp.AttrKeyMsid, "loadtest "+mid)
	if len(t.rids) == 0 {
		out.WithValueAttribute(sdp.AttrKeySSRC, fmt.Sprintf("%d cname:loadtest", t.ssrc))
		return
	}
	for _, rid := range t.rids {
		out.WithValueAttribute("rid", rid+" send")
	}
	out.WithValueAttribute("simulcast", "send "+strings.Join(t.rids, ";"))
}

// colons writes a fingerprint as RFC 8122 5 has it.
func colons(sum []byte) string {
	var b bytes.Buffer
	for i, v := range sum {
		if i > 0 {
			b.WriteByte(':')
		}
		fmt.Fprintf(&b, "%02X", v)
	}
	return b.String()
}
