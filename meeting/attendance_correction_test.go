package meeting_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/meeting"
	"github.com/google/go-cmp/cmp"
)

func TestCorrections(t *testing.T) {
	now := time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC)
	secretary := meeting.Actor{Endpoint: meeting.SecretaryCode, Role: meeting.RoleSecretary}
	site := meeting.Actor{Endpoint: "C1", Role: meeting.RoleSite}
	from, to := now.Add(-time.Hour), now.Add(-time.Minute)
	stricter := meeting.DefaultRules()
	stricter.PartialPct = 90
	tests := map[string]struct {
		phase meeting.Phase
		by    meeting.Actor
		cmd   meeting.Command
		want  meeting.Event
		code  meeting.Code
	}{
		"override": {meeting.PhaseEnded, secretary, meeting.OverrideVerdict{Endpoint: "C1", Verdict: meeting.VerdictOnTime, Reason: "mất điện"},
			&meeting.VerdictOverridden{Endpoint: "C1", By: meeting.SecretaryCode, Verdict: meeting.VerdictOnTime, Reason: "mất điện"}, ""},
		"override after the seal": {meeting.PhaseSealed, secretary, meeting.OverrideVerdict{Endpoint: "C1", Verdict: meeting.VerdictLate, Reason: "x"},
			&meeting.VerdictOverridden{Endpoint: "C1", By: meeting.SecretaryCode, Verdict: meeting.VerdictLate, Reason: "x"}, ""},
		"override by a site": {meeting.PhaseEnded, site, meeting.OverrideVerdict{Endpoint: "C1", Verdict: meeting.VerdictOnTime, Reason: "x"}, nil,
			meeting.CodeForbidden},
		"override in a draft": {meeting.PhaseDraft, secretary, meeting.OverrideVerdict{Endpoint: "C1", Verdict: meeting.VerdictOnTime, Reason: "x"}, nil,
			meeting.CodeWrongPhase},
		"no reason": {meeting.PhaseEnded, secretary, meeting.OverrideVerdict{Endpoint: "C1", Verdict: meeting.VerdictOnTime}, nil,
			meeting.CodeBadValue},
		"long reason": {meeting.PhaseEnded, secretary, meeting.OverrideVerdict{Endpoint: "C1", Reason: strings.Repeat("ă", 501)}, nil,
			meeting.CodeBadValue},
		"no such verdict": {meeting.PhaseEnded, secretary, meeting.OverrideVerdict{Endpoint: "C1", Verdict: "rubbish", Reason: "x"}, nil,
			meeting.CodeBadValue},
		"no such site": {meeting.PhaseEnded, secretary, meeting.OverrideVerdict{Endpoint: "C9", Reason: "x"}, nil, meeting.CodeUnknownEndpoint},
		"a console's attendance": {meeting.PhaseEnded, secretary, meeting.OverrideVerdict{Endpoint: meeting.HostCode, Reason: "x"}, nil,
			meeting.CodeUnknownEndpoint},
		"by telephone": {meeting.PhaseEnded, secretary, meeting.AddAttendance{Endpoint: "C1", From: from, To: to, Means: "phone", Reason: "x"},
			&meeting.AttendanceAdded{Endpoint: "C1", By: meeting.SecretaryCode, From: from, To: to, Means: "phone", Reason: "x"}, ""},
		"by telephone after the seal": {meeting.PhaseSealed, secretary, meeting.AddAttendance{Endpoint: "C1", From: from, Means: "phone", Reason: "x"}, nil,
			meeting.CodeWrongPhase},
		"in the future": {meeting.PhaseLive, secretary, meeting.AddAttendance{Endpoint: "C1", From: now.Add(1), Means: "phone", Reason: "x"}, nil,
			meeting.CodeBadValue},
		"ends before it begins": {meeting.PhaseLive, secretary, meeting.AddAttendance{Endpoint: "C1", From: to, To: from, Means: "phone", Reason: "x"},
			nil, meeting.CodeBadValue},
		"by pigeon": {meeting.PhaseLive, secretary, meeting.AddAttendance{Endpoint: "C1", From: from, Means: "pigeon", Reason: "x"}, nil,
			meeting.CodeBadValue},
		"stricter rules": {meeting.PhaseEnded, secretary, meeting.ChangeRules{GraceS: 60, LateAfterS: 300, PartialPct: 90, Reason: "x"},
			&meeting.RulesChanged{By: meeting.SecretaryCode, Rules: stricter, Reason: "x"}, ""},
		"same rules": {meeting.PhaseEnded, secretary, meeting.ChangeRules{GraceS: 60, LateAfterS: 300, PartialPct: 80, Reason: "x"}, nil,
			meeting.CodeAlreadyDone},
		"rules after the seal": {meeting.PhaseSealed, secretary, meeting.ChangeRules{PartialPct: 90, Reason: "x"}, nil, meeting.CodeWrongPhase},
		"bad rules":            {meeting.PhaseEnded, secretary, meeting.ChangeRules{PartialPct: 101, Reason: "x"}, nil, meeting.CodeBadValue},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := meeting.New("s1")
			s.Apply(&meeting.Convened{Rules: meeting.DefaultRules(), Endpoints: []meeting.Endpoint{
				{Code: meeting.HostCode, Role: meeting.RoleHost}, {Code: "C1", Role: meeting.RoleSite},
			}}, now)
			s.Phase = tt.phase
			events, err := s.Decide(tt.cmd, tt.by, now)
			var refused *meeting.Error
			if tt.want == nil {
				if !errors.As(err, &refused) || refused.Code != tt.code {
					t.Errorf("got %v, %v, want %s", events, err, tt.code)
				}
				return
			}
			if diff := cmp.Diff([]meeting.Event{tt.want}, events); err != nil || diff != "" {
				t.Fatalf("%v (-want +got):\n%s", err, diff)
			}
			s.Apply(events[0], now)
			if changed, ok := events[0].(*meeting.RulesChanged); ok && s.Rules != changed.Rules {
				t.Errorf("rules %+v after %+v", s.Rules, changed.Rules)
			}
		})
	}
}
