package api_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/google/go-cmp/cmp"
)

// Two secretaries save notes as they type, at once; what was acknowledged is there after a restart, whole.
func TestNotesAreSavedAsTheyAreTyped(t *testing.T) { onBoth(t, notesAreSavedAsTheyAreTyped) }

func notesAreSavedAsTheyAreTyped(b *servertest.Bed) {
	t := b.T
	path := "/api/v1/sessions/" + b.Links.ID
	host, secretary := servertest.Token(b.Links.Links.Host), servertest.Token(b.Links.Links.Secretary)
	var wg sync.WaitGroup
	for id, who := range map[string]string{"a": host, "b": secretary} {
		wg.Go(func() {
			for version := range 20 {
				body := fmt.Sprintf(`{"base":%d,"about":"2026-03-02T08:00:00Z","text":%q}`, version, strings.Repeat(id, version+1))
				if status, text := b.Request("PUT", path+"/notes/"+id, who, body); status != 204 {
					t.Errorf("note %s %d: %d %s", id, version, status, text)
				}
			}
		})
	}
	wg.Wait()
	if status, text := b.Request("PUT", path+"/notes/a", secretary, `{"base":7,"text":"x"}`); status != 409 || !strings.Contains(text, "conflict") {
		t.Errorf("an old version: %d %s", status, text)
	}
	for name, tc := range map[string]struct {
		who, body string
		status    int
	}{
		"a site":   {servertest.Token(b.Links.Endpoints[0].Link), `{"base":0,"text":"x"}`, 403},
		"operator": {servertest.Token(b.Links.Links.Operator), `{"base":0,"text":"x"}`, 403},
		"too long": {secretary, `{"base":0,"text":"` + strings.Repeat("x", 4001) + `"}`, 400},
	} {
		if status, text := b.Request("PUT", path+"/notes/c", tc.who, tc.body); status != tc.status {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	var got struct {
		Notes []struct {
			ID, Text, By string
			Version      int
		}
	}
	b.Admin("GET", path+"/notes", "", &got)
	if len(got.Notes) != 2 || got.Notes[0].Text != strings.Repeat("a", 20) || got.Notes[1].Version != 20 || got.Notes[1].By != "@secretary" {
		t.Errorf("notes %+v", got.Notes)
	}
}

func TestParticularsOfOfficeDraftAndSession(t *testing.T) {
	onBoth(t, particularsOfOfficeDraftAndSession)
}

func particularsOfOfficeDraftAndSession(b *servertest.Bed) {
	t := b.T
	an := person(b, "an", "admin", "")
	must(an, "PUT", "/api/v1/particulars", `{"body":"Ủy ban nhân dân tỉnh","place":"Khánh Hòa","chair":{"name":"Nguyễn Văn A","title":"Chủ tịch"}}`, nil)
	if status, text := person(b, "se", "secretary", "").Ask("PUT", "/api/v1/particulars", `{}`); status != 403 {
		t.Errorf("a secretary set the office's: %d %s", status, text)
	}
	var d struct {
		ID    string
		Draft struct{ Particulars struct{ Body, Number string } }
	}
	must(an, "POST", "/api/v1/drafts", `{"draft":{"title":"Họp"}}`, &d)
	if d.Draft.Particulars.Body != "Ủy ban nhân dân tỉnh" {
		t.Errorf("a new draft has %+v", d.Draft.Particulars)
	}
	type now struct {
		Version     int
		Particulars meeting.Particulars
	}
	var made servertest.Links
	b.Admin("POST", "/api/v1/sessions", `{"title":"Họp","units":"C1","start":"now"}`, &made)
	var first now
	b.Admin("GET", "/api/v1/sessions/"+made.ID+"/particulars", "", &first)
	if first.Version != 1 || first.Particulars.Body != "Ủy ban nhân dân tỉnh" || first.Particulars.Chair.Name != "Nguyễn Văn A" {
		t.Errorf("a session without a draft begins with %+v", first)
	}
	b.Admin("POST", "/api/v1/sessions", `{"title":"Họp","units":"C1","start":"now","particulars":{"body":"Sở Nội vụ"}}`, &made)
	first = now{}
	b.Admin("GET", "/api/v1/sessions/"+made.ID+"/particulars", "", &first)
	if diff := cmp.Diff(meeting.Particulars{Body: "Sở Nội vụ"}, first.Particulars); diff != "" {
		t.Error(diff)
	}

	path := "/api/v1/sessions/" + b.Links.ID
	b.Admin("PUT", path+"/particulars", `{"body":"Sở Nội vụ","number":"1/BC-SNV","secretary":{"name":"Trần Thị Bé","title":"Chuyên viên"}}`, nil)
	chu, secretary := person(b, "chu", "host", ""), servertest.Token(b.Links.Links.Secretary)
	var seen now
	must(chu, "GET", path+"/particulars", "", &seen)
	if seen.Version != 1 || seen.Particulars.Number != "1/BC-SNV" || seen.Particulars.Secretary.Name != "Trần Thị Bé" {
		t.Errorf("%+v", seen)
	}
	b.Admin("POST", path+"/end", "", nil)
	b.Admin("POST", path+"/seal", "", nil) // a number is often given after the session
	const change = `{"base":1,"body":"Sở Nội vụ","number":"12/BC-SNV","secretary":{"name":"Trần Thị Bé","title":"Chuyên viên"}}`
	must(chu, "PUT", path+"/particulars", change, nil)
	for name, tc := range map[string]struct {
		who    string
		status int
	}{"who saw the version before": {secretary, 409}, "a site": {servertest.Token(b.Links.Endpoints[0].Link), 403}} {
		if status, text := b.Request("PUT", path+"/particulars", tc.who, change); status != tc.status {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	if status, _ := b.Request("GET", path+"/particulars", servertest.Token(b.Links.Endpoints[0].Link), ""); status != 403 {
		t.Errorf("a site reads them: %d", status)
	}
	if status, _ := chu.Ask("GET", "/api/v1/sessions/nothing/particulars", ""); status != 404 {
		t.Errorf("those of no session: %d", status)
	}
	_, report := b.Request("GET", path+"/attendance.json", servertest.Token(b.Links.Links.Secretary), "")
	for _, want := range []string{`"number": "12/BC-SNV"`, `"name": "Trần Thị Bé"`} {
		if !strings.Contains(report, want) {
			t.Errorf("the report lacks %s:\n%.1500s", want, report)
		}
	}
}

// A template that was kept before such were refused makes no minutes: the answer says what is wrong with it.
func TestTemplateKeptLongAgo(t *testing.T) { onBoth(t, templateKeptLongAgo) }

func templateKeptLongAgo(b *servertest.Bed) {
	t := b.T
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	for range 2 {
		w, err := z.Create("word/document.xml")
		if err != nil {
			t.Fatal(err)
		}
		const space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
		if _, err := io.WriteString(w, `<w:document xmlns:w="`+space+`"><w:p><w:t>{{ngay}}</w:t></w:p></w:document>`); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Record.SetSetting(t.Context(), "office_minutes_template", base64.StdEncoding.EncodeToString(file.Bytes())); err != nil {
		t.Fatal(err)
	}
	minutes, secretary := "/api/v1/sessions/"+b.Links.ID+"/minutes.", servertest.Token(b.Links.Links.Secretary)
	if status, text := b.Request("GET", minutes+"docx", secretary, ""); status != 409 || !strings.Contains(text, "template: not_word more than once") {
		t.Errorf("%d %.300s", status, text)
	}
	if status, _ := b.Request("GET", minutes+"pdf", secretary, ""); status != 200 {
		t.Errorf("as a PDF: %d", status)
	}
}

// An office's own template makes the minutes, until it goes back; what is none is refused, and who may not set it is as well.
func TestTemplateOfTheOffice(t *testing.T) { onBoth(t, templateOfTheOffice) }

func templateOfTheOffice(b *servertest.Bed) {
	t := b.T
	const path = "/api/v1/minutes-template"
	minutes := "/api/v1/sessions/" + b.Links.ID + "/minutes."
	secretary := servertest.Token(b.Links.Links.Secretary)
	an := person(b, "an", "admin", "")
	status, shipped := an.Ask("GET", path, "")
	if status != 200 || !strings.HasPrefix(shipped, "PK") {
		t.Fatalf("%d %.40q", status, shipped)
	}
	for name, tc := range map[string]struct {
		body, says string
		status     int
	}{
		"no Word file": {"PK", "not_word", 400},
		"too large":    {strings.Repeat("x", 2<<20+1), "too_large", 400},
		"shipped":      {shipped, "", 204},
	} {
		if status, text := an.Ask("PUT", path, tc.body); status != tc.status || !strings.Contains(text, tc.says) {
			t.Errorf("%s: %d %.200s", name, status, text)
		}
	}
	if status, own := an.Ask("GET", path, ""); status != 200 || own != shipped {
		t.Errorf("%d, not what was put", status)
	}
	for _, kind := range []string{"docx", "pdf"} {
		if status, file := b.Request("GET", minutes+kind+"?lang=en", secretary, ""); status != 200 || len(file) < 1000 {
			t.Errorf("minutes as %s: %d", kind, status)
		}
	}
	if status, file := b.Request("GET", "/api/v1/sessions/"+b.Links.ID+"/attendance.docx?pages=province&lang=vi", secretary,
		""); status != 200 || !strings.HasPrefix(file, "PK") {
		t.Errorf("the report as a Word file: %d", status)
	}
	for who, status := range map[string]int{"operator": 204, "host": 204, "secretary": 403} {
		if got, text := person(b, "x"+who, who, "").Ask("PUT", path, shipped); got != status {
			t.Errorf("%s: %d %s", who, got, text)
		}
	}
	if status, text := an.Ask("DELETE", path, ""); status != 204 {
		t.Errorf("%d %s", status, text)
	}
}
