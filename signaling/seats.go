package signaling

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/diemcau/diemcau/internal/admission"
	"github.com/diemcau/diemcau/internal/httpguard"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"golang.org/x/time/rate"
)

// What one seat may ask in a second, over all its sockets and requests together, and at once. A console shows hundreds of
// sites, and asks for the picture of each.
const (
	siteRate, siteBurst       = 20, 100
	consoleRate, consoleBurst = 100, 1000

	costHello    = 10       // of an attachment: it is recorded, told to consoles, and opens peer connections
	costLineTest = 30       // a stage and two peer connections
	costBytes    = 10       // 2 MiB to measure a line by
	bytesPerCost = 16 << 10 // of a message: a larger one costs more
	maxUpload    = 16 << 20 // of an authenticated request, the largest of all; most have a smaller bound
)

// seatLimits holds a token bucket for each seat that has asked for something lately. Its keys are of tokens that were
// verified, so there are no more of them than links and accounts.
type seatLimits struct {
	mu      sync.Mutex
	buckets map[string]*rate.Limiter
	sweepAt int // buckets
	most    int // times what is written above; other than 1 in tests alone
}

const sweepSeats = 1024

func newSeatLimits() *seatLimits {
	return &seatLimits{buckets: map[string]*rate.Limiter{}, sweepAt: sweepSeats, most: 1}
}

// seat names who a token speaks for; "" for the administrator of the machine and administrators' tokens, which are
// trusted with the server as a whole.
func (id Identity) seat() string {
	switch {
	case id.Account != nil:
		return "@" + id.Account.Name
	case id.Session != "":
		return id.Session + "/" + id.Endpoint
	}
	return ""
}

// of returns the bucket of a seat.
func (l *seatLimits) of(who Identity) *rate.Limiter {
	seat := who.seat()
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
		if who.Account == nil && who.Role == string(meeting.Site) {
			perSecond, burst = siteRate, siteBurst
		}
		b = rate.NewLimiter(rate.Limit(perSecond*l.most), burst*l.most)
		l.buckets[seat] = b
	}
	return b
}

// sweep forgets the buckets that are full again: a new one is the same.
func (l *seatLimits) sweep() {
	for seat, b := range l.buckets {
		if b.Tokens() >= float64(b.Burst()) {
			delete(l.buckets, seat)
		}
	}
	l.sweepAt = max(sweepSeats, 2*len(l.buckets))
}

// costOf is what a request of the API costs its seat.
func costOf(pattern string) int {
	switch pattern {
	case "POST /api/v1/rehearsal/line":
		return costLineTest
	case "GET /api/v1/rehearsal/bytes":
		return costBytes
	}
	return 1
}

// costOfMessage is what a message of the socket costs.
func costOfMessage(bytes int) int { return 1 + bytes/bytesPerCost }

// admit counts a request against its seat, and lets its connection and its body be those of somebody known.
func (a *api) admit(w http.ResponseWriter, r *http.Request, who Identity, pattern string) error {
	s := a.srv
	if !s.seats.of(who).AllowN(time.Now(), costOf(pattern)) {
		s.metrics.dropped(dropSeat)
		w.Header().Set("Retry-After", strconv.Itoa(1+costOf(pattern)/siteRate))
		return refusal(protocol.TooMany, "too many requests of this seat")
	}
	seat := who.seat()
	if seat == "" {
		seat = "@@" + who.Endpoint
	}
	admission.FromContext(r.Context()).Known(seat)
	httpguard.Admit(r, maxUpload)
	return nil
}
