package signaling_test

import (
	"strings"
	"testing"

	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// A ledger in which somebody changed an entry keeps its session shut, and the answer names the entry.
func TestForgedLedger(t *testing.T) {
	b := newBed(t, "")
	b.enter("C1")
	secretary := token(b.links.Links.Secretary)
	report := "/api/v1/sessions/" + b.links.ID + "/attendance.json"
	if status, _ := b.request("GET", report, secretary, ""); status != 200 {
		t.Fatalf("report of a whole ledger: %d", status)
	}
	b.srv.Close()
	b.http.Close()
	b.record = &record{Store: b.record.Store, forged: 2}
	b.serve()
	if _, err := client.DialToken(t.Context(), wsURL(b), token(b.links.of("C1")), client.Options{}); closeCode(err) != protocol.CloseBroken || !strings.Contains(err.Error(), "entry 2") {
		t.Errorf("C1 enters: %v", err)
	}
	if status, body := b.request("GET", report, secretary, ""); status != 503 || !strings.Contains(body, "ledger broken at entry 2") {
		t.Errorf("report: %d %s", status, body)
	}
	file := "/api/v1/sessions/" + b.links.ID + "/ledger.jsonl"
	if status, body := b.request("GET", file, secretary, ""); status != 503 || !strings.Contains(body, "ledger broken at entry 2") {
		t.Errorf("ledger.jsonl: %d %s", status, body)
	}
}
