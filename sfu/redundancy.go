package sfu

import (
	"sync/atomic"
	"time"
)

const (
	// redLoss is the share lost from which on sound is sent with the packet before it, deepLoss with the two before it,
	// for redTime.
	redLoss  = 0.02
	deepLoss = 0.12
	redTime  = 30 * time.Second
	// Numbers asked for again tell of loss before reports do, once there are alarmLeast within alarmTime; of fewer than
	// alarmPackets they are no share.
	alarmLeast   = 3
	alarmTime    = time.Second
	alarmPackets = 60
)

// redundancy is for how long a viewer's sound is sent with what went before it, in nanoseconds of the node's clock. Reports set
// it, the shard reads.
type redundancy struct {
	sound      atomic.Int64 // for the sound's own loss: one packet before it
	line, deep atomic.Int64 // for that of the line
	alarm      alarm        // the shard's
}

// alarm counts the numbers asked for again, each once.
type alarm struct {
	since time.Duration
	sent  uint64 // packets by then
	asked int
}

// heard takes the share lost of sound.
func (r *redundancy) heard(share float64, now time.Duration) {
	if share >= redLoss {
		r.sound.Store(int64(now + redTime))
	}
	if share >= deepLoss {
		r.deep.Store(int64(now + redTime))
	}
}

// learned takes the share lost of all that is sent.
func (r *redundancy) learned(share float64, now time.Duration) {
	if share >= redLoss {
		r.line.Store(int64(now + redTime))
	}
	if share >= deepLoss {
		r.deep.Store(int64(now + redTime))
	}
}

// asked takes a number that is asked for again; sent is how many packets have been sent by now.
func (r *redundancy) asked(sent uint64, now time.Duration) {
	a := &r.alarm
	if a.since == 0 || now-a.since > alarmTime {
		*a = alarm{since: now, sent: sent}
	}
	if a.asked++; a.asked >= alarmLeast {
		r.learned(float64(a.asked)/max(float64(sent-a.sent), alarmPackets), now)
	}
}

// generations is how many packets go along with each of sound. A line that has shown a limit is sent no more for the sake of what
// it loses, unless sound itself is lost: then one.
func (r *redundancy) generations(limited bool, now time.Duration) int {
	on := func(until *atomic.Int64) bool { return now < time.Duration(until.Load()) }
	switch {
	case limited && on(&r.sound):
		return 1
	case limited:
		return 0
	case on(&r.deep):
		return 2
	case on(&r.sound) || on(&r.line):
		return 1
	}
	return 0
}

// redundant is how many packets go along with each of the leg's sound, 0 if its viewer did not take RED.
func (l *leg) redundant(now time.Duration) int {
	if !l.red {
		return 0
	}
	return l.viewer.redundancy.generations(l.viewer.adapt.control.Limited(), now)
}
