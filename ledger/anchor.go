package ledger

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Anchor is what somebody else, or another file, was told of a ledger at some time: that its entry Seq had a hash. Who
// later shortens the ledger, or writes it anew from its beginning with every hash right and the same key, contradicts it.
type Anchor struct {
	Session string    `json:"session"`        // empty if the witness was not told
	Seq     uint64    `json:"seq"`            // 0 if the witness was not told
	Head    string    `json:"head"`           // Hash of that entry
	At      time.Time `json:"at"`             // when it was told; of a time stamp, by the authority's clock
	From    string    `json:"from,omitempty"` // the witness, for people
}

// ErrNoAnchor says that none of the anchors given is about the ledger.
var ErrNoAnchor = errors.New("none of the anchors is about this session")

// ErrOtherHead says that no entry has a hash that was time-stamped.
var ErrOtherHead = errors.New("no entry has the hash that was anchored: the ledger was written anew or shortened")

// ParseAnchors reads JSON values one after another, such as the file of heads beside a database or the messages that a
// webhook received: each has the members session, seq and head. Others beside them are of no matter.
func ParseAnchors(text []byte) ([]Anchor, error) {
	var list []Anchor
	in := json.NewDecoder(bytes.NewReader(text))
	for {
		var a Anchor
		if err := in.Decode(&a); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, fmt.Errorf("anchor %d: %w", len(list)+1, err)
		}
		if hash, err := hex.DecodeString(a.Head); err != nil || len(hash) != 32 || hex.EncodeToString(hash) != a.Head || a.Session == "" || a.Seq == 0 {
			return nil, fmt.Errorf("anchor %d has no session, seq and head", len(list)+1)
		}
		list = append(list, a)
	}
}

// anchored compares a ledger with anchors while it is read.
type anchored struct {
	bySeq  map[uint64]Anchor
	byHash map[string]Anchor // those without Seq that were not met yet
	met    int
}

func newAnchored(list []Anchor) *anchored {
	a := &anchored{bySeq: map[uint64]Anchor{}, byHash: map[string]Anchor{}}
	for _, one := range list {
		if one.Seq == 0 {
			a.byHash[one.Head] = one
		}
	}
	return a
}

// begin takes the anchors of a session, once it is known. Two that contradict each other cannot both hold.
func (a *anchored) begin(session string, list []Anchor) error {
	for _, one := range list {
		if one.Seq == 0 || one.Session != session {
			continue
		}
		if other, twice := a.bySeq[one.Seq]; twice && other.Head != one.Head {
			return &BrokenError{Seq: one.Seq, Why: fmt.Sprintf("the anchors %s and %s contradict each other", other.From, one.From)}
		}
		a.bySeq[one.Seq] = one
	}
	return nil
}

func (a *anchored) next(e Entry) error {
	if one, ok := a.bySeq[e.Seq]; ok {
		if one.Head != e.Hash {
			return &BrokenError{Seq: e.Seq, Why: fmt.Sprintf("it is not the entry that was anchored%s: the ledger was written anew", one.witness())}
		}
		delete(a.bySeq, e.Seq)
		a.met++
	}
	if _, ok := a.byHash[e.Hash]; ok {
		delete(a.byHash, e.Hash)
		a.met++
	}
	return nil
}

// end looks at what was not met in a ledger of count entries.
func (a *anchored) end(count uint64) error {
	var longest Anchor
	for _, one := range a.bySeq {
		if one.Seq > longest.Seq {
			longest = one
		}
	}
	if longest.Seq > 0 {
		return &BrokenError{Seq: count + 1, Why: fmt.Sprintf("the entries up to %d are missing: the last of them was anchored%s", longest.Seq,
			longest.witness())}
	}
	for _, one := range a.byHash {
		return fmt.Errorf("%w%s", ErrOtherHead, one.witness())
	}
	return nil
}

// witness names who was told and when.
func (a Anchor) witness() string {
	text := ""
	if a.From != "" {
		text = " (" + a.From + ")"
	}
	if !a.At.IsZero() {
		text += " at " + a.At.UTC().Format(time.RFC3339)
	}
	return text
}
