package sfu

import (
	"cmp"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/sfu/adapt"
	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/pace"
	"github.com/diemcau/diemcau/sfu/transport"
)

const (
	// paddingSize is the padding of one packet, the most that RTP can say (RFC 3550 5.1).
	paddingSize = 255
	// maxProbing bounds the viewers of a shard that are probed at a time: when thousands enter together the padding
	// must not fill the uplink of the server.
	maxProbing = 16
	// Rates and estimates count payload, a line carries headers too: those of a sound's packets in bit/s, and the share of a
	// picture's.
	soundHeaders   = 50 * 8 * wireOverhead
	pictureHeaders = 0.08
	// paceFactor is how much faster than its average a stream may leave at least, so that no queue stays.
	paceFactor = 1.2
	// paceTime is how slowly that follows a stream that grows: a large keyframe is not to set its own pace.
	paceTime = 2 * time.Second
	// paddingTick is how often a probe sends.
	paddingTick = 20 * time.Millisecond
)

// adaptation of one viewer to its line. Its shard owns it, but for what statistics read.
type adaptation struct {
	viewer  *Viewer
	control *adapt.Controller
	video   []*leg // in the order in which they are kept to the last
	streams []adapt.Stream
	loss    lossWindow
	levels  []int
	padding float64 // bit/s to send now
	owed    float64 // bits of padding
	pace    float64 // bit/s at which what is sent may leave at least
	pacedAt time.Duration
	used    float64      // bit/s that are sent, without padding
	budget  atomic.Int64 // for statistics
	starved atomic.Bool  // no picture fits
}

// begin takes over the legs of a viewer.
func (a *adaptation) begin(v *Viewer, now time.Duration) {
	a.viewer, a.control = v, adapt.NewController(now)
	for _, l := range v.legs {
		if l.media.Kind == transport.Video {
			a.video = append(a.video, l)
		}
	}
	slices.SortStableFunc(a.video, func(x, y *leg) int { return cmp.Compare(x.slot.spec.Rank, y.slot.spec.Rank) })
	a.streams, a.levels = make([]adapt.Stream, len(a.video)), make([]int, len(a.video))
}

// SetTop bounds the rendition of every picture, as a site with a weak or costly line may choose: 0 to 2, the most, or
// -1 for sound alone.
func (v *Viewer) SetTop(top int) {
	for _, l := range v.adapt.video {
		l.top.Store(int32(min(top, l.slot.spec.Top)))
	}
}

// SetBudget bounds what is sent to every viewer of the stage, in bit/s; 0 is no bound.
func (s *Stage) SetBudget(bitrate int64) { s.budget.Store(bitrate) }

// divide divides the budget among the legs.
func (a *adaptation) divide(s *shard, now time.Duration) {
	v := a.viewer
	var sound, headers float64
	for _, l := range v.legs {
		if l.cur != none && l.media.Kind == transport.Audio {
			sound += float64(l.slot.rates[0].Load()) * float64(1+l.redundant(now))
			headers += soundHeaders
		}
	}
	for i, l := range a.video {
		stream := &a.streams[i]
		*stream = adapt.Stream{Top: int(l.top.Load()), Current: l.cur}
		if l.cur == none { // it waits for a keyframe
			stream.Current = l.target
		}
		if !l.active || l.ownSource(l.slot.from.Load()) {
			stream.Top = adapt.Off
		}
		for r := range renditions {
			stream.Rates[r] = float64(l.slot.rates[r].Load())
		}
	}
	budget, ceiling := a.control.Budget(), float64(v.stage.budget.Load())
	unknown, spare := a.control.Unknown(), 0.0
	if !a.control.Limited() {
		spare = math.Inf(1)
	}
	if ceiling > 0 {
		budget, spare, unknown = min(budget, ceiling), min(spare, ceiling), false
	}
	left, used := budget-sound, sound
	next := adapt.Allocate(a.streams, left, spare-sound, a.levels)
	starved := false
	for i := range a.video {
		level := a.levels[i]
		if level != none {
			left -= a.streams[i].Rates[level]
			used += a.streams[i].Rates[level]
		}
		starved = starved || level == none && a.streams[i].Top != adapt.Off && a.streams[i].Rates != [adapt.Levels]float64{}
	}
	for i, l := range a.video {
		level := a.levels[i]
		level = withAbsent(&a.streams[i], level, left)
		if level != none && level < l.cur && a.control.Congested(now) {
			l.stop(s, DropPacer) // what the line cannot carry stops at once, so that sound gets through
			l.slot.requestKeyframe(level)
		}
		l.aim(s, level)
	}
	if next > 0 {
		next += sound
	}
	if ceiling > 0 && next > ceiling || len(s.probing) >= maxProbing && !a.control.Probing() {
		next = 0
	}
	a.padding = a.control.Step(now, used, next, a.prober() != nil)
	if a.padding > 0 {
		s.probing[v] = struct{}{}
	}
	headers += (used - sound) * pictureHeaders
	rate, burst := max(budget, a.follow((used+headers)*paceFactor, now)), pace.Burst
	if unknown && rate < pace.Threshold {
		rate, burst = pace.Threshold, pace.FirstBurst
	} else if a.pace > budget && a.control.Doubtful() { // no keyframe is held back for it
		rate = max(rate, adapt.Initial)
	}
	v.pacer.SetRate(int(rate), burst)
	s.schedule.Update(&v.pacer)
	a.used = used
	a.budget.Store(int64(budget))
	a.starved.Store(starved)
}

