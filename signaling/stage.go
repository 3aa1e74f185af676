package signaling

import (
	"github.com/diemcau/diemcau/meeting"
	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"
)

// A State goes to everyone: this many a second at most, and as many at once.
const (
	stateRate  = 4
	stateBurst = 8
)

// stage is what the slots show, as the media plane and everyone in the session were last told.
type stage struct {
	session *meeting.View
	media   Media
	forget  func() // drops what is kept only while the session runs

	feeds  map[meeting.Slot]Feed
	video  map[meeting.Slot]bool // pictures flow
	mics   map[string]string     // by endpoint, why nobody hears who speaks there
	budget int                   // kbit/s
	closed bool                  // the session is over

	state stageState // as everyone was told last
	pace  *rate.Limiter
}

func newStage(s *meeting.View, media Media, forget func()) *stage {
	return &stage{
		session: s, media: media, forget: forget, feeds: map[meeting.Slot]Feed{}, video: map[meeting.Slot]bool{}, mics: map[string]string{},
		pace: rate.NewLimiter(stateRate, stateBurst),
	}
}

// feed tells the media plane what the slots show now, and when the session is over.
func (st *stage) feed() {
	for _, slot := range meeting.Slots() {
		if f := feedOf(st.session, slot); f != st.feeds[slot] {
			st.feeds[slot] = f
			st.media.SetFeed(st.session.ID, string(slot), f)
		}
	}
	if st.session.BudgetKbps != st.budget {
		st.budget = st.session.BudgetKbps
		st.media.SetBudget(st.session.ID, st.budget)
	}
	if isOver(st.session) && !st.closed {
		st.closed = true
		st.forget()
		st.media.CloseSession(st.session.ID)
	}
}

// unheard notes why nobody hears who speaks at an endpoint; nothing when there is no reason any more.
func (st *stage) unheard(endpoint, problem string) {
	if problem == "" {
		delete(st.mics, endpoint)
	} else {
		st.mics[endpoint] = problem
	}
}

// restate encodes the State if anything but the count in it has changed; otherwise it returns nil. Unless now is set it may
// wait, to keep the pace.
func (st *stage) restate(present, convened int, now bool) *websocket.PreparedMessage {
	// The count alone is no reason: a State goes to everyone.
	state := stageOf(st.session, st.video, st.mics, convened)
	if state == st.state || !now && !st.pace.Allow() {
		return nil
	}
	stated, err := encodeOnce(state.message(st.session, present))
	if err != nil {
		return nil
	}
	st.state = state
	return stated
}

func isOver(s *meeting.View) bool {
	return s.Phase == meeting.PhaseEnded || s.Phase == meeting.PhaseSealed
}
