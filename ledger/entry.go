// Package ledger is the append-only journal of a session: its entries, their canonical form and hash chain, the personal
// data beside them, the signed export, and how an export is checked. docs/ledger.md is its specification. It is pure.
package ledger

import (
	"encoding/json"
	"time"

	"github.com/diemcau/diemcau/meeting"
)

// Entry is one line of a session's ledger. docs/ledger.md specifies its canonical form and hash.
type Entry struct {
	Session    string          `json:"session"`
	Seq        uint64          `json:"seq"`         // 1, 2, 3 … without gaps
	At         time.Time       `json:"at"`          // when it happened, by the node that saw it; microseconds, UTC
	RecordedAt time.Time       `json:"recorded_at"` // when it was decided to be written
	Node       string          `json:"node"`
	NodeSeq    uint64          `json:"node_seq"`     // with Node the idempotency key
	By         string          `json:"by,omitempty"` // endpoint code of who commanded it; empty = the server
	Kind       string          `json:"kind"`
	Data       json.RawMessage `json:"data"`
	Prev       string          `json:"prev"` // Hash of the entry before, hex; 64 zeros for the first
	Hash       string          `json:"hash"` // SHA-256 of the canonical form (RFC 8785) without this member and Personal, hex

	// Personal is what may be erased from the record: Data holds only its commitment. Nil if there is none or no more.
	Personal *Personal `json:"personal,omitempty"`
}

// Event decodes what happened. Personal data that was erased is empty in it.
func (e Entry) Event() (meeting.Event, error) {
	data := e.Data
	if e.Personal != nil {
		var err error
		if data, err = e.Personal.restore(e.Kind, data); err != nil {
			return nil, err
		}
	}
	return meeting.DecodeEvent(e.Kind, data)
}
