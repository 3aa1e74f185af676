package attendance_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/internal/ledgertest"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/google/go-cmp/cmp"
)

// The model looks at a site second by second, as a person with a stopwatch and the list of connections would. It
// shares no code with Fold and knows nothing of entries, order or lateness.

// visit is one connection in the model. Times are seconds after the start; never = it lasts.
type visit struct {
	from, to int
	why      string
}

const never = 1 << 30

// day is a random session of one site.
type day struct {
	visits []visit
	ended  int // never = it runs
	asOf   int
	rules  meeting.Rules
}

// outcome is what both sides have to agree on.
type outcome struct {
	First, Last, Total, Interruptions, Intervals int
	Verdict                                      attendance.Verdict
}

func (d day) model() outcome {
	end := min(d.ended, d.asOf)
	there := func(s int) bool { // during the second after s
		for _, v := range d.visits {
			if v.from <= s && s < v.to && s < end {
				return true
			}
		}
		return false
	}
	across := func(s int) bool { // without a break at s
		for _, v := range d.visits {
			if v.from < s && s < v.to {
				return true
			}
		}
		return false
	}
	why := func(s int) string { // somebody who was there ceased to be at s
		best := visit{from: never}
		for _, v := range d.visits {
			if v.to == s && v.from == s { // who took over, and was never heard of again
				return v.why
			}
			if v.to == s && v.from < best.from {
				best = v
			}
		}
		return best.why
	}
	type stay struct{ from, to int }
	var stays []stay
	for s := -400; s < end; s++ {
		switch {
		case !there(s):
		case there(s-1) && across(s):
			stays[len(stays)-1].to = s + 1
		default:
			stays = append(stays, stay{s, s + 1})
		}
	}
	var out outcome
	var joined []stay
	for _, next := range stays {
		if len(joined) == 0 {
			joined = append(joined, next)
			continue
		}
		last := &joined[len(joined)-1]
		gap, cause := next.from-last.to, why(last.to)
		if cause == "lost" {
			out.Interruptions++
		}
		if (cause == "lost" || cause == "taken_over") && (gap == 0 || gap < d.rules.GraceS) {
			last.to = next.to
		} else {
			joined = append(joined, next)
		}
	}
	out.Intervals, out.First, out.Last = len(joined), never, never
	firstLive := never
	for i, j := range joined {
		if i == 0 {
			out.First = j.from
		}
		for s := max(j.from, 0); s < j.to; s++ {
			out.Total++
			firstLive = min(firstLive, s)
		}
		out.Last = j.to
		if j.to == end && d.ended > d.asOf {
			out.Last = never
			for _, v := range d.visits {
				if v.to == end && v.from < end {
					out.Last = end // left at the very moment
				}
			}
			if across(end) {
				out.Last = never
			}
		}
	}
	switch {
	case out.Total == 0:
		out.Verdict = attendance.Absent
	case out.Total*100 < end*d.rules.PartialPct:
		out.Verdict = attendance.Partial
	case firstLive > d.rules.LateAfterS:
		out.Verdict = attendance.Late
	default:
		out.Verdict = attendance.OnTime
	}
	return out
}

func randomDay(r *rand.Rand) day {
	d := day{ended: never, asOf: 1200, rules: meeting.Rules{GraceS: r.IntN(90), LateAfterS: r.IntN(300), PartialPct: r.IntN(101)}}
	if r.IntN(4) > 0 {
		d.ended = 600 + r.IntN(500)
	}
	at := -300
	for range r.IntN(9) {
		v := visit{from: at + r.IntN(200), why: []string{"lost", "lost", "lost", "left", "taken_over", "removed"}[r.IntN(6)]}
		v.to = v.from + 1 + r.IntN(300)
		if r.IntN(12) == 0 {
			v.to = never
		}
		d.visits = append(d.visits, v)
		switch at = v.to; {
		case v.to == never || r.IntN(5) == 0:
			at = v.from + 1 // another device at the same time
		case v.why == "taken_over" && r.IntN(2) == 0:
			d.visits = append(d.visits, visit{from: v.to, to: v.to, why: "lost"}) // before any sign of life
			at = v.to + 1
		case r.IntN(3) == 0:
			d.visits = append(d.visits, visit{from: v.to, to: v.to + 1 + r.IntN(100), why: "lost"}) // at once
			at = v.to + 1
		}
	}
	d.visits = slices.DeleteFunc(d.visits, func(v visit) bool { return v.from == d.asOf }) // there for no second yet
	// Two that end at one moment for different reasons have no right answer.
	for i, v := range d.visits {
		for j := range d.visits {
			if other := d.visits[j]; i != j && other.to == v.to && v.to != never && v.from != v.to && other.from != other.to {
				d.visits[j].why = v.why
			}
		}
	}
	return d
}

// ledger is the day as a node might have recorded it: late, doubled, and with a clock that was set.
func (d day) ledger(t *testing.T, r *rand.Rand) []ledger.Entry {
	t.Helper()
	type record struct {
		at int
		ev meeting.Event
	}
	records := []record{{0, &meeting.Started{}}}
	if d.ended != never {
		records = append(records, record{d.ended, &meeting.Ended{}})
	}
	for i, v := range d.visits {
		conn := fmt.Sprint("conn", i)
		records = append(records, record{v.from, &meeting.Connected{Endpoint: "C1", Conn: conn}})
		if r.IntN(5) == 0 {
			records = append(records, record{v.from + r.IntN(50), &meeting.Resumed{Endpoint: "C1", Conn: conn}}) // told twice
		}
		if v.to == never {
			continue
		}
		records = append(records, record{v.to, scripted(t, v.to, v.why, conn)})
		if r.IntN(5) == 0 {
			records = append(records, record{v.to + 1 + r.IntN(50), &meeting.Left{Endpoint: "C1", Conn: conn, Why: "page_closed"}})
		}
	}
	r.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
	c := ledger.NewChain("s1", ledger.NewNode("n1", 0), ledger.Head{})
	var out []ledger.Entry
	for i, rec := range append([]record{{-400, convened(d.rules)}}, records...) {
		recorded := 2000 + i
		if r.IntN(5) == 0 {
			recorded -= 1000 // the clock was set back
		}
		e, err := c.Next(at(rec.at), at(recorded), "", rec.ev)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

func TestFoldAgainstTheModel(t *testing.T) {
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 7))
		d := randomDay(r)
		entries := d.ledger(t, r)
		if seed%50 == 0 {
			if _, err := ledgertest.Verify(seq(entries)); err != nil {
				t.Fatal(err)
			}
		}
		report, err := attendance.Fold(seq(entries), attendance.FoldOptions{AsOf: at(d.asOf)})
		if err != nil {
			t.Fatal(err)
		}
		row := report.Sites[0]
		got := outcome{First: never, Last: never, Total: int(row.Total.Seconds()), Interruptions: row.Interruptions, Intervals: len(row.Intervals),
			Verdict: row.Verdict}
		if !row.FirstJoined.IsZero() {
			got.First = int(row.FirstJoined.Sub(t0).Seconds())
		}
		if !row.LastLeft.IsZero() {
			got.Last = int(row.LastLeft.Sub(t0).Seconds())
		}
		if diff := cmp.Diff(d.model(), got); diff != "" {
			t.Fatalf("seed %d, %+v\nfold: %s\n(-model +fold):\n%s", seed, d, sketch(row.Intervals), diff)
		}
	}
}
