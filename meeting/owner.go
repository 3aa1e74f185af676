package meeting

import "time"

// OwnerChanged says which node decides in the session from then on, where several central nodes share a record: the first
// entry of its epoch.
type OwnerChanged struct {
	Node  string `json:"node"`  // its name and incarnation, as in the entry
	Epoch int64  `json:"epoch"` // each owner has a higher one
}

// TakeOwnership begins an epoch in the session.
type TakeOwnership struct {
	Node  string
	Epoch int64
}

func (c TakeOwnership) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	switch {
	case !by.system():
		return refuse(CodeForbidden, "the owner is the server's")
	case s.Epoch >= c.Epoch:
		return refuse(CodeAlreadyDone, "owned")
	}
	return []Event{&OwnerChanged{Node: c.Node, Epoch: c.Epoch}}, nil
}

func (e *OwnerChanged) apply(s *Session, _ time.Time) { s.Epoch = e.Epoch }

// Kind implements Event.
func (*OwnerChanged) Kind() string { return "owner_changed" }
