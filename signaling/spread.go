package signaling

import (
	"time"

	"github.com/gorilla/websocket"
)

// What goes to everyone goes to so many sockets at a time: ten thousand writers that wake at once keep the processors for a
// tenth of a second, and whoever gives the floor next waits behind them. Ten thousand pages are told within 0.2 s.
const (
	spreadAtOnce = 256
	spreadEvery  = 5 * time.Millisecond
)

// spread is a message on its way to everyone. The one that follows takes its place where it has not come yet.
type spread struct {
	message *websocket.PreparedMessage // nil before the first
	at      int                        // whose turn is next
	left    int                        // how many have not had their turn
}

// spreads are the connections of an audience in the order of their turns, and what is on its way to them. Who has left
// keeps a place in the order for a while. It belongs to the coordinator's goroutine.
type spreads struct {
	conns    map[*conn]*member  // of the audience
	consoles map[*conn]*console // of the audience

	order   []*conn
	state   spread
	speaker spread
	next    time.Time // when the next ones have their turn
}

// enter gives a connection, which was told what there is, a turn with all that comes.
func (s *spreads) enter(c *conn) {
	if s.tidy() { // it is there already
		return
	}
	s.order = append(s.order, c)
	for _, on := range []*spread{&s.state, &s.speaker} {
		if on.left > 0 { // the turns behind the one at the end move by one
			on.left++
		}
	}
}

// tidy forgets those who have left, once they are most or nobody is there, and reports that.
func (s *spreads) tidy() bool {
	if len(s.conns) > 0 && len(s.order) < 2*len(s.conns)+spreadAtOnce {
		return false
	}
	s.order = s.order[:0:0]
	for c := range s.conns {
		s.order = append(s.order, c)
	}
	for _, on := range []*spread{&s.state, &s.speaker} {
		if on.at = 0; on.left > 0 {
			on.left = len(s.order)
		}
	}
	return true
}

// publish sends a message to consoles, who act on it, and to the first of the others at once, and to the rest by and by.
func (s *spreads) publish(on *spread, message *websocket.PreparedMessage) {
	for c := range s.consoles {
		c.sendPrepared(message)
	}
	on.message, on.left = message, len(s.order)
	s.pass(on)
	s.next = time.Now().Add(spreadEvery)
}

// hasten sends one that becomes a console what is on its way to everyone: it has no turn any more.
func (s *spreads) hasten(c *conn) {
	for _, on := range []*spread{&s.state, &s.speaker} {
		if on.left > 0 {
			c.sendPrepared(on.message)
		}
	}
}

// carryOn gives the next ones their turns when it is time, and returns when to be called again; zero when all were told.
func (s *spreads) carryOn(now time.Time) (again time.Duration) {
	if s.state.left+s.speaker.left > 0 && !now.Before(s.next) {
		s.pass(&s.state)
		s.pass(&s.speaker)
		s.next = now.Add(spreadEvery)
	}
	if s.state.left+s.speaker.left == 0 {
		return 0
	}
	return s.next.Sub(now)
}

func (s *spreads) pass(on *spread) {
	for range min(on.left, spreadAtOnce) {
		on.at %= len(s.order)
		c := s.order[on.at]
		on.at++
		on.left--
		if _, console := s.consoles[c]; !console { // which was told at once
			c.sendPrepared(on.message)
		}
	}
}
