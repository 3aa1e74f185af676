package adapt

import (
	"math"
	"time"
)

// What a Controller goes by.
const (
	// Initial is the budget of a line of which nothing is known, in bit/s.
	Initial = 800_000
	// floor is the least budget, in bit/s: sound is always sent.
	floor = 50_000

	// dropFactor tells a falling estimate from noise.
	dropFactor = 0.97
	// An estimate below inTouch of what is being sent lags behind: it only grows by 8 % a second. When it falls even
	// so, backOff of what is being sent is kept.
	inTouch = 0.8
	backOff = 0.7
	// An estimate below the next step must have grown in a probe that did no harm: by lateGrowth where it lags behind, as
	// it then grows by 8 % a second, by probeGrowth where it is near what the browser believes to be the limit.
	lateGrowth  = 1.08
	probeGrowth = 1.01
	// A probe shows a little more than the step needs, as rates waver, and after a failure more: a line that carries it just
	// so would not keep it.
	probeSlack   = 1.1
	carefulSlack = 1.25
	refuted      = 0.95
	// probeQueue bounds the queue that a probe can fill, in time of what the line is known to carry: no more padding goes out
	// beyond what reports have shown to come through unharmed. Sound has to wait in it.
	probeQueue = 250 * time.Millisecond
	// bucket is what lines let through at once at any rate, in bits (16 kB is usual). On a line that has shown a limit, what
	// goes through proves nothing before more than that was sent beyond the limit. Where that lies between what is known to
	// be carried and the step is not known; wantingShare of the step is assumed.
	bucket       = 150_000
	wantingShare = 0.75
	// An estimate is an average of the last second, so right after a line has collapsed it still says too much, and
	// what was sent too much stands in a queue. After a fall below collapse of what is sent, or below it right after a failed probe,
	// only drainShare of it is used for drainTime.
	collapse   = 0.75
	drainShare = 0.7
	drainTime  = time.Second
	// lateLoss is believed at once while the estimate lags behind, as it would not fall.
	lateLoss = 0.10
	// All shares of packets lost are of what exceeds the usual one by more than chance: the loss of a radio link comes at
	// any rate. heavyLoss is believed at once, lastingLoss when two reports in a row show it. More than probeLoss ends a probe.
	heavyLoss   = 0.20
	lastingLoss = 0.08
	probeLoss   = 0.03
	// Of a share chance explains chanceDeviations of the binomial distribution, of which leastLoss is the least mean.
	chanceDeviations = 2
	leastLoss        = 0.01
	// lossyLine is the usual loss from which on a line is one that loses.
	lossyLine = 0.02
	// Loss that neither a round trip nor the estimate bears out shows a limit only where it is drowning: sound does not
	// survive that either. Below, it cuts only what is above farBelow of the budget, and what a cut has not made better than
	// by stillLost was not its fault.
	drowning  = 0.35
	farBelow  = 0.5
	stillLost = 0.6
	testCut   = 0.85

	// delayGain is the weight of a new round trip in their average and in that of their deviation (RFC 6298 2.3), but
	// for its powers of two; what exceeds the average by delayDeviations of it, and by delayLeast, is a queue.
	delayGain       = 0.2
	delayDeviations = 4
	delayLeast      = 100 * time.Millisecond
	// triedLeast is delayLeast of what is being tried: a probe that is ended for nothing costs little.
	triedLeast = 60 * time.Millisecond
	// Of what is sent stillRising is kept when the queue goes on growing after a cut.
	stillRising = 0.5

	// An estimate falls when packets come late, which a computer that was busy for a moment brings about as well as a
	// narrow line. Only the second has a queue: in witnessTime before or after the fall round trips show it, of which
	// a single one may have waited for that computer too. Two that count are queueLasts apart.
	witnessTime = 1500 * time.Millisecond
	queueLasts  = 150 * time.Millisecond
	// A limit that was shown is forgotten when estimates exceed it by this: they are at most 1.5 times what arrives.
	outgrown = 1.5

	// settle is the least time between two cuts for loss: a round trip and a report.
	settle = 900 * time.Millisecond
	// quiet is how long nothing may be wrong before a probe.
	quiet = 3 * time.Second
	// probeTime is how long padding is sent, at a rate that rises to the full one; without estimates, when only a full
	// queue shows that it was too much, longer.
	probeTime      = 2 * time.Second
	blindProbeTime = 3 * time.Second
	// longProbeTime is the most after trouble, until the bucket must be empty.
	longProbeTime = 4 * time.Second
	// estimateGrace is how long after a probe an estimate would have fallen, lossGrace by when a report has come.
	estimateGrace = 500 * time.Millisecond
	lossGrace     = 1300 * time.Millisecond
	// stepTime is the least time between two steps up, trialTime how long after one trouble undoes it.
	stepTime  = time.Second
	trialTime = 6 * time.Second
	// estimateLife is how long an estimate is heeded. Browsers send five each second, the load test's viewers too.
	estimateLife = 5 * time.Second
	// minHold and maxHold bound the wait after a failed probe, which doubles each time. The greatest still lets a
	// line that has recovered be back at its best within 20 s; without estimates a failed probe hurts more.
	minHold      = 4 * time.Second
	maxHold      = 6 * time.Second
	maxBlindHold = 30 * time.Second
)

