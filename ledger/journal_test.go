package ledger_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/internal/ledgertest"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var epoch = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

// diary is a journal with all entries that it made.
type diary struct {
	*ledger.Journal
	entries []ledger.Entry
}

func newDiary() *diary {
	return &diary{Journal: ledger.NewJournal(meeting.New("s"), ledger.NewNode("n", 0), ledger.Head{})}
}

func (d *diary) do(cmd meeting.Command, by meeting.Actor, happened, now time.Time) (ledger.Done, error) {
	done, err := d.Do(cmd, by, happened, now)
	d.entries = append(d.entries, done.Entries...)
	return done, err
}

func convene() meeting.Convene {
	return meeting.Convene{
		Title: "Giao ban", TimeZone: "UTC", ScheduledAt: epoch, Units: []meeting.Unit{{Code: "TW"}, {Code: "C1", Parent: "TW"}},
		Endpoints: []meeting.Endpoint{
			{Code: "C1", Unit: "C1", Name: "Xã một", Role: meeting.RoleSite, Phone: "0900"}, {Code: "C2", Name: "Xã hai", Role: meeting.RoleSite},
		},
	}
}

func TestJournal(t *testing.T) {
	site, office := meeting.Actor{Endpoint: "C1", Role: meeting.RoleSite}, meeting.Actor{}
	late := epoch.Add(time.Minute)
	d := newDiary()
	for _, tt := range []struct {
		name          string
		cmd           meeting.Command
		by            meeting.Actor
		happened, now time.Time
		want          string // of each entry its kind, by and at, in seconds
		code          meeting.Code
	}{
		{"convened", convene(), office, time.Time{}, epoch, "convened  0", ""},
		{"twice", convene(), office, time.Time{}, epoch, "", meeting.CodeAlreadyDone},
		{"not yet", meeting.Connect{Conn: "a"}, site, time.Time{}, epoch, "", meeting.CodeNotOpen},
		{"opened", meeting.OpenSession{}, office, time.Time{}, epoch.Add(time.Second), "opened  1", ""},
		{"of the one who did it", meeting.Connect{Conn: "a"}, site, time.Time{}, epoch.Add(2 * time.Second), "connected C1 2", ""},
		{"waited for the record", meeting.DeclareHeadcount{Headcount: 4}, site, epoch.Add(3 * time.Second), late, "headcount C1 3", ""},
		{
			"an event that knows better when it was", meeting.Disconnect{Endpoint: "C1", Conn: "a", LastSeen: epoch.Add(4 * time.Second),
				Why: meeting.EndTimeout},
			office, late, late, "lost  4", "",
		},
		{"nothing to tell", meeting.Restart{LastSeen: late}, office, time.Time{}, late, "", ""},
		{"a clock that was set back", meeting.Connect{Conn: "b", Resume: "a"}, site, time.Time{}, epoch.Add(5 * time.Second), "resumed C1 5", ""},
		{"several at once", meeting.CallOff{Reason: "mưa"}, office, time.Time{}, late, "called_off  60 ended  60", ""},
	} {
		before := d.Head()
		done, err := d.do(tt.cmd, tt.by, tt.happened, tt.now)
		var refused *meeting.Error
		if errors.As(err, &refused) != (tt.code != "") || refused != nil && refused.Code != tt.code {
			t.Fatalf("%s: %v", tt.name, err)
		}
		got := ""
		for i, e := range done.Entries {
			if i > 0 {
				got += " "
			}
			got += fmt.Sprintf("%s %s %.0f", e.Kind, e.By, e.At.Sub(epoch).Seconds())
			if e.Kind != done.Events[i].Kind() || e.RecordedAt.Before(before.RecordedAt) {
				t.Errorf("%s: %+v", tt.name, e)
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if len(done.Entries) == 0 && d.Head() != before {
			t.Errorf("%s: the head moved", tt.name)
		}
	}
	d.check(t)
}

// check holds the entries against the chain, the session and the report.
func (d *diary) check(t *testing.T) {
	t.Helper()
	each := func(yield func(ledger.Entry, error) bool) {
		for _, e := range d.entries {
			if !yield(e, nil) {
				return
			}
		}
	}
	head, err := ledgertest.Verify(each)
	if err != nil || len(d.entries) > 0 && head != d.Head() {
		t.Fatalf("the chain ends at %+v, the journal at %+v: %v", head, d.Head(), err)
	}
	if len(d.entries) == 0 {
		return
	}
	replayed, _, err := ledger.Replay("s", each, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, want := slices.Collect(replayed.Endpoints()), slices.Collect(d.Session().Endpoints())
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateApproxTime(time.Microsecond)); diff != "" || replayed.Phase != d.Session().Phase {
		t.Fatalf("a replay gives another session: %s", diff)
	}
	b := attendance.NewBuilder()
	for _, e := range d.entries {
		if err := b.Add(e); err != nil {
			t.Fatalf("the fold refuses %s: %v", e.Kind, err)
		}
	}
	b.Report(attendance.FoldOptions{})
}

// FuzzJournal gives commands in any order, by anybody, at any time: whatever the journal makes of them, the chain verifies, a
// replay gives the same session, and the fold refuses nothing.
func FuzzJournal(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 0, 1, 1, 0, 1, 2, 1, 1, 3, 2, 1, 5, 2, 1, 8, 3, 2, 14, 0, 1, 16, 0, 1})
	all := make([]byte, 0, 400)
	for round := range byte(5) {
		for n := range byte(26) {
			all = append(all, n, round, round+1)
		}
	}
	f.Add(all)
	f.Fuzz(func(t *testing.T, script []byte) {
		d, now := newDiary(), epoch
		for step := range slices.Chunk(script[:min(len(script), 600)], 3) {
			if len(step) < 3 {
				break
			}
			code := []string{"C1", "C2", meeting.HostCode, meeting.SecretaryCode, meeting.OperatorCode, "C9", ""}[step[1]%7]
			by := meeting.Actor{Endpoint: code}
			if ep := d.Session().Endpoint(code); ep != nil {
				by.Role = ep.Role
			}
			now = now.Add(time.Duration(int8(step[2])) * time.Second) // also back
			happened := time.Time{}
			if step[2]%5 == 0 {
				happened = now.Add(-time.Duration(step[2]) * time.Second)
			}
			if _, err := d.do(scripted(d.Session(), step, now), by, happened, now); err != nil {
				if refused := new(meeting.Error); !errors.As(err, &refused) {
					t.Fatal(err)
				}
			}
		}
		d.check(t)
	})
}

