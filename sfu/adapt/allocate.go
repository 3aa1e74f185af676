// Package adapt decides what a viewer's line can carry: a Controller turns receiver estimates and loss into a budget,
// Allocate divides the budget among the streams. It is plain arithmetic on the times it is given; docs/adaptation.md
// describes it.
package adapt

// Levels is the most renditions that a stream has.
const Levels = 3

// Off is the level of a stream that is not sent.
const Off = -1

// Stream is a video stream that competes for a viewer's budget.
type Stream struct {
	// Rates are the bit rates of its renditions, lowest first, in bit/s; 0 is one that does not arrive.
	Rates [Levels]float64
	// Top is the highest level that is allowed, Off for none.
	Top int
	// Current is the level that is being sent. It is kept a little longer than it would be taken up, so that a
	// rate that wavers does not make the level waver.
	Current int
}

// What a rate counts for: one that is sent already may exceed its share by an eighth, a new one needs a tenth more. A
// picture is given up altogether only when what is left is half of its rate: a line that truly carries no more makes
// itself felt again at once.
const (
	keepFactor = 7.0 / 8
	lastFactor = 1.0 / 2
	takeFactor = 1.1
)

func (s *Stream) cost(level int) float64 {
	if level == Off {
		return 0
	}
	if level <= s.Current {
		return s.Rates[level] * keepFactor
	}
	return s.Rates[level] * takeFactor
}

// need is what must be left for the lowest rendition to be sent.
func (s *Stream) need(low int) float64 {
	if s.Current != Off {
		return s.Rates[low] * lastFactor
	}
	return s.Rates[low] * takeFactor
}

// Allocate sets levels[i] to the level that streams[i] is to be sent at within a budget in bit/s. The streams are in
// the order in which they are kept to the last: each in turn first gets its lowest rendition, then each in turn the
// highest that what is left pays for. Lowest renditions are sent for up to spare bit/s even if the budget is less: it
// is +Inf while nothing is known of the line. next is the cost of the whole with the first stream that could be higher
// raised by one level, in bit/s; 0 when everything is at its top.
func Allocate(streams []Stream, budget, spare float64, levels []int) (next float64) {
	left := budget
	for i := range streams {
		s := &streams[i]
		levels[i] = Off
		if low := s.above(Off); low != Off && s.need(low) <= max(left, spare) {
			levels[i] = low
			left -= min(left, s.cost(low))
			spare -= s.cost(low)
		}
	}
	for i := range streams {
		s := &streams[i]
		for l := levels[i]; l != Off && l <= s.Top; l++ {
			if extra := s.cost(l) - s.cost(levels[i]); s.Rates[l] > 0 && extra <= left {
				left -= extra
				levels[i] = l
			}
		}
	}
	return wanted(streams, levels)
}

func wanted(streams []Stream, levels []int) float64 {
	raise := Off
	for i := range streams {
		if streams[i].above(levels[i]) != Off {
			raise = i
			break
		}
	}
	if raise == Off {
		return 0
	}
	total := 0.0
	for i := range streams {
		level := levels[i]
		if i == raise {
			level = streams[i].above(level)
		}
		if level != Off {
			total += streams[i].Rates[level] * takeFactor
		}
	}
	return total
}

// above is the next level that arrives and is allowed, Off if there is none.
func (s *Stream) above(level int) int {
	for l := level + 1; l <= s.Top && l < Levels; l++ {
		if s.Rates[l] > 0 {
			return l
		}
	}
	return Off
}