type phase uint8

const (
	steady  phase = iota
	probing       // padding is being sent
	waiting       // for what the receiver says of it
)

// Controller keeps the budget of one viewer. It falls when the receiver's estimate (REMB) falls or packets are lost;
// it grows with the estimate, and otherwise only after a probe: padding at the rate that the next step would need has
// gone through unharmed. A receiver's estimate cannot grow far beyond what it receives, so without the probe it would
// never show that there is room. Without estimates loss alone decides. Times are those of one monotonic clock.
type Controller struct {
	budget float64

	estimate   float64
	estimateAt time.Duration
	estimated  bool

	drain   time.Duration // until
	drained float64       // the budget after it

	trips
	fellAt time.Duration // last fall of the estimate
	limit  float64       // what the line carries by more than its estimate, 0 while it has not shown that

	losses
	cutAt     time.Duration
	troubleAt time.Duration
	known     bool // the line has shown a limit

	probe
	careful  bool // there was trouble, and no step has proved good since
	hold     time.Duration
	holding  time.Duration // until
	stepped  time.Duration // last step up
	failedAt time.Duration // last failed probe or step
	trying   bool          // it was less than trialTime ago
	before   float64       // budget before it
	used     float64
	looked   time.Duration // last Step
	sending  float64       // with padding, since then
}

// losses is what is known of the packets lost.
type losses struct {
	usualLoss float64
	lossy     int           // reports in a row with lasting loss
	alone     bool          // the last cut was for loss that nothing bears out:
	blamedAt  time.Duration // when
	blamed    float64       // the share
	undo      float64       // the budget before it
}

// trips are the round trips of receiver reports.
type trips struct {
	usualDelay, deviation time.Duration
	fullAt                time.Duration // first of those in a row that are long, 0 while they are not
	queueAt               time.Duration // last that showed a queue
	answered              time.Duration // when the last sender report left that was answered
	off                   time.Duration // by how much its round trip exceeded the usual one
}

// probe is padding at the rate that a step up would need, and what came of it.
type probe struct {
	phase   phase
	began   time.Duration // of the phase
	next    float64       // the budget that is being probed for
	target  float64       // rate of the probe
	sent    float64       // with padding, at most
	atStart float64       // the estimate when it began
	carried float64       // what the line was known to carry then
	wanting float64       // what it may carry though it does not carry the step
	excess  float64       // bits sent beyond that, and nothing came of it: by the probe, and anew by the step
}

// NewController returns a controller with the Initial budget.
func NewController(now time.Duration) *Controller {
	return &Controller{
		budget: Initial, hold: minHold,
		troubleAt: now - quiet, cutAt: now - settle, stepped: now - stepTime, failedAt: now - drainTime,
		trips: trips{queueAt: now - witnessTime}, fellAt: now - witnessTime,
	}
}

// Budget is what may be sent, in bit/s.
func (c *Controller) Budget() float64 { return c.budget }

