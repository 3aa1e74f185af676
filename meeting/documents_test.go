package meeting

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// Two secretaries write the same note: what the first saved is not overwritten by who did not see it.
func TestNotesOfTwoSecretaries(t *testing.T) {
	s, at := convened(t, 0, 1).s, time.Unix(1_800_000_000, 0)
	s.Phase = PhaseLive
	an, binh := Actor{Endpoint: SecretaryCode, Role: RoleSecretary}, Actor{Endpoint: HostCode, Role: RoleHost}
	for _, step := range []struct {
		who  Actor
		cmd  WriteNote
		code Code
	}{
		{an, WriteNote{ID: "n1", Text: "Khai"}, ""},
		{an, WriteNote{ID: "n1", Base: 1, About: at, Text: "Khai mạc"}, ""},
		{binh, WriteNote{ID: "n1", Base: 1, Text: "Bế mạc"}, CodeConflict},
		{binh, WriteNote{ID: "n1", Text: "mới"}, CodeConflict},
		{binh, WriteNote{ID: "n1", Base: 2, Text: "Khai mạc lúc 8 giờ"}, ""},
		{binh, WriteNote{ID: "n2", Base: 1, Text: "x"}, CodeConflict},
		{an, WriteNote{ID: "", Text: "x"}, CodeBadValue},
		{an, WriteNote{ID: "n3", Text: strings.Repeat("ă", MaxNoteText+1)}, CodeBadValue},
		{Actor{Endpoint: "C1", Role: RoleSite}, WriteNote{ID: "n4", Text: "x"}, CodeForbidden},
		{Actor{Endpoint: OperatorCode, Role: RoleOperator}, WriteNote{ID: "n4", Text: "x"}, CodeForbidden},
	} {
		events, err := s.Decide(step.cmd, step.who, at)
		var refused *Error
		if errors.As(err, &refused) != (step.code != "") || refused != nil && refused.Code != step.code {
			t.Fatalf("%+v: %v, want %q", step.cmd, err, step.code)
		}
		for _, e := range events {
			s.Apply(e, at)
		}
	}
	notes := slices.Collect(s.Notes())
	if len(notes) != 1 || notes[0].Version != 3 || notes[0].Text != "Khai mạc lúc 8 giờ" || notes[0].By != HostCode {
		t.Errorf("%d notes, %+v", len(notes), notes[0])
	}
	s.Phase = PhaseSealed
	if _, err := s.Decide(WriteNote{ID: "n1", Base: 3, Text: "x"}, an, at); err == nil {
		t.Error("a note after the seal")
	}
}

func TestParticulars(t *testing.T) {
	s, at := convened(t, 0, 1).s, time.Unix(1_800_000_000, 0)
	s.Phase = PhaseSealed // a number is given later
	p := Particulars{Body: "UBND", Number: "1/BC", Recipients: []string{"Như trên"}, Chair: Official{"Nguyễn Văn A", "Chủ tịch"}}
	events, err := s.Decide(SetParticulars{Particulars: p}, Actor{Endpoint: SecretaryCode, Role: RoleSecretary}, at)
	if err != nil || len(events) != 1 {
		t.Fatal(events, err)
	}
	e, ok := events[0].(*ParticularsSet)
	if !ok || e.Particulars.Chair != (Official{}) || e.Officials == nil || e.All().Chair != p.Chair || e.All().Number != p.Number {
		t.Errorf("%+v", events[0])
	}
	if _, err := s.Decide(SetParticulars{Particulars: p}, Actor{Endpoint: "C1", Role: RoleSite}, at); err == nil {
		t.Error("a site set them")
	}
	if s.ParticularsVersion != 0 {
		t.Errorf("version %d before anything was said", s.ParticularsVersion)
	}
	s.Apply(e, at)
	seen, old := 1, 0
	if _, err := s.Decide(SetParticulars{Base: &old, Particulars: p}, Actor{}, at); !errors.Is(err, &Error{Code: CodeConflict}) && (err == nil ||
		!strings.Contains(err.Error(), "version 1")) {
		t.Errorf("who saw the version before: %v", err)
	}
	if _, err := s.Decide(SetParticulars{Base: &seen, Particulars: p}, Actor{}, at); err != nil {
		t.Errorf("who saw what holds: %v", err)
	}
	p.Secretary.Title = strings.Repeat("ă", MaxParticular+1)
	if _, err := s.Decide(SetParticulars{Particulars: p}, Actor{}, at); err == nil || p.Check() != "secretary.title" {
		t.Errorf("too long: %v, %q", err, p.Check())
	}
	if !(Particulars{}).Empty() || p.Empty() {
		t.Error("Empty")
	}
}
