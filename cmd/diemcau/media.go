package main

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/diemcau/diemcau/sfu"
	"github.com/diemcau/diemcau/signaling"
)

// mediaPlane joins the meeting's wishes (signaling.Media) to the SFU, which knows neither meetings nor people.
type mediaPlane struct {
	node   *sfu.Node
	events atomic.Pointer[signaling.MediaEvents] // who is told what happens; nil until the meeting plane is there

	mu    sync.Mutex
	peers map[string]mediaPeer
}

// mediaPeer is a viewer or a publisher of the SFU.
type mediaPeer interface {
	Answer(sdp string) error
	Close()
}

// newMediaPlane opens an SFU.
func newMediaPlane(cfg sfu.Config, log *slog.Logger, reg prometheus.Registerer) (*mediaPlane, error) {
	m := &mediaPlane{peers: map[string]mediaPeer{}}
	cfg.OnSlot = func(stage string, slot sfu.SlotID, live bool) {
		if name, isVideo := strings.CutPrefix(string(slot), string(sfu.VideoSlot(""))); isVideo {
			m.notify(func(e signaling.MediaEvents) { e.SlotVideo(stage, name, live) })
		}
	}
	node, err := sfu.New(cfg, log, reg)
	if err != nil {
		return nil, err
	}
	m.node = node
	return m, nil
}

func (m *mediaPlane) report(to signaling.MediaEvents) { m.events.Store(&to) }

func (m *mediaPlane) notify(what func(signaling.MediaEvents)) {
	if e := m.events.Load(); e != nil {
		what(*e)
	}
}

// Open makes a peer connection of the SFU.
func (m *mediaPlane) Open(_ context.Context, p signaling.Peer) (string, error) {
	peer, offer, err := m.open(m.node.Stage(p.Session), p)
	if err != nil {
		return "", err
	}
	m.mu.Lock()
	m.peers[p.ID] = peer
	m.mu.Unlock()
	return offer, nil
}

func (m *mediaPlane) open(stage *sfu.Stage, p signaling.Peer) (mediaPeer, string, error) {
	onState := func(s sfu.State) {
		if s == sfu.Connected {
			m.notify(func(e signaling.MediaEvents) { e.PeerConnected(p) })
		}
		if s == sfu.Failed {
			m.notify(func(e signaling.MediaEvents) { e.PeerFailed(p, "connection lost") })
		}
	}
	if p.Kind == signaling.PeerPublisher {
		pub, err := stage.OpenPublisher(sfu.PublisherParams{
			ID: p.ID, Owner: p.Endpoint, OnState: onState,
			OnDemand:   func(top int) { m.notify(func(e signaling.MediaEvents) { e.Demand(p, top) }) },
			OnSpeaking: func(speaking bool) { m.notify(func(e signaling.MediaEvents) { e.Speaking(p, speaking) }) },
		})
		if err != nil {
			return nil, "", err
		}
		return pub, pub.Offer(), nil
	}
	params := sfu.ViewerParams{ID: p.ID, Owner: p.Endpoint, Slots: sfu.StageSlots, OnState: onState}
	if p.Kind == signaling.PeerMonitor {
		params.Slots = sfu.MonitorSlots
	} else {
		params.OnQuality = func(rtt time.Duration, loss float64) {
			m.notify(func(e signaling.MediaEvents) { e.Quality(p, rtt, int(math.Round(loss*100))) })
		}
		params.OnReceiving = func(receiving bool, at time.Time) {
			m.notify(func(e signaling.MediaEvents) { e.Receiving(p, receiving, at) })
		}
	}
	viewer, err := stage.OpenViewer(params)
	if err != nil {
		return nil, "", err
	}
	return viewer, viewer.Offer(), nil
}

func (m *mediaPlane) peer(id string) mediaPeer {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.peers[id]
}

// Answer completes a peer connection.
func (m *mediaPlane) Answer(_ context.Context, id, sdp string) error {
	p := m.peer(id)
	if p == nil {
		return fmt.Errorf("no peer %s", id)
	}
	return p.Answer(sdp)
}

