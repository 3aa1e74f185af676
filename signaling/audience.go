package signaling

import (
	"maps"
	"sync"
	"time"

	"github.com/diemcau/diemcau/internal/fault"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/gorilla/websocket"
)

// member is an endpoint as the coordinator sees it beyond the meeting's state.
type member struct {
	conn      *conn // nil while nothing is attached
	counted   bool  // in audience.present
	viewerUp  bool  // its viewer peer is connected
	reception reception
	rtt       time.Duration
	lossPct   int
	row       string    // last rowState
	since     time.Time // of row
	told      siteRow   // last one sent to consoles
	self      selfState // last one sent on conn
	position  int       // in the queue of hands, from 1
	watchers  int       // monitor slots that show it
	speech    string    // the publisher peer that speech is heard on
	contest   contest
}

// audience is who is connected to a session and what they were last told. It belongs to the coordinator's
// goroutine. Between settle calls it gathers what changed; the cost of one site's change does not depend on
// the number of sites.
type audience struct {
	board
	metrics *metrics

	conns    map[*conn]*member
	seated   *sync.Map // of each endpoint that is connected its *conn, for who looks from outside
	present  int       // connected sites
	convened int

	touched  map[string]struct{} // endpoints whose own state changed
	everyone bool                // a change that concerns all endpoints
	hands    bool                // the queue changed
	list     bool                // sites came or went
	heading  bool                // what the session is called or is about changed

	recording recording
	stage     *stage
	spreads   spreads
	speakers  activeSpeakers
	chat      *chat
}

func newAudience(s *meeting.View, seated *sync.Map, media Media, m *metrics, forget func()) *audience {
	a := &audience{
		board: board{
			session: s, members: make(map[string]*member, len(s.Order)), consoles: map[*conn]*console{}, units: unitsView(s), rows: map[string]struct{}{},
		},
		metrics: m, seated: seated, stage: newStage(s, media, forget), chat: &chat{session: s}, conns: map[*conn]*member{}, touched: map[string]struct{}{},
	}
	a.recording.consoles = a.consoles
	a.spreads.conns, a.spreads.consoles = a.conns, a.consoles
	a.seat()
	return a
}

// seat gives a place to each endpoint that has none, and counts the sites that are convened. It reports whether there was one
// without. Whatever looks for an endpoint of the session counts on its place: it is there as soon as the endpoint is.
func (a *audience) seat() (came bool) {
	a.convened = 0
	for _, code := range a.session.Order {
		ep := a.session.Endpoint(code)
		if a.members[code] == nil {
			a.members[code] = &member{row: rowState(a.session, ep, false), since: ep.LostAt}
			came = true
		}
		if ep.Convened() {
			a.convened++
		}
	}
	return came
}

// happened takes note of an event that is on disk.
func (a *audience) happened(ev meeting.Event, at time.Time) {
	if code := ev.Subject(); code != "" {
		a.touched[code] = struct{}{}
	}
	switch e := ev.(type) {
	case *meeting.Opened, *meeting.Started, *meeting.Ended, *meeting.Sealed, *meeting.RollCallOpened, *meeting.RollCallEnded:
		a.everyone = true
	case *meeting.HandRaised, *meeting.HandLowered, *meeting.Granted, *meeting.RemovalChanged:
		a.hands = true
	case *meeting.SitesAdded, *meeting.SiteWithdrawn, *meeting.SiteRestored:
		a.list, a.hands = true, true
	case *meeting.TitleChanged, *meeting.AgendaChanged, *meeting.HelpPhoneSet, *meeting.Moved:
		a.heading = true
	case *meeting.ChairHandedOver:
		a.seatConsole(e.From)
		a.seatConsole(e.To)
		if m := a.members[e.To]; m != nil && m.conn != nil {
			a.spreads.hasten(m.conn)
		}
	case *meeting.MessageSent:
		a.chat.deliver(a, chatMessage{e, at})
	case *meeting.NamesErased:
		a.chat.kept = nil
		a.everyone, a.list, a.heading = true, true, true // all of which bear what is erased
	case *meeting.Lost:
		a.detach(e.Endpoint, e.Conn, e.Why)
	case *meeting.Left:
		a.detach(e.Endpoint, e.Conn, e.Why)
	}
}

