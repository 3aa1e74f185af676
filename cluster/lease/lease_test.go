package lease

import (
	"fmt"
	"testing"
	"time"
)

var t0 = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return t0.Add(d) }

func TestHolder(t *testing.T) {
	var h Holder
	if h.Holds(t0) {
		t.Error("holds without having been given anything")
	}
	h.Renewed(at(0))
	h.Renewed(at(time.Second))
	h.Renewed(at(500 * time.Millisecond)) // its answer was overtaken
	for d, want := range map[time.Duration]bool{
		time.Second: true, time.Second + Hold - 1: true, time.Second + Hold: false, time.Hour: false,
	} {
		if h.Holds(at(d)) != want {
			t.Errorf("%v after the start: holds %v", d, !want)
		}
	}
	h.Lost()
	if h.Holds(at(time.Second)) {
		t.Error("holds what another has")
	}
}

func TestWatcher(t *testing.T) {
	type look struct {
		mark            int
		asked, answered time.Duration
		want            bool
	}
	for name, looks := range map[string][]look{
		"unchanged": {{1, 0, 0, false}, {1, Stale - 1, Stale, false}, {1, Stale, Stale, true}},
		"renewed":   {{1, 0, 0, false}, {2, Stale, Stale, false}, {2, 2*Stale - 1, 2 * Stale, false}, {2, 2 * Stale, 2 * Stale, true}},
		// The owner may have renewed as late as the first answer.
		"a slow first answer": {{1, 0, 5 * time.Second, false}, {1, Stale, Stale, false}, {1, Stale + 5*time.Second, Stale + 5*time.Second, true}},
		// What it says is as old as the question.
		"a slow second answer": {{1, 0, 0, false}, {1, 2 * time.Second, 2 * Stale, false}},
		"back to a former one": {{1, 0, 0, false}, {2, time.Second, time.Second, false}, {1, Stale, Stale, false}},
	} {
		t.Run(name, func(t *testing.T) {
			var w Watcher[int]
			for i, l := range looks {
				if got := w.Saw(l.mark, at(l.asked), at(l.answered)); got != l.want {
					t.Errorf("look %d: %v", i, got)
				}
			}
		})
	}
}

// world is two nodes and a record between them. Each message takes as long as the script says; each node stands still when it
// says. Nodes act only as the package lets them, and the record only as store does: it takes and renews by epoch and mark, and
// takes an entry of the epoch in force alone.
type world struct {
	now   time.Time
	owner int // -1 = nobody
	epoch int
	beat  int
	chain []int // the epoch of each entry
	nodes [2]node
}

type mark struct{ owner, epoch, beat int }

type node struct {
	epoch   int
	holder  Holder
	watcher Watcher[mark]

	renewal, look, entry *message // on their way
}

// message is a question to the record, and then its answer.
type message struct {
	sent   time.Time
	done   bool // by the record
	ok     bool
	mark   mark
	epoch  int // of the node when it was sent
	length int // of the chain as the node knew it
}

func (w *world) mark() mark { return mark{w.owner, w.epoch, w.beat} }

