package signaling

import (
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// What pages are told of a seat, of a row and of the stage is taken from the session by value, so that it costs nothing to see
// that nothing changed; a message is made of it only where something did.

// heldSlots are slots of the stage, a bit each in the order of meeting.Slots.
type heldSlots uint8

func slotsOf(s *meeting.View, code string) (held heldSlots) {
	for i, slot := range meeting.Slots() {
		if g := s.Grants[slot]; g != nil && g.Endpoint == code {
			held |= 1 << i
		}
	}
	return held
}

func (h heldSlots) names() (names []string) {
	for i, slot := range meeting.Slots() {
		if h&(1<<i) != 0 {
			names = append(names, string(slot))
		}
	}
	return names
}

// onFloor reports whether there is one beside the presentation.
func (h heldSlots) onFloor() bool {
	for i, slot := range meeting.Slots() {
		if h&(1<<i) != 0 && slot != meeting.SlotPresentation {
			return true
		}
	}
	return false
}

// selfState is an endpoint's own state, as its page is told of it. The zero one was never told.
type selfState struct {
	told                              bool
	muted, standBy, publish, answered bool
	handAtMs                          int64
	position, headcount               int // position in the queue of hands
	slots                             heldSlots
	delegates                         *meeting.Delegate // the first: a list is replaced as a whole
}

func selfOf(s *meeting.View, ep *meeting.Endpoint, position int, publish bool) selfState {
	v := selfState{
		told: true, muted: ep.Muted, standBy: ep.StandBy, publish: publish, handAtMs: ms(ep.HandAt), position: position, headcount: ep.Headcount,
		slots: slotsOf(s, ep.Code),
	}
	if rc := s.OpenRollCall(); rc != nil {
		v.answered = ep.Reply.RollCall == rc.ID
	}
	if len(ep.Delegates) > 0 {
		v.delegates = &ep.Delegates[0]
	}
	return v
}

// message is what the page is told; delegates are those of the endpoint.
func (v selfState) message(delegates []meeting.Delegate) protocol.Self {
	m := protocol.Self{
		Muted: v.muted, HandAtMs: v.handAtMs, HandPosition: v.position, StandBy: v.standBy,
		Publish: v.publish, Slots: v.slots.names(), Headcount: v.headcount, Answered: v.answered,
	}
	for _, d := range delegates {
		m.Delegates = append(m.Delegates, protocol.Delegate(d))
	}
	return m
}

// siteRow is a site, as consoles are told of it. The zero one was never told.
type siteRow struct {
	code, state                                   string
	receiving, standBy, muted, removed, answered  bool
	handAtMs, sinceMs, answeredAfterMs            int64
	headcount, rttMs, lossPct, elsewhere, takenBy int
	slots                                         heldSlots
}

func rowOf(s *meeting.View, ep *meeting.Endpoint, m *member) siteRow {
	v := siteRow{
		code: ep.Code, state: rowState(s, ep, m.viewerUp), receiving: ep.Receiving, handAtMs: ms(ep.HandAt), standBy: ep.StandBy,
		muted: ep.Muted, slots: slotsOf(s, ep.Code), removed: ep.Removed, headcount: ep.Headcount, sinceMs: ms(m.since),
		rttMs: int(m.rtt.Milliseconds()), lossPct: m.lossPct,
	}
	v.elsewhere, v.takenBy = m.contest.shown()
	if rc := s.RollCall; rc.ID > 0 && ep.Reply.RollCall == rc.ID {
		v.answered, v.answeredAfterMs = true, ep.Reply.At.Sub(rc.OpenedAt).Milliseconds()
	}
	return v
}

func (v siteRow) message() protocol.SiteState {
	return protocol.SiteState{
		Code: v.code, State: v.state, Receiving: v.receiving, HandAtMs: v.handAtMs, StandBy: v.standBy, Muted: v.muted, Slots: v.slots.names(),
		Removed: v.removed, Headcount: v.headcount, Answered: v.answered, AnsweredAfterMs: v.answeredAfterMs, RTTMs: v.rttMs, LossPct: v.lossPct,
		SinceMs: v.sinceMs, OpenedElsewhere: v.elsewhere, TakenOver: v.takenBy,
	}
}

// stageState is what everyone sees, but for how many are there. The zero one was never told.
type stageState struct {
	told                                    bool
	phase, chair, agendaItem, callOffReason string
	startedAtMs, endedAtMs, agendaAtMs      int64
	convened, rollCall, budgetKbps          int
	locked, calledOff                       bool
	slots                                   [4]slotState // in the order of meeting.Slots
}

// slotState is one slot; the zero one is free.
type slotState struct {
	endpoint, state, away, microphone string
	onAirMs                           int64
	muted, video                      bool
}

func stageOf(s *meeting.View, video map[meeting.Slot]bool, microphones map[string]string, convened int) stageState {
	v := stageState{
		told: true, phase: string(s.Phase), startedAtMs: ms(s.StartedAt), endedAtMs: ms(s.EndedAt), convened: convened,
		chair: s.Chair, locked: s.Locked, agendaItem: s.AgendaItem, agendaAtMs: ms(s.AgendaAt), budgetKbps: s.BudgetKbps,
		calledOff: s.CalledOff, callOffReason: s.CallOffReason,
	}
	if rc := s.OpenRollCall(); rc != nil {
		v.rollCall = rc.ID
	}
	for i, slot := range meeting.Slots() {
		g := s.Grants[slot]
		if g == nil {
			continue
		}
		ep, one := s.Endpoint(g.Endpoint), &v.slots[i]
		*one = slotState{endpoint: g.Endpoint, state: string(g.State), away: awayView(ep), onAirMs: ms(g.OnAirAt), video: video[slot]}
		if slot != meeting.SlotPresentation {
			one.muted, one.microphone = ep.Muted, microphones[g.Endpoint]
		}
	}
	return v
}

// message is what everyone is told; the names are those of the session.
func (v stageState) message(s *meeting.View, present int) protocol.State {
	m := protocol.State{
		Phase: v.phase, StartedAtMs: v.startedAtMs, EndedAtMs: v.endedAtMs, Stage: []protocol.StageSlot{}, Present: present, Convened: v.convened,
		Chair: v.chair, Locked: v.locked, AgendaItem: v.agendaItem, AgendaAtMs: v.agendaAtMs, BudgetKbps: v.budgetKbps,
		CalledOff: v.calledOff, CallOffReason: v.callOffReason, RollCall: v.rollCall,
	}
	for i, slot := range meeting.Slots() {
		one := v.slots[i]
		if one.endpoint == "" {
			continue
		}
		m.Stage = append(m.Stage, protocol.StageSlot{
			Slot: string(slot), Endpoint: one.endpoint, Name: s.Endpoint(one.endpoint).Name, Parents: ParentNames(s, one.endpoint), State: one.state,
			Away: one.away, OnAirMs: one.onAirMs, Muted: one.muted, Microphone: one.microphone, Video: one.video,
		})
	}
	return m
}