// Close ends a peer connection at once and waits for nothing; an unknown one is already gone.
func (m *mediaPlane) Close(id string) {
	m.mu.Lock()
	p := m.peers[id]
	delete(m.peers, id)
	m.mu.Unlock()
	if p != nil {
		p.Close()
	}
}

// SetFeed routes camera and microphone, or screen and its sound, of an endpoint to a slot.
func (m *mediaPlane) SetFeed(session, slot string, f signaling.Feed) {
	stage := m.node.Stage(session)
	video, audio := sfu.SourceCamera, sfu.SourceMicrophone
	if slot == "presentation" {
		video, audio = sfu.SourceScreen, sfu.SourceScreenAudio
	}
	speaker := f.Endpoint
	if !f.Audio {
		speaker = ""
	}
	_ = stage.Feed(sfu.AudioSlot(slot), speaker, audio) // a slot that is not there shows nothing
	_ = stage.Feed(sfu.VideoSlot(slot), f.Endpoint, video)
}

// SetWatch routes an endpoint's camera (and, in the preview, microphone) to a console's private slot.
func (m *mediaPlane) SetWatch(peerID, slot, endpoint string) {
	v, ok := m.peer(peerID).(*sfu.Viewer)
	if !ok {
		return
	}
	_ = v.FeedMonitor(sfu.VideoSlot(slot), endpoint, sfu.SourceCamera)
	if slot == "preview" {
		_ = v.FeedMonitor(sfu.AudioSlot(slot), endpoint, sfu.SourceMicrophone)
	}
}

// SetPictures bounds the pictures that a viewer is sent.
func (m *mediaPlane) SetPictures(peerID string, wanted signaling.Wanted) {
	v, ok := m.peer(peerID).(*sfu.Viewer)
	if !ok {
		return
	}
	switch wanted {
	case signaling.AllPictures:
		v.SetTop(2)
	case signaling.LowPictures:
		v.SetTop(0)
	case signaling.NoPictures:
		v.SetTop(-1)
	}
}

// Line tells how the stage reaches a viewer.
func (m *mediaPlane) Line(peerID string) (signaling.Line, bool) {
	v, ok := m.peer(peerID).(*sfu.Viewer)
	if !ok {
		return signaling.Line{}, false
	}
	st := v.Stats()
	line := signaling.Line{RTT: st.RTT, Loss: st.LossRate, Budget: st.Budget, Starved: st.Starved, NoVP8: len(st.Slots) > 0}
	for _, s := range st.Slots {
		name, isVideo := strings.CutPrefix(string(s.Slot), string(sfu.VideoSlot("")))
		line.NoVP8 = line.NoVP8 && !isVideo
		line.Slots = append(line.Slots, signaling.SlotLine{
			Slot: strings.TrimPrefix(name, string(sfu.AudioSlot(""))), Video: isVideo, Rendition: s.Rendition, Bitrate: s.Bitrate,
			Loss: s.LossRate, Jitter: s.Jitter, Packets: s.Packets, Retransmissions: s.Retransmissions, Lost: s.Lost,
		})
	}
	return line, true
}

// SetBudget bounds what each viewer of a session is sent.
func (m *mediaPlane) SetBudget(session string, kbps int) {
	m.node.Stage(session).SetBudget(int64(kbps) * 1000)
}

// Delivered sums up what a viewer was sent.
func (m *mediaPlane) Delivered(peerID string) signaling.Delivery {
	v, ok := m.peer(peerID).(*sfu.Viewer)
	if !ok {
		return signaling.Delivery{}
	}
	st := v.Stats()
	return signaling.Delivery{
		Packets: st.Sent, Lost: st.Missed, Low: st.Shown.By[0], Medium: st.Shown.By[1], High: st.Shown.By[2], Nothing: st.Shown.Nothing,
		Arriving: st.Arriving,
	}
}

// CloseSession ends the stage of a session with all its peers, at once.
func (m *mediaPlane) CloseSession(session string) {
	m.node.CloseStage(session)
}
