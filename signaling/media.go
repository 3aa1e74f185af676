// Package signaling is the meeting plane's server: it authenticates connections, runs one Coordinator
// goroutine per session and speaks the protocol over WebSocket and the API over HTTP. Media packets never
// pass through it; what it needs of the media plane is the Media interface.
package signaling

import (
	"context"
	"time"

	"github.com/diemcau/diemcau/signaling/protocol"
)

// PeerKind says what a peer connection is for.
type PeerKind string

// The kinds of peer connection.
const (
	PeerViewer    PeerKind = "viewer"    // the stage, sent to one connection
	PeerPublisher PeerKind = "publisher" // camera, microphone and screen of one connection
	PeerMonitor   PeerKind = "monitor"   // a console's private slots
)

// Peer identifies one peer connection.
type Peer struct {
	Session  string
	Endpoint string // owner: its own sound is never sent back to it
	Conn     string
	ID       string // unique in the server
	Kind     PeerKind
}

// seat names the owner of a peer among all sessions.
func (p Peer) seat() string { return p.Session + "/" + p.Endpoint }

// Feed is what a slot of the stage shows. The zero Feed is nothing. Slots but the presentation take camera and
// microphone of the endpoint; the presentation its screen and the screen's sound.
type Feed struct {
	Endpoint string
	Audio    bool // false while muted
}

// Wanted is which pictures a viewer is sent.
type Wanted string

// The choices of a site with a weak or costly line.
const (
	AllPictures Wanted = "all"
	LowPictures Wanted = "low"  // the smallest rendition of each
	NoPictures  Wanted = "none" // sound alone
)

// Relays is a TURN server as the meeting needs it: by it pages in closed networks reach the media plane.
type Relays interface {
	// ICEServers makes credentials for the peer connections of an owner.
	ICEServers(owner string) []protocol.ICEServer
	// End closes what an owner has open, and makes void what it was given before.
	End(owner string)
}

// noRelays stands for no TURN server.
type noRelays struct{}

// ICEServers implements Relays.
func (noRelays) ICEServers(string) []protocol.ICEServer { return nil }

// End implements Relays.
func (noRelays) End(string) {}

// Media is the media plane as the meeting needs it. Its methods do not wait for the network.
type Media interface {
	// Open makes a peer connection and returns its SDP offer, complete with candidates.
	Open(ctx context.Context, p Peer) (offer string, err error)
	// Answer applies the client's SDP; an error means that it is not acceptable.
	Answer(ctx context.Context, peerID, sdp string) error
	Close(peerID string)
	// SetFeed says what a stage slot shows from now on, resolved to the endpoint's publisher whenever it has one.
	SetFeed(session, slot string, f Feed)
	// SetWatch does the same for a private slot of a monitor peer; an empty endpoint is nothing.
	SetWatch(peerID, slot, endpoint string)
	// SetPictures says which pictures a viewer peer is sent from now on.
	SetPictures(peerID string, wanted Wanted)
	// Line tells how the stage reaches a viewer peer; false if there is none.
	Line(peerID string) (Line, bool)
	// SetBudget limits what each viewer of a session is sent; 0 is no limit.
	SetBudget(session string, kbps int)
	// Delivered sums up what a viewer peer was sent; of one that is not there, nothing.
	Delivered(peerID string) Delivery
	// CloseSession ends everything of a session.
	CloseSession(session string)
}

// MediaEvents is what the media plane tells the meeting. The calls come from its goroutines and must not block.
type MediaEvents interface {
	PeerConnected(p Peer)
	PeerFailed(p Peer, reason string)
	// Receiving says that receiver reports of a viewer peer began or ceased to show the stage arriving.
	Receiving(p Peer, receiving bool, at time.Time)
	// SlotVideo says that pictures of a stage slot began or ceased to flow.
	SlotVideo(session, slot string, flowing bool)
	// Demand says what anybody is to be sent of a publisher's camera: the highest simulcast layer, -1 for none.
	Demand(p Peer, top int)
	// Speaking says that a publisher's microphone began or ceased to carry speech.
	Speaking(p Peer, speaking bool)
	// Quality reports a viewer's round trip and loss, at most every few seconds.
	Quality(p Peer, rtt time.Duration, lossPct int)
}