// attach puts a connection in its endpoint's place and tells it all it needs.
func (a *audience) attach(c *conn, now time.Time) error {
	ep := a.session.Endpoint(c.who.Endpoint)
	if ep.Conn == nil || ep.Conn.ID != c.id { // another one came within the same batch
		return &meeting.Error{Code: meeting.CodeStaleConnection, Detail: "taken over at once"}
	}
	m := a.members[ep.Code]
	m.conn, m.viewerUp, m.reception, m.rtt, m.lossPct, m.self, m.speech = c, false, reception{}, 0, 0, selfState{}, ""
	a.conns[c] = m
	a.seated.Store(ep.Code, c)
	a.metrics.connections.WithLabelValues(string(ep.Role)).Inc()
	c.send(welcomeView(a.session, ep, c.id, c.srv, now))
	a.announce(a.spreads.state.message == nil)
	c.sendPrepared(a.spreads.state.message)
	if said := a.spreads.speaker.message; said != nil {
		c.sendPrepared(said)
	}
	a.spreads.enter(c)
	a.touched[ep.Code] = struct{}{}
	a.seatConsole(ep.Code)
	a.chat.recall(c)
	return nil
}

// detach ends the socket of a connection that the meeting no longer knows.
func (a *audience) detach(code, conn string, why meeting.EndReason) {
	m := a.members[code]
	if m == nil || m.conn == nil || m.conn.id != conn {
		return
	}
	c := m.conn
	m.conn, m.viewerUp = nil, false
	a.stage.unheard(code, "")
	delete(a.conns, c)
	delete(a.consoles, c)
	a.seated.Delete(code)
	a.metrics.connections.WithLabelValues(c.who.Role).Dec()
	for slot := range maps.Clone(c.watching) {
		a.watch(c, slot, "")
	}
	c.peers.shut()
	c.close(ending(why))
	a.spreads.tidy()
}

// ending is how a socket is closed by the reason that the meeting gives for the end of its connection.
func ending(why meeting.EndReason) fault.Fault {
	f := fault.Fault{Close: websocket.CloseNormalClosure, Code: string(why)}
	switch why {
	case meeting.EndTakenOver, meeting.EndReplaced:
		f.Close = protocol.CloseTakenOver
	case meeting.EndRemoved:
		f.Close = protocol.CloseRemoved
	case meeting.EndWithdrawn:
		f.Close = protocol.CloseWithdrawn
	case meeting.EndRevoked:
		f.Close = protocol.CloseBadToken
	case meeting.EndTimeout:
		f.Close = protocol.CloseTimeout
	case meeting.EndRestart:
		f.Close = protocol.CloseRestart
	case meeting.EndPageClosed, meeting.EndClosed:
	}
	return f
}

// settle makes media and people follow the session after a batch of changes.
func (a *audience) settle(now time.Time) {
	a.stage.feed()
	if a.list {
		a.seat()
	}
	if a.everyone {
		for _, code := range a.session.Order {
			a.touched[code] = struct{}{}
		}
	}
	if a.hands || a.everyone {
		a.queue()
	}
	for code := range a.touched {
		a.refresh(code, now)
	}
	a.touched = emptied(a.touched)
	if a.list { // after the rows are what they are
		a.relist()
	}
	if a.heading {
		a.broadcast(protocol.Session{Session: SessionInfo(a.session)})
	}
	a.everyone, a.hands, a.list, a.heading = false, false, false, false
	a.announce(false)
}

// emptied returns an empty set. One that was large is let go: to clear it would cost its size ever after.
func emptied(set map[string]struct{}) map[string]struct{} {
	if len(set) > 1000 {
		return map[string]struct{}{}
	}
	clear(set)
	return set
}

// queue tells everyone in the queue whose position changed.
func (a *audience) queue() {
	for i, code := range a.session.Hands {
		if m := a.members[code]; m.position != i+1 {
			m.position = i + 1
			a.sendSelf(code)
		}
	}
}

// announce sends the State to everyone if it is another than they have. As each goes to everyone, there is a bound on how
// many go at once; a change over it waits for the next flush.
func (a *audience) announce(now bool) {
	if stated := a.stage.restate(a.present, a.convened, now); stated != nil {
		a.spreads.publish(&a.spreads.state, stated)
	}
}

// refresh brings one endpoint's row, peers and Self up to date.
func (a *audience) refresh(code string, now time.Time) {
	ep, m := a.session.Endpoint(code), a.members[code]
	if ep == nil || m == nil {
		return
	}
	if row := rowState(a.session, ep, m.viewerUp); row != m.row {
		m.row, m.since = row, now
		if row == rowLost {
			m.since = ep.LostAt
		}
	}
	if ep.HandAt.IsZero() {
		m.position = 0
	}
	if ep.Role == meeting.RoleSite {
		if there := ep.Conn != nil; there != m.counted {
			m.counted = there
			if there {
				a.present++
			} else {
				a.present--
			}
		}
		if !ep.Withdrawn {
			a.rows[code] = struct{}{}
		}
	}
	a.sendSelf(code)
}

