package meeting

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestMoveAndCallOff(t *testing.T) {
	t0 := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	later := t0.Add(24 * time.Hour)
	host, site := Actor{Endpoint: HostCode, Role: RoleHost}, Actor{Endpoint: "A", Role: RoleSite}
	convene := Convene{
		Title: "x", TimeZone: "Asia/Ho_Chi_Minh", ScheduledAt: t0, Rules: DefaultRules(),
		Endpoints: []Endpoint{{Code: "A", Name: "A", Role: RoleSite}},
	}
	for _, tc := range []struct {
		name   string
		before []Command
		cmd    Command
		by     Actor
		want   Code // "" = done
	}{
		{"move a draft", nil, MoveSession{later}, Actor{}, ""},
		{"move it by the host", nil, MoveSession{later}, host, ""},
		{"move it by a site", nil, MoveSession{later}, site, CodeForbidden},
		{"move to where it is", nil, MoveSession{t0}, Actor{}, CodeAlreadyDone},
		{"move nowhere", nil, MoveSession{}, Actor{}, CodeBadValue},
		{"move an open one", []Command{OpenSession{}}, MoveSession{later}, Actor{}, ""},
		{"move a live one", []Command{OpenSession{}, StartSession{}}, MoveSession{later}, Actor{}, CodeWrongPhase},
		{"call off a draft", nil, CallOff{"bão"}, Actor{}, ""},
		{"call off by a site", nil, CallOff{"bão"}, site, CodeForbidden},
		{"call off with a long reason", nil, CallOff{strings.Repeat("ã", 501)}, Actor{}, CodeBadValue},
		{"call off a live one", []Command{OpenSession{}, StartSession{}}, CallOff{}, Actor{}, CodeWrongPhase},
		{"call off twice", []Command{CallOff{}}, CallOff{}, Actor{}, CodeWrongPhase},
		{"open what is called off", []Command{CallOff{}}, OpenSession{}, Actor{}, CodeWrongPhase},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := New("s")
			do := func(cmd Command, by Actor) error {
				events, err := s.Decide(cmd, by, t0)
				for _, e := range events {
					s.Apply(e, t0)
				}
				return err
			}
			for _, cmd := range append([]Command{convene}, tc.before...) {
				by := Actor{}
				if _, start := cmd.(StartSession); start {
					by = host
				}
				if err := do(cmd, by); err != nil {
					t.Fatal(err)
				}
			}
			var refused *Error
			if err := do(tc.cmd, tc.by); errors.As(err, &refused) != (tc.want != "") || refused != nil && refused.Code != tc.want {
				t.Fatalf("got %v, want %q", err, tc.want)
			}
			if tc.want != "" {
				return
			}
			switch cmd := tc.cmd.(type) {
			case MoveSession:
				at, _, ok := s.NextTimer()
				if !s.ScheduledAt.Equal(later) || ok && !at.Equal(later.Add(-time.Hour)) {
					t.Errorf("scheduled at %v, opens at %v", s.ScheduledAt, at)
				}
			case CallOff:
				if _, _, ok := s.NextTimer(); ok || !s.CalledOff || s.CallOffReason != cmd.Reason || s.Phase != PhaseEnded {
					t.Errorf("phase %s, called off %v", s.Phase, s.CalledOff)
				}
			}
		})
	}
}
