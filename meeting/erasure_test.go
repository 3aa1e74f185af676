package meeting

import (
	"errors"
	"slices"
	"testing"
)

// Names are erased from a session that is over, by the office or by time itself, and then it knows of none.
func TestEraseNames(t *testing.T) {
	host, office := Actor{HostCode, RoleHost}, Actor{OfficePrefix + "lan", RoleOffice}
	w := convened(t, 0, 1)
	site := Actor{"C1", RoleSite}
	w.must(Connect{Conn: "a"}, site)
	w.must(DeclareDelegates{Delegates: []Delegate{{Name: "Bé"}}}, site)
	w.must(SetHelpPhone{"024 3333"}, host)
	w.must(AddSites{Endpoints: []Endpoint{{Code: "K1", Name: "Khách", Role: RoleSite, Phone: "1"}}}, host)
	w.must(WriteNote{ID: "n", Text: "Bà Bé đến muộn"}, Actor{SecretaryCode, RoleSecretary})
	before := w.s.Freeze()
	for _, tc := range []struct {
		by   Actor
		over bool
		want Code
	}{{office, false, CodeWrongPhase}, {host, true, CodeForbidden}, {site, true, CodeForbidden}, {office, true, ""}, {Actor{}, true, ""}} {
		if tc.over && w.s.Phase != PhaseEnded {
			w.must(StartSession{}, host)
			w.must(EndSession{}, host)
		}
		events, err := w.do(EraseNames{}, tc.by)
		var refused *Error
		if errors.As(err, &refused) != (tc.want != "") || refused != nil && refused.Code != tc.want {
			t.Errorf("by %v: %v, want %q", tc.by, err, tc.want)
		}
		if tc.want == "" && (len(events) != 1 || events[0].(*NamesErased).By != tc.by.Endpoint) {
			t.Errorf("by %v: %+v", tc.by, events)
		}
	}
	known := func(v *View) (n int) {
		for ep := range v.Endpoints() {
			n += len(ep.Delegates) + len(ep.Phone)
		}
		for note := range v.Notes() {
			n += len(note.Text)
		}
		return n + len(v.HelpPhone)
	}
	if known(&w.s.View) != 0 {
		t.Errorf("still known: %q, %+v, %+v", w.s.HelpPhone, w.s.Endpoint("C1").Delegates, slices.Collect(w.s.Notes()))
	}
	if known(before) == 0 {
		t.Error("a view of before was changed")
	}
}
