package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// How many control acts of a session are kept at hand, and go in one answer; all are in the ledger.
const (
	keptAudit = 10_000
	maxAudit  = 500
)

// auditEntry is what somebody did with a session from a console: who, when, what and to whom.
type auditEntry struct {
	Seq    uint64    `json:"seq"` // of the ledger's entry
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	ByName string    `json:"by_name,omitempty"`
	Kind   string    `json:"kind"` // of the entry
	On     *bool     `json:"on,omitempty"`
	Slot   string    `json:"slot,omitempty"`
	To     string    `json:"to,omitempty"` // endpoint or unit that it was done to
	ToName string    `json:"to_name,omitempty"`
	Item   string    `json:"item,omitempty"` // title of the agenda item
	Number int       `json:"number,omitempty"`
}

// auditEntryOf reads an act of control from an entry; false if it is none. What a site does with itself is none.
func auditEntryOf(e ledger.Entry) (auditEntry, bool, error) {
	if e.By == "" {
		return auditEntry{}, false, nil
	}
	ev, err := e.Event()
	if err != nil || !ev.Control() || ev.Subject() == e.By {
		return auditEntry{}, false, err
	}
	// All kinds of event share the names of what they have in common.
	var d struct {
		Slot, To, Item             string
		On, Muted, Removed, Locked *bool
		ID, Kbps                   int
		Endpoints                  []struct{} // of sites that were added
	}
	if err := json.Unmarshal(e.Data, &d); err != nil {
		return auditEntry{}, false, err
	}
	a := auditEntry{Seq: e.Seq, At: e.At, By: e.By, Kind: e.Kind, Slot: d.Slot, To: ev.Subject() + d.To, Item: d.Item, Number: d.ID + d.Kbps + len(d.Endpoints)}
	for _, on := range []*bool{d.On, d.Muted, d.Removed, d.Locked} {
		if on != nil {
			a.On = on
		}
	}
	return a, true, nil
}

// showAuditLog tells what was done from the consoles, the latest first; before=SEQ goes further back. A delegated operator
// gets what concerns its units.
func (a recordAPI) showAuditLog(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	id := r.PathValue("id")
	before := uint64(1<<63 - 1)
	if text := r.URL.Query().Get("before"); text != "" {
		var err error
		if before, err = strconv.ParseUint(text, 10, 63); err != nil {
			return fault.New(protocol.CodeBadRequest, "before is no number of an entry")
		}
	}
	if err := a.known(r.Context(), id); err != nil {
		return err
	}
	acts, err := a.api.reports.auditLog(r.Context(), id)
	if err != nil {
		return err
	}
	page := []auditEntry{}
	err = a.read(r.Context(), id, func(s *meeting.View) error {
		scope := who.Scope()
		for _, one := range slices.Backward(acts) {
			if one.Seq >= before || scope != "" && !s.Within(one.To, scope) {
				continue
			}
			if len(page) == maxAudit {
				break
			}
			page = append(page, named(s, one))
		}
		return nil
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct {
		Acts []auditEntry `json:"acts"`
	}{page})
	return nil
}

// named adds the names that people know.
func named(s *meeting.View, one auditEntry) auditEntry {
	if ep := s.Endpoint(one.By); ep != nil {
		one.ByName = ep.Name
	}
	if ep := s.Endpoint(one.To); ep != nil {
		one.ToName = ep.Name
	} else if u, ok := s.Units[one.To]; ok {
		one.ToName = u.Name
	}
	if i := slices.IndexFunc(s.Agenda, func(item meeting.AgendaItem) bool { return item.ID == one.Item }); i >= 0 {
		one.Item = s.Agenda[i].Title
	}
	return one
}
