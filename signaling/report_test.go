package signaling_test

import (
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// A ledger in which somebody changed an entry keeps its session shut, and the answer names the entry.
func TestForgedLedger(t *testing.T) {
	b := servertest.NewBed(t, "")
	b.Enter("C1")
	secretary := servertest.Token(b.Links.Links.Secretary)
	report := "/api/v1/sessions/" + b.Links.ID + "/attendance.json"
	if status, _ := b.Request("GET", report, secretary, ""); status != 200 {
		t.Fatalf("report of a whole ledger: %d", status)
	}
	b.Srv.Close()
	b.HTTP.Close()
	b.Record = &servertest.Record{Store: b.Record.Store, Forged: 2}
	b.Serve()
	if _, err := client.DialToken(t.Context(), servertest.SocketURL(b), servertest.Token(b.Links.Of("C1")),
		client.Options{}); servertest.CloseCode(err) != protocol.CloseBroken || !strings.Contains(err.Error(), "entry 2") {
		t.Errorf("C1 enters: %v", err)
	}
	if status, body := b.Request("GET", report, secretary, ""); status != 503 || !strings.Contains(body, "ledger broken at entry 2") {
		t.Errorf("report: %d %s", status, body)
	}
	file := "/api/v1/sessions/" + b.Links.ID + "/ledger.jsonl"
	if status, body := b.Request("GET", file, secretary, ""); status != 503 || !strings.Contains(body, "ledger broken at entry 2") {
		t.Errorf("ledger.jsonl: %d %s", status, body)
	}
}