// Estimate takes a receiver's estimate in bit/s (REMB).
func (c *Controller) Estimate(bitrate float64, now time.Duration) {
	before, saw := c.estimate, c.sees(now)
	c.estimate, c.estimateAt, c.estimated = bitrate, now, true
	switch {
	case !saw:
	case c.phase != steady && bitrate < before: // while more arrives it should grow
		to := c.used
		if before >= c.used*inTouch {
			to = min(to, bitrate)
		}
		c.trouble(to, now)
		return
	case bitrate < before*dropFactor && bitrate < max(c.used, c.budget):
		sent := min(c.used, c.budget)
		if before < c.used*inTouch { // it was far behind what does get through, so only its fall counts
			bitrate = max(bitrate, sent*backOff)
		}
		c.fall(bitrate, sent, now)
		c.fellAt = now
		if now-c.queueAt < witnessTime {
			c.prove()
		}
		return
	}
	failed := c.careful && c.failedAt > c.stepped
	if failed {
		bitrate = min(bitrate, c.next*refuted) // what a probe has shown to be too much is only reached by another
	}
	if bitrate > c.budget && now >= c.drain && (c.phase == steady || bitrate >= c.target) {
		c.budget, c.phase = bitrate, steady
		if bitrate > c.limit*outgrown && !failed {
			c.limit = 0
		}
	}
}

// fall cuts the budget to an estimate that fell, and below it for as long as a queue has to drain.
func (c *Controller) fall(bitrate, sent float64, now time.Duration) {
	overfilled := now-c.failedAt < drainTime && bitrate < c.used
	if bitrate >= sent*collapse && !overfilled {
		c.trouble(bitrate, now)
		return
	}
	c.trouble(min(bitrate, sent)*drainShare, now)
	c.drain, c.drained = now+drainTime, bitrate
}

// Delay takes a round trip of a receiver report, and when the sender report left that it answers. It has the delay of the
// viewer's own uplink in it, so it only speaks against what is being tried: while the padding of a probe fills a queue, an
// estimate that lags behind does not move. Beside an estimate that falls it is the witness that there is a queue, and after a
// cut that it was not enough.
func (c *Controller) Delay(trip, left, now time.Duration) {
	c.answered = left
	if c.usualDelay == 0 {
		c.usualDelay, c.deviation = trip, trip/2
		return
	}
	off, before := trip-c.usualDelay, c.off
	c.off = off
	c.witness(off, now)
	if c.phase == steady && !c.trying {
		if c.queueAt == now && now-c.fellAt < witnessTime {
			c.prove()
		}
		if now-c.troubleAt < quiet { // what the full line showed is not usual
			if c.queueAt == now && off > before && left > c.troubleAt {
				c.trouble(c.used*stillRising, now)
				c.prove()
			}
			return
		}
		c.deviation += time.Duration(delayGain * float64(max(off, -off)-c.deviation))
		c.usualDelay += time.Duration(delayGain * float64(off))
		return
	}
	full := off > max(triedLeast, delayDeviations*c.deviation)
	if full && (c.phase != steady || now-c.troubleAt >= settle) { // what a probe has filled drains first
		c.trouble(c.used, now)
	}
}

// witness notes a queue: two round trips in a row that exceed the usual one, some time apart.
func (t *trips) witness(off, now time.Duration) {
	switch full := off > max(delayLeast, delayDeviations*t.deviation); {
	case !full:
		t.fullAt = 0
	case t.fullAt == 0:
		t.fullAt = now
	case now-t.fullAt >= queueLasts:
		t.queueAt = now
	}
}

// Loss takes the share lost, 0 to 1, of so many packets.
func (c *Controller) Loss(fraction, packets float64, now time.Duration) {
	over := c.beyond(fraction, packets)
	if over >= lastingLoss {
		c.lossy++
	} else {
		c.lossy = 0
	}
	testing := c.trying || c.phase != steady
	late := over >= lateLoss && c.estimated && c.estimate < c.used*inTouch
	drowned := fraction >= drowning // however usual that has become
	heavy := over >= heavyLoss || c.lossy >= 2 || drowned
	// Beside so much loss one long round trip is enough, and need not be the second.
	long := c.off > delayLeast && now-c.answered < 2*witnessTime
	borneOut := drowned || long || now-c.queueAt < witnessTime || now-c.fellAt < witnessTime
	if c.exonerate(fraction, borneOut, now) {
		return
	}
	if !heavy && !late && (!testing || over <= probeLoss) {
		c.usualLoss += (fraction - c.usualLoss) / 4
		return
	}
	if now-c.cutAt < settle && c.phase == steady {
		return
	}
	c.lossy = 0
	switch {
	case testing || borneOut:
		to := min(c.used, c.budget)
		switch {
		case c.phase != steady:
			to = c.sent * (1 - fraction)
		case drowned: // what arrives is all that it carries
			to *= 1 - fraction
		default:
			to *= 1 - fraction/2
		}
		if testing && !borneOut { // what is tried is given up, no more
			to = max(to, c.before)
		}
		c.trouble(to, now)
		if heavy && !testing {
			c.prove()
		}
	case c.alone: // what came of the last cut is not known yet
	case c.used < c.budget*farBelow: // the line has carried more, or nobody knows better
		c.usualLoss += (fraction - c.usualLoss) / 4
	default:
		before := c.budget
		// By so much that something is given up, where anything can be: what comes of it is what decides.
		c.trouble(min(c.used, c.budget)*min(1-fraction/2, testCut), now)
		c.alone, c.blamedAt, c.blamed, c.undo = true, now, fraction, before
	}
}

