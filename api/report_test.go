package api_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/roster"
)

// A site is found in the report by words of its name, code or the units above it, with diacritics or without.
func TestReportFindsSitesByName(t *testing.T) {
	b := servertest.NewBed(t, "")
	secretary := servertest.Token(b.Links.Links.Secretary)
	var first struct{ Name string }
	for _, e := range b.Links.Endpoints {
		if e.Code == "C1" {
			first.Name = e.Name
		}
	}
	for query, want := range map[string]bool{"C1": true, "c1": true, url.QueryEscape(first.Name): true, url.QueryEscape(roster.Plain(first.Name)): true,
		"khong+co+gi": false} {
		status, body := b.Request("GET", "/api/v1/sessions/"+b.Links.ID+"/attendance.json?q="+query, secretary, "")
		if found := strings.Contains(body, `"endpoint":"C1"`) || strings.Contains(body, `"endpoint": "C1"`); status != 200 || found != want {
			t.Errorf("q=%s: %d, found %v: %.200s", query, status, found, body)
		}
	}
}
