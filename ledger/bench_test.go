package ledger_test

import (
	"testing"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
)

func BenchmarkChainNext(b *testing.B) {
	c := ledger.NewChain("s1", ledger.NewNode("n1", 0), ledger.Head{})
	ev := &meeting.Connected{Endpoint: "C22738", Conn: "018f0000-0000-7000-8000-000000000000", Device: "Chromium 156, Linux"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Next(t0, t0, "", ev); err != nil {
			b.Fatal(err)
		}
	}
}