// step carries out one instruction: which node, and what happens to it. Whatever does not fit is nothing.
func (w *world) step(op byte) error {
	n := &w.nodes[op&1]
	switch op >> 1 % 8 {
	case 0: // time passes, for nodes and messages alike
		w.now = w.now.Add(time.Duration(op>>4+1) * 125 * time.Millisecond)
	case 1: // the node looks, or renews, as its turn is
		if n.holder.Holds(w.now) {
			if n.renewal == nil {
				n.renewal = &message{sent: w.now, epoch: n.epoch}
			}
		} else if n.look == nil {
			n.look = &message{sent: w.now}
		}
	case 2: // the record gets what was asked
		if m := n.look; m != nil && !m.done {
			m.done, m.mark = true, w.mark()
		}
	case 3:
		if m := n.renewal; m != nil && !m.done {
			if m.done, m.ok = true, m.epoch == w.epoch; m.ok {
				w.beat++
			}
		}
	case 4: // the answer to the look arrives, and the node takes what is stale, which goes to the record at once or never
		m := n.look
		if m == nil || !m.done {
			return nil
		}
		n.look = nil
		if !n.watcher.Saw(m.mark, m.sent, w.now) && m.mark.owner >= 0 {
			return nil
		}
		if op>>4 < 4 || m.mark != w.mark() {
			return nil
		}
		if other := &w.nodes[1-op&1]; other.holder.Holds(w.now) {
			return fmt.Errorf("epoch %d begins while the owner of %d may act", w.epoch+1, other.epoch)
		}
		w.owner, w.epoch, w.beat = int(op&1), w.epoch+1, w.beat+1
		n.epoch, n.entry, n.renewal = w.epoch, nil, nil
		n.holder.Renewed(w.now)
	case 5: // the answer to the renewal arrives
		m := n.renewal
		if m == nil || !m.done {
			return nil
		}
		n.renewal = nil
		if m.epoch != n.epoch {
			return nil
		}
		if m.ok {
			n.holder.Renewed(m.sent)
		} else {
			n.holder.Lost()
		}
	case 6: // the node decides an entry; that it may act was looked at before it stood still
		if n.entry == nil && n.holder.Holds(w.now) {
			n.entry = &message{epoch: n.epoch, length: len(w.chain)}
		}
	case 7: // the entry reaches the record
		m := n.entry
		if m == nil {
			return nil
		}
		n.entry = nil
		if m.epoch == w.epoch { // the fence
			if m.length != len(w.chain) {
				return fmt.Errorf("two entries %d in epoch %d", m.length+1, m.epoch)
			}
			w.chain = append(w.chain, m.epoch)
		}
	}
	return nil
}

// check plays a script and returns how often somebody took over and how many entries were written.
func check(script []byte) (epochs, entries int, err error) {
	w := &world{now: t0, owner: -1}
	for i, op := range script {
		if err := w.step(op); err != nil {
			return w.epoch, len(w.chain), fmt.Errorf("step %d: %w", i, err)
		}
		acting := 0
		for n := range w.nodes {
			if w.nodes[n].holder.Holds(w.now) {
				acting++
			}
		}
		if acting > 1 {
			return w.epoch, len(w.chain), fmt.Errorf("step %d: two nodes act at once", i)
		}
	}
	for i := 1; i < len(w.chain); i++ {
		if w.chain[i] < w.chain[i-1] {
			return w.epoch, len(w.chain), fmt.Errorf("entry %d of epoch %d follows one of epoch %d", i+1, w.chain[i], w.chain[i-1])
		}
	}
	return w.epoch, len(w.chain), nil
}

// Whatever stands still for however long: never do two nodes act at once, and the chain has one entry of each number and no
// epoch after a later one.
func TestNoTwoOwners(t *testing.T) {
	var epochs, entries, seed uint32
	seed = 1
	next := func() byte { // a generator that is the same everywhere
		seed = seed*1664525 + 1013904223
		return byte(seed >> 24)
	}
	for range 3000 {
		var script []byte
		for len(script) < 400 {
			who, what := next()&1, next()
			switch what % 8 { // things that go well are as frequent as anything else, or the nodes would seldom own something
			case 0:
				script = append(script, who|1<<1, who|3<<1, who|5<<1) // renews
			case 1:
				script = append(script, who|1<<1, who|2<<1, who|4<<1|0xf0) // looks, and takes what is stale
			case 2:
				script = append(script, who|6<<1, who|7<<1) // writes
			case 3, 4:
				script = append(script, what&0xf0) // time passes
			default:
				script = append(script, next())
			}
		}
		e, n, err := check(script)
		if err != nil {
			t.Fatalf("%v: %x", err, script)
		}
		epochs, entries = epochs+uint32(e), entries+uint32(n)
	}
	if epochs < 3000 || entries < 3000 { // otherwise nothing was tried
		t.Errorf("%d epochs, %d entries", epochs, entries)
	}
}

func FuzzNoTwoOwners(f *testing.F) {
	f.Add([]byte{0x02, 0x04, 0xf8, 0x0c, 0x0e})
	f.Fuzz(func(t *testing.T, script []byte) {
		if _, _, err := check(script); err != nil {
			t.Error(err)
		}
	})
}
