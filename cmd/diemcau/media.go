package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/diemcau/diemcau/sfu"
	"github.com/diemcau/diemcau/signaling"
)

// mediaPlane joins the meeting's wishes (signaling.Media) to the SFU, which knows neither meetings nor people.
type mediaPlane struct {
	node *sfu.Node

	mu     sync.Mutex
	events signaling.MediaEvents
	peers  map[string]mediaPeer
	stages map[string]bool // sessions whose stage reports to events
}

// mediaPeer is a viewer or a publisher of the SFU.
type mediaPeer interface {
	Answer(sdp string) error
	Close() error
}

func newMediaPlane(node *sfu.Node) *mediaPlane {
	return &mediaPlane{node: node, peers: map[string]mediaPeer{}, stages: map[string]bool{}}
}

// report says who is told what happens; it is called once, before the first peer.
func (m *mediaPlane) report(to signaling.MediaEvents) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = to
}

func (m *mediaPlane) stage(session string) *sfu.Stage {
	stage := m.node.Stage(session)
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.stages[session] {
		m.stages[session] = true
		events := m.events
		stage.OnSlot(func(slot sfu.SlotID, live bool) {
			if name, ok := slot.VideoName(); ok {
				events.SlotVideo(session, name, live)
			}
		})
	}
	return stage
}

// Open makes a peer connection of the SFU.
func (m *mediaPlane) Open(_ context.Context, p signaling.Peer) (string, error) {
	stage := m.stage(p.Session)
	m.mu.Lock()
	events := m.events
	m.mu.Unlock()
	onState := func(s sfu.State) {
		switch s {
		case sfu.Connected:
			events.PeerConnected(p)
		case sfu.Failed:
			events.PeerFailed(p, "connection lost")
		case sfu.New, sfu.Closed:
		}
	}
	peer, offer, err := open(stage, p, onState, events)
	if err != nil {
		return "", err
	}
	m.mu.Lock()
	m.peers[p.ID] = peer
	m.mu.Unlock()
	return offer, nil
}

func open(stage *sfu.Stage, p signaling.Peer, onState func(sfu.State), events signaling.MediaEvents) (mediaPeer, string, error) {
	if p.Kind == signaling.PeerPublisher {
		pub, err := stage.OpenPublisher(sfu.PublisherParams{ID: p.ID, Owner: p.Endpoint, OnState: onState})
		if err != nil {
			return nil, "", err
		}
		return pub, pub.Offer(), nil
	}
	params := sfu.ViewerParams{ID: p.ID, Owner: p.Endpoint, Slots: sfu.StageSlots, OnState: onState}
	if p.Kind == signaling.PeerMonitor {
		params.Slots = sfu.MonitorSlots
	} else {
		params.OnReceiving = func(receiving bool, at time.Time) { events.Receiving(p, receiving, at) }
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

// Close ends a peer connection; an unknown one is already gone.
func (m *mediaPlane) Close(id string) {
	m.mu.Lock()
	p := m.peers[id]
	delete(m.peers, id)
	m.mu.Unlock()
	if p != nil {
		_ = p.Close() // the path is gone either way
	}
}

// SetFeed routes camera and microphone, or screen and its sound, of an endpoint to a slot.
func (m *mediaPlane) SetFeed(session, slot string, f signaling.Feed) {
	stage := m.stage(session)
	video, audio := sfu.Camera, sfu.Microphone
	if slot == "presentation" {
		video, audio = sfu.Screen, sfu.ScreenAudio
	}
	speaker := f.Endpoint
	if !f.Audio {
		speaker = ""
	}
	stage.Feed(sfu.AudioSlot(slot), speaker, audio)
	stage.Feed(sfu.VideoSlot(slot), f.Endpoint, video)
}

// SetWatch routes an endpoint's camera (and, in the preview, microphone) to a console's private slot.
func (m *mediaPlane) SetWatch(peerID, slot, endpoint string) {
	v, ok := m.peer(peerID).(*sfu.Viewer)
	if !ok {
		return
	}
	_ = v.FeedMonitor(sfu.VideoSlot(slot), endpoint, sfu.Camera) // a slot that is not there shows nothing
	if slot == "preview" {
		_ = v.FeedMonitor(sfu.AudioSlot(slot), endpoint, sfu.Microphone)
	}
}

// CloseSession ends the stage of a session with all its peers.
func (m *mediaPlane) CloseSession(session string) {
	m.mu.Lock()
	delete(m.stages, session)
	m.mu.Unlock()
	m.node.CloseStage(session)
}
