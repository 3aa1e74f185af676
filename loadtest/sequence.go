package loadtest

// span is how far behind the highest sequence number a packet may still arrive and be told from a repeated one.
const span = 2048

// arrival says what a sequence number was.
type arrival int

const (
	fresh     arrival = iota
	duplicate         // came before
	stale             // too old to tell
)

// sequence counts the packets of one stream, each number once whichever way it came (RFC 3550 A.1). Numbers are
// extended to 64 bits from the first one seen. Within a measurement it counts what arrived and, once a number is
// span behind or the measurement is settled, what did not.
type sequence struct {
	started bool
	highest int64
	seen    [span / 64]uint64 // by number modulo span

	measuring  bool
	from, to   int64 // numbers above from, up to to when that was set
	received   int64
	duplicates int64
	lost       int64
}

// put takes a number that arrived and returns it extended. Missed is how many numbers it skipped.
func (s *sequence) put(number uint16) (extended, missed int64, what arrival) {
	if !s.started {
		s.started, s.highest = true, int64(number)
		s.from = min(s.from, s.highest-1)
		s.set(s.highest)
		s.count(s.highest)
		return s.highest, 0, fresh
	}
	extended = s.extend(number)
	switch ahead := extended - s.highest; {
	case ahead > 0:
		for n := s.highest + 1; n <= extended; n++ {
			s.forget(n)
		}
		s.highest = extended
		s.set(extended)
		s.count(extended)
		return extended, ahead - 1, fresh
	case ahead <= -span:
		return extended, 0, stale
	case s.has(extended):
		if s.within(extended) {
			s.duplicates++
		}
		return extended, 0, duplicate
	default:
		s.set(extended)
		s.count(extended)
		return extended, 0, fresh
	}
}

// extend returns the number nearest to the highest one.
func (s *sequence) extend(number uint16) int64 {
	return s.highest + int64(int16(number-uint16(s.highest)))
}

// forget makes room for number n: what stood in its place is span older, and lost if it never came.
func (s *sequence) forget(n int64) {
	if old := n - span; s.within(old) && !s.has(n) {
		s.lost++
	}
	s.seen[uint64(n)%span/64] &^= 1 << (uint64(n) % 64)
}

func (s *sequence) set(n int64)      { s.seen[uint64(n)%span/64] |= 1 << (uint64(n) % 64) }
func (s *sequence) has(n int64) bool { return s.seen[uint64(n)%span/64]&(1<<(uint64(n)%64)) != 0 }
func (s *sequence) within(n int64) bool {
	return s.measuring && n > s.from && n <= s.to
}

func (s *sequence) count(n int64) {
	if s.within(n) {
		s.received++
	}
}

// begin starts a measurement with the next number.
func (s *sequence) begin() {
	s.measuring, s.from, s.to = true, s.highest, 1<<62
	s.received, s.duplicates, s.lost = 0, 0, 0
	if !s.started {
		s.from = 1 << 62 // put sets it to the first number
	}
}

// end fixes the last number of the measurement; late repairs up to it still count.
func (s *sequence) end() { s.to = s.highest }

// settle counts what of the measurement is still missing as lost.
func (s *sequence) settle() {
	if !s.measuring || !s.started {
		return
	}
	for n := max(s.from, s.highest-span) + 1; n <= min(s.to, s.highest); n++ {
		if !s.has(n) {
			s.lost++
		}
	}
	s.measuring = false
}
