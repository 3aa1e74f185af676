package sfu

import (
	"maps"
	"slices"
	"sync/atomic"
	"time"
)

// Stage is one meeting's media: a set of shared slots, the publishers that feed them and the viewers that get them.
type Stage struct {
	node  *Node
	id    string
	slots map[SlotID]*slot

	budget atomic.Int64  // bit/s for each viewer, 0 for no bound
	asked  time.Duration // when the node was asked for it last; the node's lock guards it

	coalesced []coalescing // by shard

	mu         mutex[stageRank]
	wants      map[*slot]feed
	publishers map[string][]*Publisher // by owner, oldest first
	viewers    map[*Viewer]struct{}
	trunks     map[*Trunk]struct{}  // that lead from here
	intakes    map[*Intake]struct{} // ends of those that lead here
	closed     bool

	intake atomic.Pointer[Intake] // the one that feeds the slots, nil for none
}

func newStage(n *Node, id string) *Stage {
	s := &Stage{
		node: n, id: id, slots: map[SlotID]*slot{}, wants: map[*slot]feed{},
		publishers: map[string][]*Publisher{}, viewers: map[*Viewer]struct{}{}, trunks: map[*Trunk]struct{}{},
		intakes: map[*Intake]struct{}{}, coalesced: make([]coalescing, len(n.shards)),
	}
	for _, spec := range StageSlots.Specs() {
		slot := newSlot(n, spec)
		if !slot.video() && n.cfg.SoundPacket > opusTime {
			slot.mergeSound()
		}
		s.slots[spec.ID] = slot
		s.wants[slot] = feed{}
	}
	return s
}

// Feed says what a slot shows from now on: a track of the owner's publisher, whenever it has one; of several, the
// newest that sends. An empty owner is nothing, at once. Sound changes at once; a picture stays until the first
// keyframe of the new one, at most a second.
func (s *Stage) Feed(slot SlotID, owner string, kind SourceKind) error {
	return s.FeedNumbered(slot, owner, 0, kind)
}

// FeedNumbered is Feed with the owner's number among the endpoints of the session, from 1, by which the relays that the
// stage's trunks lead to know whose media it is.
func (s *Stage) FeedNumbered(slot SlotID, owner string, number uint32, kind SourceKind) error {
	target := s.slots[slot]
	if target == nil {
		return ErrUnknownSlot
	}
	s.feed(target, feed{owner, number, kind})
	return nil
}

func (s *Stage) feed(target *slot, want feed) {
	if want.owner == "" {
		want = feed{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.wants[target]; !ok || s.closed {
		return // of a viewer that has left
	}
	s.wants[target] = want
	target.resolve(want, s.sourceOf(want))
}

// sourceOf finds the source for a feed: that of the owner's newest publisher that sends it.
func (s *Stage) sourceOf(want feed) *source {
	for _, p := range slices.Backward(s.publishers[want.owner]) {
		if src := p.sources[want.kind]; src != nil && src.isActive() {
			return src
		}
	}
	return nil
}

// refresh resolves the slots that want something of an owner again.
func (s *Stage) refresh(owner string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for slot, want := range s.wants {
		if want.owner == owner && owner != "" {
			slot.resolve(want, s.sourceOf(want))
		}
	}
}

// empty tells whether nothing is lost when the stage is forgotten.
func (s *Stage) empty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, want := range s.wants {
		if want != (feed{}) {
			return false
		}
	}
	return len(s.publishers)+len(s.viewers)+len(s.trunks)+len(s.intakes) == 0 && s.budget.Load() == 0
}

// enter puts a connection into a set of a stage.
func enter[C comparable](s *Stage, set map[C]struct{}, c C) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	set[c] = struct{}{}
	return nil
}

// exit takes a connection out of a set of a stage.
func exit[C comparable](s *Stage, set map[C]struct{}, c C) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(set, c)
}

func (s *Stage) addPublisher(p *Publisher) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.publishers[p.params.Owner] = append(s.publishers[p.params.Owner], p)
	return nil
}

func (s *Stage) removePublisher(p *Publisher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	owner := p.params.Owner
	list := slices.DeleteFunc(slices.Clone(s.publishers[owner]), func(other *Publisher) bool { return other == p })
	if len(list) == 0 {
		delete(s.publishers, owner)
	} else {
		s.publishers[owner] = list
	}
	for slot, want := range s.wants {
		for _, src := range p.sources {
			slot.drop(src)
		}
		if want.owner == owner {
			slot.resolve(want, s.sourceOf(want))
		}
	}
}

// forgetSources has the slots show nothing of a publisher any more, which is still there.
func (s *Stage) forgetSources(p *Publisher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for slot, want := range s.wants {
		for _, src := range p.sources {
			src.retire()
			slot.drop(src)
		}
		if want.owner == p.params.Owner {
			slot.resolve(want, s.sourceOf(want))
		}
	}
}

func (s *Stage) addViewer(v *Viewer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.viewers[v] = struct{}{}
	for _, slot := range v.private {
		s.wants[slot] = feed{}
	}
	return nil
}

func (s *Stage) removeViewer(v *Viewer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.viewers, v)
	for _, slot := range v.private {
		delete(s.wants, slot)
		slot.resolve(feed{}, nil)
	}
}

// tick looks after slots and publishers and tells of changes.
func (s *Stage) tick(now time.Duration) {
	s.mu.Lock()
	var publishers []*Publisher
	for _, list := range s.publishers {
		publishers = append(publishers, list...)
	}
	slots := slices.Collect(maps.Keys(s.wants))
	intakes := slices.Collect(maps.Keys(s.intakes))
	s.mu.Unlock()
	for _, in := range intakes {
		in.tick(now)
	}
	for _, p := range publishers {
		p.tick(now)
	}
	for _, slot := range slots {
		live, changed := slot.tick(now)
		if changed && s.node.cfg.OnSlot != nil && s.slots[slot.spec.ID] == slot {
			unlocked()
			s.node.cfg.OnSlot(s.id, slot.spec.ID, live)
		}
	}
}

// close ends everything on the stage. It waits for nothing.
func (s *Stage) close() {
	s.mu.Lock()
	s.closed = true
	viewers := slices.Collect(maps.Keys(s.viewers))
	trunks, intakes := slices.Collect(maps.Keys(s.trunks)), slices.Collect(maps.Keys(s.intakes))
	var publishers []*Publisher
	for _, list := range s.publishers {
		publishers = append(publishers, list...)
	}
	s.mu.Unlock()
	for _, v := range viewers {
		v.Close()
	}
	for _, t := range trunks {
		t.Close()
	}
	for _, p := range publishers {
		p.Close()
	}
	for _, in := range intakes {
		in.Close()
	}
}
