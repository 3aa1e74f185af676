package link

import (
	"errors"
	"sync"
	"time"

	"github.com/diemcau/diemcau/meeting"
)

// Life is how long after its session a join link stays valid.
const Life = 30 * 24 * time.Hour

// Why a link is refused.
var (
	ErrExpired    = errors.New("the session of the link is long over")
	ErrForeign    = errors.New("the link is none of this session")
	ErrRevoked    = errors.New("the link was revoked")
	ErrSuperseded = errors.New("the link was replaced by a newer one")
	ErrUnknown    = errors.New("the links of the session are not known")
)

// Seat is what a session says of the holder of a link.
type Seat struct {
	Role    meeting.Role
	Scope   string // of a delegated operator: the unit in and below which it sees and steers
	Removed bool   // shut out; it may do nothing
	Chairs  bool

	Withdrawn bool   // convened no more; it may do nothing
	Reason    string // of that
	HelpPhone string // whom it calls
}

// Seats are the links in force of one session: for each seat the serial that is valid. The owner of the session changes
// them in its turn; everybody may ask. Its zero value knows of none.
type Seats struct {
	mu      sync.RWMutex
	known   bool
	serials map[string]int // 0 = revoked
	session *meeting.View  // frozen
}

// Load takes over the serials of the record; a revoked link has 0.
func (s *Seats) Load(serials map[string]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known, s.serials = true, serials
}

// Set makes one serial of a seat the only valid one; 0 = none is.
func (s *Seats) Set(endpoint string, serial int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known {
		s.serials[endpoint] = serial
	}
}

// Follow takes over what the session, frozen, says now of its seats, and until when its links are valid.
func (s *Seats) Follow(session *meeting.View) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.session = session
}

// ValidUntil is when the links of a session end: Life after it, wherever it has been moved to. While it is live they do not.
func ValidUntil(session *meeting.View) time.Time {
	if session.Phase == meeting.PhaseLive {
		return time.Time{}
	}
	last := session.ScheduledAt
	for _, t := range []time.Time{session.OpenedAt, session.StartedAt, session.EndedAt} {
		if t.After(last) {
			last = t
		}
	}
	return last.Add(Life)
}

// Check returns the seat of a link's holder, or why the link is refused.
func (s *Seats) Check(h Holder, now time.Time) (Seat, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if !s.known {
		return Seat{}, ErrUnknown
	}
	serial, issued := s.serials[h.Endpoint]
	var ep *meeting.Endpoint
	if s.session != nil {
		ep = s.session.Endpoint(h.Endpoint)
	}
	switch {
	case !issued, ep == nil, string(ep.Role) != h.Role:
		return Seat{}, ErrForeign
	case serial == 0:
		return Seat{}, ErrRevoked
	case serial != h.Serial:
		return Seat{}, ErrSuperseded
	}
	if until := ValidUntil(s.session); !until.IsZero() && now.After(until) {
		return Seat{}, ErrExpired
	}
	return Seat{
		Role: ep.Role, Scope: ep.Scope, Removed: ep.Removed, Chairs: s.session.Chair == ep.Code,
		Withdrawn: ep.Withdrawn, Reason: ep.WithdrawnFor, HelpPhone: s.session.HelpPhone,
	}, nil
}