// sendSelf opens and closes an endpoint's peers as its state asks, and sends its Self if that changed.
func (a *audience) sendSelf(code string) {
	ep, m := a.session.Endpoint(code), a.members[code]
	if m.conn == nil {
		return
	}
	publish := !isOver(a.session) && (toPublish(a.session, ep) || m.watchers > 0)
	switch {
	case isOver(a.session):
		m.conn.peers.retire()
	case publish:
		m.conn.peers.want(PeerViewer)
		m.conn.peers.want(PeerPublisher)
	default:
		m.conn.peers.want(PeerViewer)
		m.conn.peers.unwant(PeerPublisher, publisherLinger)
	}
	if self := selfOf(a.session, ep, m.position, publish); self != m.self {
		m.self = self
		m.conn.send(self.message(ep.Delegates))
	}
}

// broadcast sends one message to everyone.
func (a *audience) broadcast(m protocol.Message) { sendTo(m, maps.Keys(a.conns)) }

// sendTo sends one message to several, encoded once.
func sendTo(m protocol.Message, to func(func(*conn) bool)) {
	prepared, err := encodeOnce(m)
	if err != nil {
		return
	}
	for c := range to {
		c.sendPrepared(prepared)
	}
}

// encodeOnce encodes a message for several sockets.
func encodeOnce(m protocol.Message) (*websocket.PreparedMessage, error) {
	text, err := protocol.Encode(m, 0)
	if err != nil {
		return nil, err
	}
	return websocket.NewPreparedMessage(websocket.TextMessage, text)
}

// memberOf returns the member that a peer belongs to, nil when its connection has ended.
func (a *audience) memberOf(p Peer) *member {
	if m := a.members[p.Endpoint]; m != nil && m.conn != nil && m.conn.id == p.Conn {
		return m
	}
	return nil
}

// onPeerEvents takes in what the media plane or the page told of one member's peer. It returns that the stage began or
// ceased to arrive there, nil if neither. A viewer that failed receives nothing any more, and what is still heard of
// one that was replaced does not count.
func (a *audience) onPeerEvents(m *member, n peerEvents, now time.Time) *meeting.ObserveReceiving {
	viewer := m.conn.peers.id(PeerViewer) == n.peer.ID
	if n.failed {
		m.conn.peers.fail(n.peer.ID)
	}
	if m.conn.peers.id(PeerPublisher) == n.peer.ID {
		m.onPublisherEvents(n)
	}
	if !viewer {
		return nil
	}
	receiving := m.reception.told
	if n.failed {
		m.viewerUp, m.reception = false, reception{}
		a.touched[n.peer.Endpoint] = struct{}{}
		if receiving {
			return &meeting.ObserveReceiving{Endpoint: n.peer.Endpoint, Conn: n.peer.Conn, Evidence: meeting.EvidenceReports, At: now}
		}
		return nil
	}
	if n.connected {
		m.viewerUp = true
		a.touched[n.peer.Endpoint] = struct{}{}
	}
	if n.measured && worthTelling(m, n) {
		m.rtt, m.lossPct = n.rtt, n.lossPct
		a.touched[n.peer.Endpoint] = struct{}{}
	}
	return m.reception.update(n, m.conn.page.promises())
}

// onPublisherEvents takes in what the media plane told of a member's publisher.
func (m *member) onPublisherEvents(n peerEvents) {
	if n.demand != nil {
		m.conn.send(protocol.Demand{Peer: n.peer.ID, Top: *n.demand})
	}
	if n.speaking != nil {
		m.speech = ""
		if *n.speaking {
			m.speech = n.peer.ID
		}
	}
}

// worthTelling keeps consoles from a row for every millisecond of ten thousand lines.
func worthTelling(m *member, n peerEvents) bool {
	drift := (n.rtt - m.rtt).Abs()
	return drift > 50*time.Millisecond || drift > m.rtt/3 || max(n.lossPct-m.lossPct, m.lossPct-n.lossPct) >= 2
}

// watch changes what a console's private slot shows; a watched endpoint publishes.
func (a *audience) watch(c *conn, slot, endpoint string) {
	if before := a.members[c.watching[slot]]; before != nil {
		before.watchers--
		a.touched[c.watching[slot]] = struct{}{}
	}
	delete(c.watching, slot)
	if m := a.members[endpoint]; m != nil {
		c.watching[slot] = endpoint
		m.watchers++
		a.touched[endpoint] = struct{}{}
	}
	c.peers.watch(slot, endpoint)
}

// closeAll ends every socket.
func (a *audience) closeAll(f fault.Fault) {
	for c := range a.conns {
		c.close(f)
	}
}
