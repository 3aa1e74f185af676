package link_test

import (
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
)

// Whoever has a right code comes in, whatever others behind the same address have typed.
func TestRightCodeIsNeverRefused(t *testing.T) {
	b := servertest.NewBed(t, "")
	var sheet struct {
		Sites []struct {
			Code string `json:"code"`
			Link string `json:"link"`
		} `json:"sites"`
	}
	b.Admin("GET", "/api/v1/sessions/"+b.Links.ID+"/sheet", "", &sheet)
	refused := 0
	for range 60 {
		status, _ := b.From("192.0.2.1", "POST", "/api/v1/join", `{"code":"AAAA-AAAA-AAAA-AAAA"}`)
		if status == 429 {
			refused++
		}
	}
	if refused == 0 {
		t.Error("sixty wrong codes and no wait")
	}
	link := sheet.Sites[0].Link
	for i := range 3 {
		code := link[strings.LastIndexAny(link, "/#")+1:]
		if status, body := b.From("192.0.2.1", "POST", "/api/v1/join", `{"code":"`+code+`"}`); status != 200 {
			t.Fatalf("the right code, time %d: %d %s", i, status, body)
		}
	}
}