// Lossy tells that the line usually loses packets, so that repairs are lost as well.
func (l *losses) Lossy() bool { return l.usualLoss >= lossyLine }

// beyond is by how much a share lost exceeds the usual one and what chance adds to that in so many packets.
func (l *losses) beyond(fraction, packets float64) float64 {
	p := max(l.usualLoss, leastLoss)
	return fraction - l.usualLoss - chanceDeviations*math.Sqrt(p*(1-p)/packets)
}

// exonerate undoes a cut for loss alone that has not made it less: then what was sent was not what lost it.
func (c *Controller) exonerate(fraction float64, borneOut bool, now time.Duration) (undone bool) {
	switch {
	case !c.alone || now-c.blamedAt < settle+lossGrace:
		return false
	case borneOut || c.Limited() || fraction < c.blamed*stillLost:
		c.alone = false
		return false
	}
	c.alone, c.usualLoss, c.lossy = false, fraction, 0
	c.budget = max(c.budget, c.undo)
	return true
}

// trouble cuts the budget to what the line seems to carry, or undoes what was being tried.
func (c *Controller) trouble(to float64, now time.Duration) {
	c.troubleAt, c.cutAt, c.known, c.careful, c.drained, c.alone = now, now, true, true, 0, false
	failed := c.trying || c.phase != steady
	if c.phase != steady {
		c.cutAt += lossGrace - settle // a report to come may tell of the padding
	}
	switch {
	case c.phase != steady: // of the padding; what was sent before goes on, unless that is too much as well
		if to < c.used*keepFactor {
			c.budget = to
		}
	case c.trying:
		c.budget = min(c.before, to)
	default:
		c.budget = min(c.budget, to)
	}
	c.budget = max(c.budget, floor)
	// What a probe has filled says nothing of the step before it, unless the estimate lags behind: then only a queue that
	// stays tells of that.
	c.trying = c.trying && c.phase != steady && c.sees(now) && c.atStart < c.used*inTouch
	c.phase = steady
	if failed {
		c.failedAt, c.holding = now, now+c.hold
		longest := maxBlindHold
		if c.sees(now) {
			longest = maxHold
		}
		c.hold = min(2*c.hold, longest)
	}
}

// prove takes what the line was cut to for a limit that it has shown.
func (c *Controller) prove() { c.limit = max(c.budget, c.drained) }

// Unknown tells that nothing has been wrong with the line yet: the budget is a guess.
func (c *Controller) Unknown() bool { return !c.known }

// Limited tells that the line has shown, by more than an estimate, that it does not carry more than the budget. Until
// then pictures may be made small for its sake, but are not taken away.
func (c *Controller) Limited() bool { return c.limit > 0 }

// Doubtful tells that the budget says too little: the estimate lags behind what does get through, and nothing else shows
// a limit.
func (c *Controller) Doubtful() bool {
	return !c.Limited() && c.estimated && c.estimate < c.used*inTouch
}

// Testing tells that something is under way whose outcome round trips will tell: a probe, a step, a cut, or a fall of the
// estimate that nothing bears out yet.
func (c *Controller) Testing(now time.Duration) bool {
	return c.phase != steady || c.trying || now-c.fellAt < witnessTime || c.known && now-c.troubleAt < quiet
}

// Probing tells that a probe is under way.
func (c *Controller) Probing() bool { return c.phase != steady }

