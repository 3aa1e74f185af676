package access

import (
	"sync"

	"github.com/diemcau/diemcau/meeting"
	"golang.org/x/time/rate"
)

// What one seat may ask in a second (SiteRate: a site), over all its sockets and requests together, and at once. A console shows hundreds of
// sites, and asks for the picture of each.
const (
	SiteRate, siteBurst       = 20, 100
	consoleRate, consoleBurst = 100, 1000
)

// Limits holds a token bucket for each seat that has asked for something lately. Its keys are of tokens that were
// verified, so there are no more of them than links and accounts.
type Limits struct {
	mu      sync.Mutex
	buckets map[string]*rate.Limiter
	sweepAt int // buckets
	times   int // what is written above
}

const sweepSeats = 1024

// NewLimits makes limits of so many times the usual ones.
func NewLimits(times int) *Limits {
	return &Limits{buckets: map[string]*rate.Limiter{}, sweepAt: sweepSeats, times: times}
}

// Of returns the bucket of who asks; one without bounds for an administrator.
func (l *Limits) Of(who Identity) *rate.Limiter {
	seat := who.SeatKey()
	if seat == "" {
		return rate.NewLimiter(rate.Inf, 0)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[seat]
	if b == nil {
		if len(l.buckets) >= l.sweepAt {
			l.sweep()
		}
		perSecond, burst := consoleRate, consoleBurst
		if who.Account == nil && who.Role == string(meeting.RoleSite) {
			perSecond, burst = SiteRate, siteBurst
		}
		b = rate.NewLimiter(rate.Limit(perSecond*l.times), burst*l.times)
		l.buckets[seat] = b
	}
	return b
}

// sweep forgets the buckets that are full again: a new one is the same.
func (l *Limits) sweep() {
	for seat, b := range l.buckets {
		if b.Tokens() >= float64(b.Burst()) {
			delete(l.buckets, seat)
		}
	}
	l.sweepAt = max(sweepSeats, 2*len(l.buckets))
}
