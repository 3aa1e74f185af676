package sfu

import (
	"slices"
	"time"
)

const (
	// coalesceLegs is the audience of a shard from which on it pays.
	coalesceLegs = 16
	// coalesceBursts bounds what waits: a frame of each picture slot, one of them a large one.
	coalesceBursts = 8
)

// coalescing (of packets into messages; nothing to do with the gathering of ICE candidates) is what a shard holds back of a
// stage's pictures, so that a viewer's picture and the sound after it leave as one message: sound is shorter than the packets
// of a picture and may end a segmented message, while a message of its own costs as much as that of a whole frame. While there
// is no sound nothing is held back. Its shard owns it.
type coalescing struct {
	bursts []burst
	until  time.Duration
	sound  time.Duration // when it came last
}

func (g *coalescing) holds(slot *slot) bool {
	for i := range g.bursts {
		if g.bursts[i].slot == slot {
			return true
		}
	}
	return false
}

// accept forwards a burst, or holds it back for the next sound of its stage.
func (s *shard) accept(b burst, now time.Duration) {
	legs := s.legs[b.slot]
	if len(legs) == 0 && !s.trunks.take(b.slot) || s.over(b) {
		return
	}
	s.trunks.forward(s, &b)
	if len(legs) == 0 {
		return
	}
	stage := legs[0].viewer.stage
	g := &stage.coalesced[s.index]
	large := len(legs) >= coalesceLegs
	most := s.node.cfg.SoundPacket // a picture waits for the sound that follows, no longer than that of one packet
	switch {
	case large && !b.slot.video() && b.rendition == b.slot.outputs.form():
		g.sound = now
		if len(g.bursts) > 0 {
			s.forwardTogether(stage, &b, now)
			return
		}
	case large && b.slot.video() && g.sound > 0 && now-g.sound < 2*most && len(g.bursts) < coalesceBursts:
		if len(g.bursts) == 0 {
			g.until = now + most
			s.coalescing = append(s.coalescing, stage)
		}
		g.bursts = append(g.bursts, b)
		return
	case g.holds(b.slot):
		s.sendHeld(stage, now)
	}
	s.forward(&b, now)
	s.flush()
}

// forwardTogether sends what was held back and the sound that followed, viewer by viewer.
func (s *shard) forwardTogether(stage *Stage, sound *burst, now time.Duration) {
	defer s.forget(stage) // after a panic too: packets must not be sealed a second time
	bursts := s.held(stage)
	var t stamp
	listeners := s.legs[sound.slot]
	at := listeners[0].index
	// A slot has the same place with all viewers of a stage. Of one that nobody has any more the first will do.
	var places [coalesceBursts]uint8
	for i := range bursts {
		if watchers := s.legs[bursts[i].slot]; len(watchers) > 0 {
			places[i] = watchers[0].index
		}
	}
	for _, l := range listeners {
		s.serving = l.viewer
		for i := range bursts {
			if picture := l.viewer.legs[places[i]]; picture.active && picture.slot == bursts[i].slot {
				picture.forward(s, &bursts[i], t.next(s.node, len(bursts[i].packets)), now)
			}
		}
		l.forward(s, sound, t.next(s.node, len(sound.packets)), now)
	}
	for i := range bursts { // to those who did not take that sound
		for _, l := range s.legs[bursts[i].slot] {
			s.serving = l.viewer
			if other := l.viewer.legs[at]; other.slot != sound.slot || !other.active {
				l.forward(s, &bursts[i], t.next(s.node, len(bursts[i].packets)), now)
			}
		}
	}
	s.flush()
}

// sendHeld sends what was held back and no sound came for.
func (s *shard) sendHeld(stage *Stage, now time.Duration) {
	defer s.forget(stage)
	bursts := s.held(stage)
	for i := range bursts {
		s.forward(&bursts[i], now)
	}
	s.flush()
}

// held is what was held back and may still be sent.
func (s *shard) held(stage *Stage) []burst {
	g := &stage.coalesced[s.index]
	g.bursts = slices.DeleteFunc(g.bursts, s.over)
	return g.bursts
}

func (s *shard) forget(stage *Stage) {
	g := &stage.coalesced[s.index]
	clear(g.bursts)
	g.bursts = g.bursts[:0]
	for i := range s.coalescing {
		if s.coalescing[i] == stage {
			last := len(s.coalescing) - 1
			s.coalescing[i], s.coalescing[last] = s.coalescing[last], nil
			s.coalescing = s.coalescing[:last]
			return
		}
	}
}

// sendDue sends what has waited long enough for its sound.
func (s *shard) sendDue(now time.Duration) {
	for i := len(s.coalescing) - 1; i >= 0; i-- {
		if stage := s.coalescing[i]; now >= stage.coalesced[s.index].until {
			s.sendHeld(stage, now)
		}
	}
}

// due is when something that waits is to be sent; false if nothing waits.
func (s *shard) due() (time.Duration, bool) {
	at, ok := s.schedule.Next()
	for _, stage := range s.coalescing {
		if until := stage.coalesced[s.index].until; !ok || until < at {
			at, ok = until, true
		}
	}
	return at, ok
}