// Congested tells whether the budget was cut just now: what exceeds it should stop at once, unless nothing but loss speaks
// against it.
func (c *Controller) Congested(now time.Duration) bool {
	return c.known && !c.alone && now-c.troubleAt < stepTime
}

// Step moves on in time. used is what is being sent without padding, next what the next step up would need in all,
// 0 if there is none, both in bit/s; canProbe tells whether padding can be sent. It returns the rate of padding to
// send now, in bit/s.
func (c *Controller) Step(now time.Duration, used, next float64, canProbe bool) (padding float64) {
	if c.phase != steady || c.trying {
		c.excess += max(0, c.sending-c.wanting) * (now - c.looked).Seconds()
	}
	defer func() { c.looked, c.sending = now, used+padding }()
	c.used = used
	if c.drained > 0 && now >= c.drain {
		c.budget, c.drained = max(c.budget, min(c.drained, c.estimate)), 0
	}
	if c.trying && now-c.stepped >= trialTime {
		c.trying, c.hold, c.careful, c.limit = false, minHold, false, 0
	}
	elapsed := now - c.began
	switch c.phase {
	case steady:
		if next <= c.budget || c.unproven() || now < c.holding || now-c.troubleAt < quiet || now-c.stepped < stepTime {
			return 0
		}
		c.careful = c.careful && !c.trying
		c.carried, c.excess = used, 0
		if c.known {
			c.carried = max(used, c.budget)
		}
		c.wanting = max(c.carried, next*wantingShare)
		c.next, c.target, c.sent, c.atStart = next, next*probeSlack, used, c.estimate
		if c.careful {
			c.target = next * carefulSlack
		}
		if canProbe {
			c.enter(probing, now)
		} else {
			c.accept(now)
		}
	case probing:
		length := c.probeTime(now)
		if elapsed < length || c.careful && c.excess < bucket && elapsed < longProbeTime {
			padding = max(0, min(c.risen(used, elapsed, length), c.bearable(length, now))-used)
			c.sent = max(c.sent, used+padding)
			return padding
		}
		c.enter(waiting, now)
	case waiting:
		grace := lossGrace
		if c.sees(now) {
			grace = estimateGrace
		}
		switch {
		case elapsed < grace:
		case c.sees(now) && c.estimate < min(c.next, c.atStart*c.growth(used)):
			c.trouble(used, now) // more arrived, and yet the estimate did not grow
		default:
			c.accept(now)
		}
	}
	return 0
}

// unproven tells that the last step up may only have gone through so far because the line lets so much through at once.
func (c *Controller) unproven() bool {
	return c.trying && c.careful && (c.excess < bucket || c.off > delayLeast/2)
}

func (c *Controller) probeTime(now time.Duration) time.Duration {
	if c.sees(now) {
		return probeTime
	}
	return blindProbeTime
}

// risen is the rate of a probe after a time, with what is sent anyway. It rises slowly: too much shows before it hurts.
func (p *probe) risen(used float64, elapsed, length time.Duration) float64 {
	return used + max(0, p.target-used)*min(1, 0.1+1.5*float64(elapsed)/float64(length))
}

// bearable is the rate at which what no report has answered yet could fill no more than probeQueue.
func (c *Controller) bearable(length, now time.Duration) float64 {
	shown, since := c.carried, c.began
	if c.answered > c.began {
		shown, since = max(shown, c.risen(c.used, c.answered-c.began, length)), c.answered
	}
	if c.usualDelay == 0 || now == since { // there are no reports to go by
		return c.target
	}
	return shown + c.carried*float64(probeQueue)/float64(now-since)
}

// sees tells whether the receiver sends estimates.
func (c *Controller) sees(now time.Duration) bool {
	return c.estimated && now-c.estimateAt < estimateLife
}

// growth is by how much the estimate must have grown in a probe.
func (p *probe) growth(used float64) float64 {
	if p.atStart < used*inTouch {
		return lateGrowth
	}
	return probeGrowth
}

func (p *probe) enter(next phase, now time.Duration) { p.phase, p.began = next, now }

func (c *Controller) accept(now time.Duration) {
	c.before, c.stepped, c.trying, c.excess = c.budget, now, true, 0
	c.budget = max(c.budget, c.target)
	c.enter(steady, now)
}
