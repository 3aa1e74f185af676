package link_test

import (
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
)

// Codes are random, yet a sheet can be printed again; the record gives none of them away.
func TestShortCodes(t *testing.T) {
	b := servertest.NewBed(t, "")
	first := b.SheetCodes(b.Links.ID)
	if len(first) != 3 || first["C1"] == "" || first["C1"] == first["C2"] {
		t.Fatalf("codes %v", first)
	}
	var again servertest.Links
	b.Admin("POST", "/api/v1/sessions", `{"title":"x","units":"C1","start":"now"}`, &again)
	if other := b.SheetCodes(again.ID); other["C1"] == first["C1"] {
		t.Error("two sessions share a code")
	}
	b.Restart(false)
	if got := b.SheetCodes(b.Links.ID); got["C1"] != first["C1"] || got["C3"] != first["C3"] {
		t.Errorf("printed again after a restart: %v, was %v", got, first)
	}
	rows, err := b.Record.ShortCodes(t.Context(), b.Links.ID, "")
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		code, _ := link.ReadCode(first[row.Endpoint])
		if row.Hash != link.HashCode(code) || row.Sealed == "" || strings.Contains(row.Sealed, code) {
			t.Errorf("the record keeps %+v of %s", row, code)
		}
	}
	for range 3 { // opening a link changes nothing
		if status, body := b.Join(first["C1"]); status != 200 || !strings.Contains(body, servertest.Token(b.Links.Of("C1"))) {
			t.Errorf("%d %s", status, body)
		}
	}
	if now, _ := b.Record.ShortCodes(t.Context(), b.Links.ID, ""); len(now) != 3 {
		t.Errorf("%d rows after opening", len(now))
	}
}

func TestShortCodesOfOtherKeysAndIssues(t *testing.T) {
	b := servertest.NewBed(t, "")
	first := b.SheetCodes(b.Links.ID)
	// A code from before codes were sealed leads where it led; so does one whose key was lost.
	old := link.NewCode()
	if err := b.Record.PutShortCodes(t.Context(), []link.Code{{Hash: link.HashCode(old), Session: b.Links.ID, Endpoint: "C2", Serial: 1}}); err != nil {
		t.Fatal(err)
	}
	b.CodeKey[0]++
	b.Restart(false)
	second := b.SheetCodes(b.Links.ID)
	for _, code := range []string{old, first["C2"], second["C2"]} {
		if status, body := b.Join(code); status != 200 || !strings.Contains(body, servertest.Token(b.Links.Of("C2"))) {
			t.Errorf("%s: %d %s", code, status, body)
		}
	}
	if second["C2"] == first["C2"] {
		t.Error("a code was opened with another key")
	}
	// A sealed code in the row of another seat does not open.
	rows, err := b.Record.ShortCodes(t.Context(), b.Links.ID, "C1")
	if err != nil {
		t.Fatal(err)
	}
	var mixed servertest.Links
	b.Admin("POST", "/api/v1/sessions", `{"title":"x","units":"C1","start":"now"}`, &mixed)
	for i := range rows {
		rows[i].Session, rows[i].Hash = mixed.ID, rows[i].Hash+"x"
	}
	if err := b.Record.PutShortCodes(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	if got := b.SheetCodes(mixed.ID); got["C1"] == second["C1"] {
		t.Error("a sealed code was opened in another row")
	}
	// Reissued and revoked.
	session := "/api/v1/sessions/" + b.Links.ID
	var issued struct {
		Link      string
		ShortLink string `json:"short_link"`
	}
	b.Admin("POST", session+"/links/C1/reissue", "", &issued)
	_, fresh, _ := strings.Cut(issued.ShortLink, "/j#")
	if status, body := b.Join(fresh); status != 200 || !strings.Contains(body, servertest.Token(issued.Link)) {
		t.Errorf("the reissued code: %d %s", status, body)
	}
	if got := b.SheetCodes(b.Links.ID); got["C1"] != fresh {
		t.Errorf("the sheet has %s, the answer %s", got["C1"], fresh)
	}
	for _, code := range []string{first["C1"], second["C1"]} {
		if status, body := b.Join(code); status != 401 || !strings.Contains(body, "bad_token") {
			t.Errorf("%s after the reissue: %d %s", code, status, body)
		}
	}
	b.Admin("POST", session+"/links/C1/revoke", "", nil)
	if status, _ := b.Join(fresh); status != 401 {
		t.Errorf("revoked: %d", status)
	}
	if got := b.SheetCodes(b.Links.ID); got["C1"] != "" || got["C2"] == "" {
		t.Errorf("the sheet after a revocation: %v", got)
	}
	issued.ShortLink = ""
	b.Admin("POST", session+"/links/"+meeting.HostCode+"/reissue", "", &issued)
	if issued.ShortLink != "" {
		t.Errorf("the host has the short link %s", issued.ShortLink)
	}
}
