package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/meeting"
)

// Genesis is the Prev of a session's first entry: 64 zeros.
func Genesis() string { return strings.Repeat("0", 2*sha256.Size) }

// Seal sets the Prev and Hash of an entry, so that it follows the entry whose hash is prev.
func Seal(prev string, e Entry) (Entry, error) {
	e.Prev = prev
	hash, err := digest(e)
	if err != nil {
		return Entry{}, err
	}
	e.Hash = hash
	return e, nil
}

// digest is the hash of an entry as docs/ledger.md specifies it.
func digest(e Entry) (string, error) {
	canonical, err := appendCanonical(make([]byte, 0, 1024), e)
	if err != nil {
		return "", fmt.Errorf("entry %d: %w", e.Seq, err)
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:]), nil
}

// BrokenError says where a ledger stops being whole.
type BrokenError struct {
	Seq uint64 // the first entry that is wrong or missing
	Why string
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("ledger broken at entry %d: %s", e.Seq, e.Why)
}

// Checked passes on the entries of a ledger, from the first, as long as the chain is whole. It ends with a
// *BrokenError where it is not.
func Checked(entries iter.Seq2[Entry, error]) iter.Seq2[Entry, error] {
	return CheckedFrom(Head{Hash: Genesis()}, entries)
}

// CheckedFrom is Checked for the entries that follow a head, which is taken for granted.
func CheckedFrom(head Head, entries iter.Seq2[Entry, error]) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		v := verifier{head: head}
		for e, err := range entries {
			if err == nil {
				err = v.next(e)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// verifier checks entry after entry.
type verifier struct {
	session string
	head    Head
}

func (v *verifier) next(e Entry) error {
	want := v.head.Seq + 1
	broken := func(format string, args ...any) error {
		return &BrokenError{Seq: want, Why: fmt.Sprintf(format, args...)}
	}
	if e.Seq != want {
		return broken("entry %d stands in its place", e.Seq)
	}
	if v.session == "" {
		v.session = e.Session
	}
	if e.Session != v.session {
		return broken("it belongs to session %q, not %q", e.Session, v.session)
	}
	if e.Prev != v.head.Hash {
		return broken("prev is not the hash of the entry before")
	}
	hash, err := digest(e)
	if err != nil {
		return broken("%v", err)
	}
	if e.Hash != hash {
		return broken("its hash does not match its content")
	}
	if e.Personal != nil {
		if err := e.Personal.verify(e.Data); err != nil {
			return broken("%v", err)
		}
	}
	v.head = Head{Seq: e.Seq, Hash: e.Hash, RecordedAt: e.RecordedAt}
	return nil
}

// Head is the end of a session's chain: the last entry's Seq, Hash and RecordedAt. A ledger without entries
// has Seq 0 and Hash Genesis.
type Head struct {
	Seq        uint64
	Hash       string
	RecordedAt time.Time
}

// Node numbers the entries that one server process decides, over all its sessions. It is safe for concurrent use.
type Node struct {
	id  string
	seq atomic.Uint64
}

// NewNode continues the numbers of a node after the last one it used.
func NewNode(id string, last uint64) *Node {
	n := &Node{id: id}
	n.seq.Store(last)
	return n
}

// ID is the node's name in entries.
func (n *Node) ID() string { return n.id }

// Chain makes the entries of one session in order. It belongs to the goroutine that owns the session. After a
// failed commit it is of no further use: the session must not go on from memory.
type Chain struct {
	session string
	node    *Node
	head    Head
}

// NewChain continues a session's ledger after its head.
func NewChain(session string, node *Node, head Head) *Chain {
	if head.Seq == 0 {
		head.Hash = Genesis()
	}
	return &Chain{session: session, node: node, head: head}
}

// Head returns the last entry made.
func (c *Chain) Head() Head { return c.head }

// Next makes the entry of an event that was decided at recordedAt by an endpoint (empty = the server). A zero
// at means the event's own time: when a meeting.Dated occurred, otherwise recordedAt. RecordedAt never runs
// backwards along the chain, even if the clock was set back; At says what the clock said.
func (c *Chain) Next(at, recordedAt time.Time, by string, ev meeting.Event) (Entry, error) {
	if at.IsZero() {
		at = recordedAt
		if d, ok := ev.(meeting.Dated); ok && !d.OccurredAt().IsZero() {
			at = d.OccurredAt()
		}
	}
	if recordedAt.Before(c.head.RecordedAt) {
		recordedAt = c.head.RecordedAt
	}
	data, err := json.Marshal(ev)
	if err != nil {
		return Entry{}, fmt.Errorf("event %s: %w", ev.Kind(), err)
	}
	data, personal, err := separate(ev.Kind(), data)
	if err != nil {
		return Entry{}, fmt.Errorf("event %s: %w", ev.Kind(), err)
	}
	e, err := Seal(c.head.Hash, Entry{
		Session: c.session, Seq: c.head.Seq + 1, At: instant(at), RecordedAt: instant(recordedAt),
		Node: c.node.id, NodeSeq: c.node.seq.Add(1), By: by, Kind: ev.Kind(), Data: data, Personal: personal,
	})
	if err != nil {
		return Entry{}, err
	}
	c.head = Head{Seq: e.Seq, Hash: e.Hash, RecordedAt: e.RecordedAt}
	return e, nil
}

// instant is a time as the ledger keeps it: UTC, whole microseconds, no monotonic reading.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