// scripted is the command that three bytes give.
func scripted(s *meeting.Session, step []byte, now time.Time) meeting.Command {
	code := []string{"C1", "C2", meeting.HostCode, "C9"}[step[2]%4]
	on, n, conn := step[2]%2 == 0, int(step[2]), fmt.Sprint(step[1], step[2])
	active := ""
	if ep := s.Endpoint(code); ep != nil && ep.Conn != nil {
		active = ep.Conn.ID
	}
	slot := append(meeting.Slots(), "")[n%5]
	commands := []meeting.Command{
		convene(), meeting.OpenSession{}, meeting.Connect{Conn: conn, TakeOver: on}, meeting.StartSession{}, meeting.RaiseHand{},
		meeting.GrantSlot{Endpoint: code, Slot: slot}, meeting.Confirm{}, meeting.SetMuted{Endpoint: code, Muted: on},
		meeting.Disconnect{Endpoint: code, Conn: active, Clean: on, LastSeen: now.Add(-time.Hour), Why: meeting.EndClosed},
		meeting.RevokeSlot{Endpoint: code, Slot: slot}, meeting.SetRemoved{Endpoint: code, Removed: on}, meeting.BeginRollCall{},
		meeting.AnswerRollCall{ID: s.RollCall.ID, Headcount: n}, meeting.EndRollCall{}, meeting.DeclareDelegates{Delegates: []meeting.Delegate{{Name: conn}}},
		meeting.SendMessage{To: meeting.ToSecretariat, Text: conn}, meeting.WriteNote{ID: code, Base: n % 3, Text: conn},
		meeting.ObserveReceiving{Endpoint: code, Conn: active, Receiving: on, At: now}, meeting.Restart{LastSeen: now}, meeting.HandOverChair{To: code},
		meeting.OverrideVerdict{Endpoint: code, Verdict: meeting.VerdictLate, Reason: conn},
		meeting.AddAttendance{Endpoint: code, From: now.Add(-time.Minute), Means: "phone", Reason: conn},
		meeting.ChangeRules{GraceS: n, Reason: conn}, meeting.EndSession{}, meeting.SealSession{}, meeting.MoveSession{ScheduledAt: now},
		meeting.DeclareHeadcount{Headcount: n}, meeting.SetParticulars{Particulars: meeting.Particulars{Number: conn, Chair: meeting.Official{Name: conn}}},
	}
	return commands[int(step[0])%len(commands)]
}
