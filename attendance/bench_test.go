package attendance_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/meeting"
)

// nation makes the ledger of a session of a number of sites that each come, drop, return and leave, until there
// are n entries.
func nation(tb testing.TB, sites, n int) []attendance.Entry {
	tb.Helper()
	first := &meeting.Convened{Title: "Cả nước", TimeZone: "Asia/Ho_Chi_Minh", Rules: meeting.DefaultRules()}
	first.Units = append(first.Units, meeting.Unit{Code: "TW", Level: meeting.Central, Name: "Trung ương"})
	for p := range 63 {
		first.Units = append(first.Units, meeting.Unit{Code: fmt.Sprint("P", p), Parent: "TW", Level: meeting.Province, Name: fmt.Sprint("Tỉnh ", p)})
	}
	for i := range sites {
		code := fmt.Sprint("C", i)
		first.Units = append(first.Units, meeting.Unit{Code: code, Parent: fmt.Sprint("P", i%63), Level: meeting.Commune, Name: fmt.Sprint("Xã ", i)})
		first.Endpoints = append(first.Endpoints, meeting.Endpoint{Code: code, Unit: code, Name: fmt.Sprint("Xã ", i), Role: meeting.Site})
	}
	events := []meeting.Event{first, &meeting.Opened{}, &meeting.Started{By: meeting.HostCode}}
	for round := 0; len(events) < n; round++ {
		for i := 0; i < sites && len(events) < n; i++ {
			code, conn := fmt.Sprint("C", i), fmt.Sprintf("018f-%d-%d", i, round/4)
			switch round % 4 {
			case 0:
				events = append(events, &meeting.Connected{Endpoint: code, Conn: conn, Device: "Chromium 156, Linux"})
			case 1:
				events = append(events, &meeting.ReceivingChanged{Endpoint: code, Conn: conn, Receiving: true})
			case 2:
				events = append(events, &meeting.HeadcountDeclared{Endpoint: code, By: code, Headcount: i % 40})
			case 3:
				events = append(events, &meeting.Left{Endpoint: code, Conn: conn, Why: "page_closed"})
			}
		}
	}
	c := attendance.NewChain("s1", attendance.NewNode("n1", 0), attendance.Head{})
	list := make([]attendance.Entry, n)
	for i := range list {
		at := t0.Add(time.Duration(i) * 10 * time.Millisecond)
		e, err := c.Next(at, at, "", events[i])
		if err != nil {
			tb.Fatal(err)
		}
		list[i] = e
	}
	return list
}

func BenchmarkFold(b *testing.B) {
	list := nation(b, 10_600, 300_000)
	b.ReportAllocs()
	for b.Loop() {
		r, err := attendance.Fold(seq(list), attendance.FoldOptions{})
		if err != nil || len(r.Sites) != 10_600 {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(list)), "ns/entry")
}

func BenchmarkChainNext(b *testing.B) {
	c := attendance.NewChain("s1", attendance.NewNode("n1", 0), attendance.Head{})
	ev := &meeting.Connected{Endpoint: "C22738", Conn: "018f0000-0000-7000-8000-000000000000", Device: "Chromium 156, Linux"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Next(t0, t0, "", ev); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSite is what one change costs a report that is kept up to date.
func BenchmarkSite(b *testing.B) {
	builder := attendance.NewBuilder()
	for _, e := range nation(b, 10_600, 100_000) {
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
	for _, e := range nation(b, 10_600, 100_000) {
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
