// Package peer is what the pion/webrtc PeerConnections of publishers have in common, and what stands before them: the gate of the
// one port, and the mux of TCP.
package peer

import (
	"log/slog"
	"net"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	piontransport "github.com/pion/transport/v5"
	"github.com/pion/webrtc/v4"

	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/pionlog"
)

const (
	// disconnectedAfter and failedAfter add up: a connection without any traffic fails after 12 s, so that a loss of
	// ten seconds is survived and the page is told soon after that it needs a new one.
	disconnectedAfter = 5 * time.Second
	failedAfter       = 7 * time.Second
	keepAlive         = 2 * time.Second
	receiveMTU        = 1500
)

// Config of the connections.
type Config struct {
	Mux         ice.UDPMux        // the node's one port; nil only with Net
	TCP         *TCPMux           // passive TCP candidates; nil offers none
	Net         piontransport.Net // a virtual network, for tests
	Loopback    bool              // announce loopback addresses too
	Certificate webrtc.Certificate
	Logger      *slog.Logger
}

// SettingEngine is what all PeerConnections of a node have in common: ICE-lite on one UDP port, no mDNS, AES-128-GCM
// before other SRTP profiles.
func (c Config) SettingEngine() (webrtc.SettingEngine, error) {
	var e webrtc.SettingEngine
	e.LoggerFactory = pionlog.Factory{Logger: c.Logger}
	e.SetLite(true)
	e.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	e.SetICETimeouts(disconnectedAfter, failedAfter, keepAlive)
	e.SetReceiveMTU(receiveMTU)
	e.SetIncludeLoopbackCandidate(c.Loopback)
	networks := []webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6}
	if c.TCP != nil {
		networks = append(networks, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6)
		e.SetICETCPMux(c.TCP)
	}
	e.SetNetworkTypes(networks)
	e.DisableActiveTCP(true) // no answer makes this server dial
	e.SetSRTPProtectionProfiles(
		dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	if !c.Loopback {
		e.SetIPFilter(func(ip net.IP) bool { return !ip.IsLoopback() })
	}
	if c.Mux != nil {
		e.SetICEUDPMux(c.Mux)
	}
	if c.Net != nil {
		e.SetNet(c.Net)
	}
	return e, nil
}

// Opus is the audio codec of every connection.
func Opus() webrtc.RTPCodecParameters {
	return webrtc.RTPCodecParameters{
		PayloadType: codec.PayloadOpus,
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeOpus, ClockRate: codec.OpusClock, Channels: 2, SDPFmtpLine: codec.OpusFmtp,
		},
	}
}

// RED is Opus with redundancy (RFC 2198).
func RED() webrtc.RTPCodecParameters {
	return webrtc.RTPCodecParameters{
		PayloadType: codec.PayloadRED,
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: "audio/red", ClockRate: codec.OpusClock, Channels: 2, SDPFmtpLine: codec.REDFmtp,
		},
	}
}

// VP8 is the video codec of every connection, with the RTCP feedback it is offered with.
func VP8(feedback ...webrtc.RTCPFeedback) webrtc.RTPCodecParameters {
	return webrtc.RTPCodecParameters{
		PayloadType: codec.PayloadVP8,
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeVP8, ClockRate: codec.VideoClock, RTCPFeedback: feedback,
		},
	}
}

// RTX repairs VP8.
func RTX() webrtc.RTPCodecParameters {
	return webrtc.RTPCodecParameters{
		PayloadType: codec.PayloadRTX,
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeRTX, ClockRate: codec.VideoClock, SDPFmtpLine: codec.RTXFmtp,
		},
	}
}

// OpusRTX repairs Opus, on trunks.
func OpusRTX() webrtc.RTPCodecParameters {
	return webrtc.RTPCodecParameters{
		PayloadType: codec.PayloadOpusRTX,
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: "audio/rtx", ClockRate: codec.OpusClock, Channels: 2, SDPFmtpLine: codec.OpusRTXFmtp,
		},
	}
}

// RegisterExtensions registers the wanted header extensions under the ids of package codec, for m-lines of one
// direction. Pion numbers extensions from 1 in the order of registration, so the others are registered too, for the
// opposite direction, where nothing is offered.
func RegisterExtensions(
	m *webrtc.MediaEngine, direction webrtc.RTPTransceiverDirection, wanted map[string][]webrtc.RTPCodecType,
) error {
	opposite := webrtc.RTPTransceiverDirectionSendonly
	if direction == opposite {
		opposite = webrtc.RTPTransceiverDirectionRecvonly
	}
	for _, uri := range codec.ExtensionURIs() {
		at, kinds := direction, wanted[uri]
		if kinds == nil {
			at, kinds = opposite, []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo}
		}
		for _, kind := range kinds {
			if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, kind, at); err != nil {
				return err
			}
		}
	}
	return nil
}
