package signaling_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/roster"
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

// A site is found in the report by words of its name, code or the units above it, with diacritics or without.
func TestReportFindsSitesByName(t *testing.T) {
	b := newBed(t, "")
	secretary := token(b.links.Links.Secretary)
	var first struct{ Name string }
	for _, e := range b.links.Endpoints {
		if e.Code == "C1" {
			first.Name = e.Name
		}
	}
	for query, want := range map[string]bool{"C1": true, "c1": true, url.QueryEscape(first.Name): true, url.QueryEscape(roster.Plain(first.Name)): true, "khong+co+gi": false} {
		status, body := b.request("GET", "/api/v1/sessions/"+b.links.ID+"/attendance.json?q="+query, secretary, "")
		if found := strings.Contains(body, `"endpoint":"C1"`) || strings.Contains(body, `"endpoint": "C1"`); status != 200 || found != want {
			t.Errorf("q=%s: %d, found %v: %.200s", query, status, found, body)
		}
	}
}
