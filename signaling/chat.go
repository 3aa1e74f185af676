package signaling

import (
	"maps"
	"slices"
	"time"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// keptMessages is how many written messages a session keeps at hand for who comes later; all are in the ledger.
const keptMessages = 500

// chatMessage is a message with its time.
type chatMessage struct {
	*meeting.MessageSent
	at time.Time
}

// chat is the messages of a session, as far as it is kept at hand.
type chat struct {
	session *meeting.View
	kept    []chatMessage
}

func (p *chat) keep(w chatMessage) {
	if p.kept = append(p.kept, w); len(p.kept) > keptMessages {
		p.kept = slices.Delete(p.kept, 0, 1)
	}
}

// deliver hands a message to those who may read it and are there, and keeps it for those who come.
func (p *chat) deliver(a *audience, w chatMessage) {
	p.keep(w)
	readers := maps.Keys(a.conns)
	toConsoles := w.To == meeting.ToSecretariat
	if toConsoles {
		readers = maps.Keys(a.consoles)
		if from := a.members[w.From]; from != nil && from.conn != nil && p.site(w.From) {
			from.conn.send(p.view(w)) // its author is not among the readers
		}
	}
	sendTo(p.view(w), func(yield func(*conn) bool) {
		for c := range readers {
			if toConsoles && p.site(c.who.Endpoint) || !p.session.Addressed(w.MessageSent, c.who.Endpoint) {
				continue
			}
			if !yield(c) {
				return
			}
		}
	})
}

// recall sends a connection that has just come what was written to it before.
func (p *chat) recall(c *conn) {
	var list []protocol.ChatMessage
	for _, w := range p.kept {
		if p.session.Addressed(w.MessageSent, c.who.Endpoint) {
			list = append(list, p.view(w))
		}
	}
	if len(list) == 0 {
		return
	}
	c.enqueue(func() error { // one place in the queue for all of them
		for _, v := range list {
			if err := c.write(v); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *chat) site(endpoint string) bool {
	return p.session.Endpoint(endpoint).Role == meeting.RoleSite
}

func (p *chat) view(w chatMessage) protocol.ChatMessage {
	v := protocol.ChatMessage{From: w.From, To: w.To, Text: w.Text, AtMs: ms(w.at)}
	if from := p.session.Endpoint(w.From); from != nil {
		v.FromName = from.Name
	}
	return v
}
