package signaling

import (
	"context"
	"slices"
	"strconv"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// maxThumbs is the number of thumbnails in a console's monitor.
const maxThumbs = 12

// handler carries out one type of request. A returned error is the answer; nil means that the answer comes
// later, or that there is none.
type handler func(ctx context.Context, c *conn, id int64, m protocol.Message) error

// handlers is the table of all requests of an attached connection but leave and pong.
func handlers() map[protocol.Type]handler {
	h := map[protocol.Type]handler{}
	on(h, onAnswer)
	on(h, onPeerFailed)
	on(h, onWatch)
	on(h, onReceived)
	on(h, onReceive)
	on(h, onFrozen)
	on(h, onMicrophone)
	command(h, func(protocol.Start) meeting.Command { return meeting.StartSession{} })
	command(h, func(protocol.End) meeting.Command { return meeting.EndSession{} })
	command(h, func(protocol.RaiseHand) meeting.Command { return meeting.RaiseHand{} })
	command(h, func(m protocol.LowerHand) meeting.Command { return meeting.LowerHand{Endpoint: m.Endpoint} })
	command(h, func(m protocol.StandBy) meeting.Command { return meeting.SetStandBy{Endpoint: m.Endpoint, On: m.On} })
	command(h, func(m protocol.Grant) meeting.Command {
		return meeting.GrantSlot{Endpoint: m.Endpoint, Slot: meeting.Slot(m.Slot)}
	})
	command(h, func(m protocol.Revoke) meeting.Command {
		return meeting.RevokeSlot{Endpoint: m.Endpoint, Slot: meeting.Slot(m.Slot)}
	})
	command(h, func(protocol.Confirm) meeting.Command { return meeting.Confirm{} })
	command(h, func(m protocol.Mute) meeting.Command { return meeting.SetMuted{Endpoint: m.Endpoint, Muted: m.Muted} })
	command(h, func(m protocol.Remove) meeting.Command {
		return meeting.SetRemoved{Endpoint: m.Endpoint, Removed: m.Removed}
	})
	command(h, func(m protocol.RollCall) meeting.Command {
		if m.Open {
			return meeting.BeginRollCall{}
		}
		return meeting.EndRollCall{}
	})
	command(h, func(m protocol.RollCallAnswer) meeting.Command {
		return meeting.AnswerRollCall{ID: m.RollCall, Headcount: m.Headcount}
	})
	command(h, func(m protocol.Headcount) meeting.Command { return meeting.DeclareHeadcount{Headcount: m.Headcount} })
	command(h, func(m protocol.Delegates) meeting.Command {
		var cmd meeting.DeclareDelegates
		for _, d := range m.Delegates {
			cmd.Delegates = append(cmd.Delegates, meeting.Delegate(d))
		}
		return cmd
	})
	command(h, func(m protocol.Lock) meeting.Command { return meeting.SetLocked{Locked: m.Locked} })
	command(h, func(m protocol.HandOver) meeting.Command { return meeting.HandOverChair{To: m.To} })
	command(h, func(m protocol.Agenda) meeting.Command { return meeting.MoveAgenda{Item: m.Item} })
	command(h, func(m protocol.Budget) meeting.Command { return meeting.SetBudget{Kbps: m.Kbps} })
	command(h, func(m protocol.SendMessage) meeting.Command { return meeting.SendMessage{To: m.To, Text: m.Text} })
	return h
}

// on enters a handler under the type of its message.
func on[M protocol.Message](h map[protocol.Type]handler, f func(ctx context.Context, c *conn, id int64, m M) error) {
	var zero M
	h[zero.MessageType()] = func(ctx context.Context, c *conn, id int64, m protocol.Message) error {
		return f(ctx, c, id, m.(M)) //nolint:forcetypeassert // the table is keyed by the type
	}
}

// command enters a message that is a command of the meeting; it is answered when its events are on disk.
func command[M protocol.Message](h map[protocol.Type]handler, make func(M) meeting.Command) {
	on(h, func(ctx context.Context, c *conn, id int64, m M) error {
		return c.coord.do(ctx, request{admit: c.admits(m), cmd: make(m), by: c.actor(), done: func(err error) { c.reply(id, err) }})
	})
}

// admits checks a message against its row in access.txt when its turn has come.
func (c *conn) admits(m protocol.Message) func() error {
	row, target := c.srv.access["ws "+string(m.MessageType())], targetOf(m)
	return func() error {
		if err := c.srv.Links().stands(c.who.Holder); err != nil {
			return err
		}
		return c.authorise(row, target)
	}
}

// targetOf is the endpoint or unit that a message concerns, nil if it concerns none. Empty is the sender's own.
func targetOf(m protocol.Message) *string {
	switch m := m.(type) {
	case protocol.LowerHand:
		return &m.Endpoint
	case protocol.StandBy:
		return &m.Endpoint
	case protocol.Grant:
		return &m.Endpoint
	case protocol.Revoke:
		return &m.Endpoint
	case protocol.Mute:
		return &m.Endpoint
	case protocol.Remove:
		return &m.Endpoint
	case protocol.Watch:
		return &m.Endpoint
	case protocol.SendMessage:
		return &m.To
	}
	return nil
}

func onAnswer(_ context.Context, c *conn, id int64, m protocol.Answer) error {
	if err := c.peers.answer(m.Peer, m.SDP); err != nil {
		return err
	}
	c.reply(id, nil)
	return nil
}

func onPeerFailed(_ context.Context, c *conn, id int64, m protocol.PeerFailed) error {
	p, ok := c.peers.get(m.Peer)
	if !ok {
		return refusal(protocol.CodeUnknownPeer, m.Peer)
	}
	c.log.Info("a page gave a peer up", "peer", p.ID, "reason", shorten(m.Reason, maxDevice))
	c.coord.mediaEvents.add(p, func(n *peerEvents) { n.failed = true })
	c.reply(id, nil)
	return nil
}

func onReceive(_ context.Context, c *conn, id int64, m protocol.Receive) error {
	switch wanted := Wanted(m.Pictures); wanted {
	case AllPictures, LowPictures, NoPictures:
		c.peers.receive(wanted)
		c.reply(id, nil)
		return nil
	}
	return &meeting.Error{Code: meeting.CodeBadValue, Detail: "pictures " + m.Pictures}
}

func onFrozen(ctx context.Context, c *conn, id int64, m protocol.Frozen) error {
	return c.coord.do(ctx, request{admit: c.admits(m), work: func() error { return c.coord.audience.froze(c, m) }, done: func(err error) { c.reply(id, err) }})
}

func onMicrophone(ctx context.Context, c *conn, id int64, m protocol.Microphone) error {
	switch m.Problem {
	case "", "talking", "system":
	default:
		return &meeting.Error{Code: meeting.CodeBadValue, Detail: "microphone " + m.Problem}
	}
	return c.coord.do(ctx, request{
		work: func() error {
			if a := c.coord.audience; a.conns[c] != nil {
				a.stage.unheard(c.who.Endpoint, m.Problem)
			}
			return nil
		},
		done: func(err error) { c.reply(id, err) },
	})
}

func onWatch(ctx context.Context, c *conn, id int64, m protocol.Watch) error {
	if !slices.Contains(monitorSlots(), m.Slot) {
		return &meeting.Error{Code: meeting.CodeBadValue, Detail: "slot " + m.Slot}
	}
	return c.coord.do(ctx, request{
		admit: c.admits(m),
		work: func() error {
			a := c.coord.audience
			switch {
			case a.conns[c] == nil || isOver(a.session):
				return &meeting.Error{Code: meeting.CodeSessionEnded, Detail: "watch"}
			case m.Endpoint != "" && a.members[m.Endpoint] == nil:
				return &meeting.Error{Code: meeting.CodeUnknownEndpoint, Detail: m.Endpoint}
			}
			a.watch(c, m.Slot, m.Endpoint)
			return nil
		},
		done: func(err error) { c.reply(id, err) },
	})
}

// monitorSlots are the private slots of a console.
func monitorSlots() []string {
	slots := []string{"preview"}
	for i := range maxThumbs {
		slots = append(slots, "thumb"+strconv.Itoa(i+1))
	}
	return slots
}
