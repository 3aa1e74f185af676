package attendance_test

import (
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
)

// nation is the ledger of a session of a number of sites that each come, receive, count themselves, leave, and are
// summed up now and then, until there are n entries. It is made anew each time it is read, and never held as a whole.
func nation(tb testing.TB, sites, n int) iter.Seq2[ledger.Entry, error] {
	tb.Helper()
	return func(yield func(ledger.Entry, error) bool) {
		c, made := ledger.NewChain("s1", ledger.NewNode("n1", 0), ledger.Head{}), 0
		next := func(ev meeting.Event) bool {
			at := t0.Add(time.Duration(made) * 10 * time.Millisecond)
			e, err := c.Next(at, at, "", ev)
			made++
			return yield(e, err) && err == nil && made < n
		}
		first := &meeting.Convened{Title: "Cả nước", TimeZone: "Asia/Ho_Chi_Minh", Rules: meeting.DefaultRules()}
		first.Units = append(first.Units, meeting.Unit{Code: "TW", Level: meeting.LevelCentral, Name: "Trung ương"})
		for p := range 63 {
			first.Units = append(first.Units, meeting.Unit{Code: fmt.Sprint("P", p), Parent: "TW", Level: meeting.LevelProvince, Name: fmt.Sprint("Tỉnh ", p)})
		}
		for i := range sites {
			code := fmt.Sprint("C", i)
			first.Units = append(first.Units, meeting.Unit{Code: code, Parent: fmt.Sprint("P", i%63), Level: meeting.LevelCommune, Name: fmt.Sprint("Xã ", i)})
			first.Endpoints = append(first.Endpoints, meeting.Endpoint{Code: code, Unit: code, Name: fmt.Sprint("Xã ", i), Role: meeting.RoleSite})
		}
		if !next(first) || !next(&meeting.Opened{}) || !next(&meeting.Started{By: meeting.HostCode}) {
			return
		}
		for round := 0; ; round++ {
			var sums []meeting.Quality
			for i := range sites {
				code, conn := fmt.Sprint("C", i), fmt.Sprintf("018f-%d-%d", i, round/4)
				var ev meeting.Event
				switch round % 4 {
				case 0:
					ev = &meeting.Connected{Endpoint: code, Conn: conn, Device: "Chrome 156, Windows"}
				case 1:
					ev = &meeting.ReceivingChanged{Endpoint: code, Conn: conn, Receiving: true, Evidence: meeting.EvidenceDecoded}
				case 2:
					ev = &meeting.HeadcountDeclared{Endpoint: code, By: code, Headcount: i % 40}
				case 3:
					ev = &meeting.Left{Endpoint: code, Conn: conn, Why: "page_closed"}
				}
				if !next(ev) {
					return
				}
				if round%2 == 1 { // twice for each connection
					sums = append(sums, meeting.Quality{Endpoint: code, Conn: conn, Packets: 1000, Lost: 7, HighS: 600, LowS: 40, Frames: 15_000, SoundS: 640})
				}
				if len(sums) == meeting.MaxQuality || i == sites-1 && len(sums) > 0 {
					if !next(&meeting.QualityMeasured{Connections: sums}) {
						return
					}
					sums = nil
				}
			}
		}
	}
}

// held reads a ledger into memory, for what is measured without making it.
func held(tb testing.TB, entries iter.Seq2[ledger.Entry, error]) (list []ledger.Entry) {
	tb.Helper()
	for e, err := range entries {
		if err != nil {
			tb.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

func BenchmarkFold(b *testing.B) {
	list := held(b, nation(b, 10_600, 300_000))
	b.ReportAllocs()
	for b.Loop() {
		r, err := attendance.Fold(seq(list), attendance.FoldOptions{})
		if err != nil || len(r.Sites) != 10_600 {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(list)), "ns/entry")
}

// BenchmarkSite is what one change costs a report that is kept up to date.
func BenchmarkSite(b *testing.B) {
	builder := attendance.NewBuilder()
	for _, e := range held(b, nation(b, 10_600, 100_000)) {
		if err := builder.Add(e); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if _, ok := builder.Site("C77", attendance.FoldOptions{}); !ok {
			b.Fatal("no row")
		}
	}
}

// BenchmarkReport is what a look at the whole nation costs once its entries are folded.
func BenchmarkReport(b *testing.B) {
	builder := attendance.NewBuilder()
	for _, e := range held(b, nation(b, 10_600, 100_000)) {
		if err := builder.Add(e); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if r := builder.Report(attendance.FoldOptions{}); len(r.Sites) != 10_600 || len(r.OverTime(120)) != 120 {
			b.Fatal("no report")
		}
	}
}