// carries is what the line is taken to carry at least, in bit/s.
func (a *adaptation) carries() float64 { return max(float64(a.budget.Load()), a.used) }

// follow returns the pace of a stream of that rate with all its headers: what is less at once, what is more in paceTime.
func (a *adaptation) follow(rate float64, now time.Duration) float64 {
	a.pace = min(rate, a.pace+max(0, rate-a.pace)*min(1, float64(now-a.pacedAt)/float64(paceTime)))
	a.pacedAt = now
	return a.pace
}

// withAbsent raises a level to what may be taken up at once when it comes: renditions that do not arrive yet and that
// what is left of the budget would nominally pay for. Of an idle slot at least the lowest.
func withAbsent(s *adapt.Stream, level int, left float64) int {
	base, idle := 0.0, s.Rates == [adapt.Levels]float64{}
	if level != none {
		base = s.Rates[level]
	}
	for r := level + 1; r <= s.Top && s.Rates[r] == 0; r++ {
		if nominalRate(transport.Video, r)-base > left && (r > 0 || !idle) {
			break
		}
		level = r
	}
	return level
}

// aim sets the rendition that a leg is to be on, none for no picture.
func (l *leg) aim(s *shard, target int) {
	if target == l.target {
		return
	}
	before := l.target
	l.target = target
	if l.media.Kind != transport.Video {
		return
	}
	l.slot.demand.add(before, -1)
	l.slot.demand.add(target, 1)
	if target == none {
		l.stop(s, DropPacer)
	}
}

// prober is the leg whose RTX stream can carry padding, one that is being sent or could be if there is; nil if the
// viewer took none.
func (a *adaptation) prober() (idle *leg) {
	for _, l := range a.video {
		switch {
		case !l.active || !l.rtx:
		case l.cur != none:
			return l
		case idle == nil || idle.slot.owner() == "" && l.slot.owner() != "":
			idle = l
		}
	}
	return idle
}

// pad sends the padding of one paddingTick: packets of nothing else on an RTX stream, where they disturb no numbers.
func (a *adaptation) pad(s *shard, now time.Duration) {
	v, l := a.viewer, a.prober()
	if a.padding == 0 || l == nil {
		delete(s.probing, v)
		a.owed = 0
		return
	}
	a.owed = min(a.owed+a.padding*paddingTick.Seconds(), a.padding*0.1)
	sendTime := absSendTime(s.node.wall(now))
	payload := s.padding[:]
	for a.owed >= 8*(wireOverhead+paddingSize) { // its packets are small: on the line they are more than their payload
		a.owed -= 8 * (wireOverhead + paddingSize)
		l.rtxSeq++
		l.header.patch(l.media.RTXSSRC, codec.PayloadRTX, false, l.rtxSeq, l.last, sendTime)
		l.header[0] |= paddingBit
		err := v.conn.WriteRTP(s.batch, l.header[:], payload)
		l.header[0] &^= paddingBit
		if err != nil {
			s.node.drops.Add(DropWrite, 1)
		}
	}
}
