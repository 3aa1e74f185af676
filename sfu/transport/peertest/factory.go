package peertest

import (
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"

	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/transport"
	"github.com/diemcau/diemcau/sfu/transport/peer"
)

// Factory opens viewer connections.
type Factory struct {
	api  *webrtc.API
	cert webrtc.Certificate
}

var _ transport.Factory = (*Factory)(nil)

// New returns a Factory.
func New(c peer.Config) (transport.Factory, error) {
	settings, err := c.SettingEngine()
	if err != nil {
		return nil, err
	}
	var media webrtc.MediaEngine
	feedback := []webrtc.RTCPFeedback{
		{Type: "goog-remb"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"},
	}
	for _, p := range []webrtc.RTPCodecParameters{peer.VP8(feedback...), peer.RTX()} {
		if err := media.RegisterCodec(p, webrtc.RTPCodecTypeVideo); err != nil {
			return nil, err
		}
	}
	opus := peer.Opus()
	opus.RTCPFeedback = []webrtc.RTCPFeedback{{Type: "nack"}}
	if err := media.RegisterCodec(opus, webrtc.RTPCodecTypeAudio); err != nil {
		return nil, err
	}
	err = peer.RegisterExtensions(&media, webrtc.RTPTransceiverDirectionSendonly, map[string][]webrtc.RTPCodecType{
		codec.URIAbsSendTime: {webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo},
	})
	if err != nil {
		return nil, err
	}
	api := webrtc.NewAPI(
		webrtc.WithSettingEngine(settings), webrtc.WithMediaEngine(&media),
		webrtc.WithInterceptorRegistry(&interceptor.Registry{}), // none; without a registry Pion takes its defaults
	)
	return &Factory{api: api, cert: c.Certificate}, nil
}

// Close does nothing: the port belongs to the node.
func (f *Factory) Close() error { return nil }
