package attendance_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/google/go-cmp/cmp"
)

// At any moment of a random session, Live says what a fold of everything says.
func TestLive(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		live := attendance.NewLive()
		chain := ledger.NewChain("s1", ledger.NewNode("n1", 0), ledger.Head{})
		now, conns, started := t0, 0, false
		rules := meeting.DefaultRules()
		there, gone, sites := map[string]string{}, map[string]bool{}, 3
		happens := func(ev meeting.Event) {
			e, err := chain.Next(now, now, "", ev)
			if err == nil {
				err = live.Add(e)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		happens(convened(rules))
		happens(&meeting.Opened{})
		for step := range 150 {
			now = now.Add(time.Duration(r.IntN(40_000)+1) * time.Millisecond)
			code := []string{"C1", "C2", "G1", "N4"}[r.IntN(min(sites, 4))]
			switch k := r.IntN(20); {
			case k < 6 && there[code] == "" && !gone[code]:
				conns++
				there[code] = fmt.Sprint("c", conns)
				happens(&meeting.Connected{Endpoint: code, Conn: there[code]})
			case k < 9 && there[code] != "":
				happens(&meeting.Lost{Endpoint: code, Conn: there[code], LastSeen: now, Why: "timeout"})
				there[code] = ""
			case k == 10 && there[code] != "":
				happens(&meeting.Left{Endpoint: code, Conn: there[code], Why: "page_closed"})
				there[code] = ""
			case k == 9 && there[code] != "":
				happens(&meeting.ReceivingChanged{Endpoint: code, Conn: there[code], Receiving: r.IntN(3) > 0, At: now})
			case k == 11:
				happens(&meeting.HeadcountDeclared{Endpoint: code, By: code, Headcount: r.IntN(40)})
			case k == 12 && step > 20 && !started:
				started = true
				happens(&meeting.Started{By: meeting.HostCode})
			case k == 13 && r.IntN(4) == 0:
				rules.PartialPct, rules.LateAfterS, rules.GraceS, rules.ReceivingOnly = r.IntN(101), r.IntN(600), r.IntN(200), r.IntN(2) == 0
				happens(&meeting.RulesChanged{Rules: rules, Reason: "x"})
			case k == 14 && r.IntN(4) == 0:
				happens(&meeting.VerdictOverridden{Endpoint: code, Verdict: []meeting.Verdict{"", meeting.VerdictAbsent, meeting.VerdictLate}[r.IntN(3)],
					Reason: "x"})
			case k == 15 && r.IntN(4) == 0:
				to := time.Time{}
				if r.IntN(2) == 0 {
					to = now.Add(time.Duration(r.IntN(100)) * time.Second)
				}
				happens(&meeting.AttendanceAdded{Endpoint: code, From: now, To: to, Means: "phone", Reason: "x"})
			case k == 17 && r.IntN(3) == 0 && there[code] == "" && !gone[code]:
				gone[code] = true
				happens(&meeting.SiteWithdrawn{Endpoint: code, By: meeting.HostCode, Reason: "x"})
			case k == 17 && gone[code]:
				gone[code] = false
				happens(&meeting.SiteRestored{Endpoint: code, By: meeting.HostCode})
			case k == 18 && sites < 6 && r.IntN(3) == 0:
				sites++
				happens(&meeting.SitesAdded{By: meeting.HostCode,
					Endpoints: []meeting.Endpoint{{Code: fmt.Sprint("N", sites), Name: "x", Unit: "C2", Role: meeting.RoleSite}}})
			case k == 16 && step > 140 && started:
				happens(&meeting.Ended{})
			}
			if r.IntN(3) == 0 {
				now = now.Add(time.Duration(r.IntN(3_000_000_000)))
			}
			got, matching := live.Page(now, attendance.Selection{})
			want := live.Builder().Report(attendance.FoldOptions{AsOf: now})
			if diff := cmp.Diff(want.OverTime(120), got.OverTime(120)); diff != "" {
				t.Fatalf("seed %d, step %d: over time (-want +got):\n%s", seed, step, diff)
			}
			got.Course = nil
			if diff := cmp.Diff(want, got); diff != "" || matching != sites {
				t.Fatalf("seed %d, step %d, %d sites (-want +got):\n%s", seed, step, matching, diff)
			}
			for _, verdict := range []attendance.Verdict{meeting.VerdictOnTime, meeting.VerdictLate, meeting.VerdictPartial, meeting.VerdictAbsent,
				meeting.VerdictNotConvened} {
				_, n := live.Page(now, attendance.Selection{Verdict: verdict, Limit: 1})
				if _, m := want.Select(attendance.Selection{Verdict: verdict}); n != m {
					t.Fatalf("seed %d, step %d: %d sites are %s, want %d", seed, step, n, verdict, m)
				}
			}
		}
	}
}

// BenchmarkLive is one change of a session of the whole nation, and the page that shows it.
func BenchmarkLive(b *testing.B) {
	live := attendance.NewLive()
	list := held(b, nation(b, 10_600, 100_000))
	for _, e := range list {
		if err := live.Add(e); err != nil {
			b.Fatal(err)
		}
	}
	last := list[len(list)-1]
	chain := ledger.NewChain("s1", ledger.NewNode("n2", 0), ledger.Head{Seq: last.Seq, Hash: last.Hash, RecordedAt: last.RecordedAt})
	now, n := last.At, 0
	live.Page(now, attendance.Selection{Limit: 50})
	b.ReportAllocs()
	for b.Loop() {
		n++
		now = now.Add(10 * time.Millisecond)
		e, err := chain.Next(now, now, "", &meeting.HeadcountDeclared{Endpoint: fmt.Sprint("C", n%10_600), Headcount: n % 40})
		if err == nil {
			err = live.Add(e)
		}
		if page, _ := live.Page(now, attendance.Selection{Limit: 50}); err != nil || len(page.Sites) != 50 {
			b.Fatal(err)
		}
	}
}
