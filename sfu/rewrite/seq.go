// Package rewrite continues one RTP stream from several: sequence numbers, timestamps and VP8 picture ids go on
// without a step back while the source behind them changes. All of it is plain arithmetic.
package rewrite

// historyLen is how many switches back a SeqMap can still be inverted.
const historyLen = 8

// maxRun is how far a point may lie behind before it is moved on, so that comparisons modulo 2^16 stay right.
const maxRun = 1 << 13

// Shift is what a run adds, beside the sequence number, so that its output goes on from the run before: to
// timestamps, VP8 picture ids and TL0PICIDX. It is zero where they go on by themselves.
type Shift struct {
	Time uint32
	ID   uint16
	TL0  uint8
}

type point struct {
	stream  uint8
	in, out uint16 // in and everything after it, until the next point, goes to out and after
	shift   Shift
}

// SeqMap numbers packets taken in turn from several input streams as one gapless output stream, and finds the
// input of an output number again. A switch point begins a run: from there on input and output numbers differ by
// a constant. Losses within a run stay visible as gaps. The zero value has no runs.
type SeqMap struct {
	points [historyLen]point // newest first
	n      int
}

// Switch begins a run: input number in of stream goes to output number out, and so on upward. shift is kept with
// the run for the caller. Runs from out on, which gave nothing out or whose numbers are free again, are forgotten.
func (m *SeqMap) Switch(stream uint8, in, out uint16, shift Shift) {
	void := 0
	for void < m.n && int16(m.points[void].out-out) >= 0 {
		void++
	}
	m.n = 1 + copy(m.points[1:], m.points[void:m.n])
	m.points[0] = point{stream, in, out, shift}
}

// Skip leaves an input number of the present run out; what follows it closes the gap.
func (m *SeqMap) Skip(in uint16) {
	p := &m.points[0]
	m.Switch(p.stream, in+1, p.out+in-p.in, p.shift)
}

// Out returns the output number of an input number and its run's shift; false if it belongs to no run that is
// still known, or fell into what a switch left out.
func (m *SeqMap) Out(stream uint8, in uint16) (out uint16, shift Shift, ok bool) {
	for i := range m.n {
		p := &m.points[i]
		ahead := in - p.in
		if p.stream != stream || int16(ahead) < 0 {
			continue
		}
		out = p.out + ahead
		if i == 0 {
			m.advance(ahead)
		} else if int16(out-m.points[i-1].out) >= 0 {
			return 0, Shift{}, false
		}
		return out, p.shift, true
	}
	return 0, Shift{}, false
}

// In is the inverse of Out.
func (m *SeqMap) In(out uint16) (stream uint8, in uint16, shift Shift, ok bool) {
	for i := range m.n {
		p := &m.points[i]
		if ahead := out - p.out; int16(ahead) >= 0 {
			return p.stream, p.in + ahead, p.shift, true
		}
	}
	return 0, 0, Shift{}, false
}

// advance moves the newest point after a run that is far on, and forgets points too old to compare with.
func (m *SeqMap) advance(ahead uint16) {
	if ahead < 2*maxRun {
		return
	}
	p := &m.points[0]
	p.in += maxRun
	p.out += maxRun
	for m.n > 1 && p.out-m.points[m.n-1].out >= 2*maxRun {
		m.n--
	}
}

// Latest returns the stream and the shift of the present run; false if there is none.
func (m *SeqMap) Latest() (stream uint8, shift Shift, ok bool) {
	return m.points[0].stream, m.points[0].shift, m.n > 0
}
