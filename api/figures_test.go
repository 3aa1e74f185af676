package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/figures"
	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/google/go-cmp/cmp"
)

// table is what the tests read of an answer.
type table struct {
	Behind   int
	Unit     string
	Matching int
	Sessions []struct {
		ID string
		figures.Sum
	}
	Rows []struct {
		Unit string
		figures.Sum
	}
}

// held holds a session to its end: C1 comes, the others do not.
func held(b *servertest.Bed, title string) string {
	b.Helper()
	var made servertest.Links
	b.Admin("POST", "/api/v1/sessions", fmt.Sprintf(`{"title":%q,"units":"P58/commune,P58","start":"now","countdown_s":0}`, title), &made)
	site, err := b.TryLink(made.Endpoints[0].Link)
	if err != nil {
		b.Fatal(err)
	}
	b.Act(made.ID, meeting.StartSession{}, meeting.HostCode, meeting.RoleHost)
	b.Admin("POST", "/api/v1/sessions/"+made.ID+"/end", "", nil)
	site.Close()
	return made.ID
}

// summed waits until the figures are up to date and returns them.
func summed(b *servertest.Bed, query string) (t table) {
	b.Helper()
	servertest.Await(b.T, "the figures are up to date", func() bool {
		t = table{}
		b.Admin("GET", "/api/v1/figures"+query, "", &t)
		return t.Behind == 0
	})
	return t
}

// derived is what the table holds, and what the ledgers say.
func derived(b *servertest.Bed) (kept, replayed []*figures.Session) {
	b.Helper()
	for f, err := range b.Record.Figures(context.Background(), time.Time{}, time.Time{}) {
		if err != nil {
			b.Fatal(err)
		}
		f.Sites = slices.Clone(f.Sites)
		kept = append(kept, f)
		sum := attendance.NewBuilder()
		for e, err := range ledger.Checked(b.Record.Entries(context.Background(), f.ID, 1)) {
			if err == nil {
				err = sum.Add(e)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		replayed = append(replayed, sum.Figures())
	}
	return kept, replayed
}

// stuck is a reader that never reads.
type stuck struct {
	http.ResponseWriter
	reached, over chan struct{}
}

func (s stuck) Write([]byte) (int, error) {
	s.reached <- struct{}{}
	<-s.over
	return 0, io.ErrClosedPipe
}

// Who does not read an answer keeps nobody from one of his own: more than are made at once are on their way together.
func TestFiguresWaitForNoReader(t *testing.T) {
	b := servertest.NewBed(t, "")
	session := held(b, "Phiên thứ nhất")
	summed(b, "")
	paths := []string{".xlsx", ".pdf", "", "/compare?session=" + session}
	var readers sync.WaitGroup
	reached, over := make(chan struct{}, 2*len(paths)), make(chan struct{})
	defer readers.Wait()
	defer close(over)
	for _, path := range append(paths, paths...) {
		readers.Go(func() {
			defer func() {
				if err := recover(); err != nil && err != any(http.ErrAbortHandler) { // how an answer that is not whole ends
					t.Error(err)
				}
			}()
			r := httptest.NewRequest(http.MethodGet, "/api/v1/figures"+path, http.NoBody)
			b.API.AdminHandler().ServeHTTP(stuck{httptest.NewRecorder(), reached, over}, r)
		})
	}
	servertest.Await(t, "all answers are on their way", func() bool { return len(reached) == cap(reached) })
	b.Admin("GET", "/api/v1/figures", "", &table{})
}

// The table follows the end of a session, its seal, corrections after it and what a killed server left behind, and is what
// the ledgers say; so it is after it was made anew.
func TestFiguresFollowTheLedgers(t *testing.T) { onBoth(t, figuresFollowTheLedgers) }

func figuresFollowTheLedgers(b *servertest.Bed) {
	t := b.T
	first := held(b, "Phiên thứ nhất")
	second := held(b, "Phiên thứ hai")
	got := summed(b, "?unit=P58")
	if len(got.Sessions) != 2 || got.Sessions[0].ID != first || got.Sessions[0].Convened != 4 || got.Sessions[0].Absent != 3 {
		t.Fatalf("%+v", got)
	}
	agree := func(when string) {
		t.Helper()
		kept, replayed := derived(b)
		if diff := cmp.Diff(replayed, kept); diff != "" || len(kept) != 2 {
			t.Errorf("%s the table and %d ledgers differ: %s", when, len(kept), diff)
		}
	}
	agree("after the end")
	b.Admin("POST", "/api/v1/sessions/"+first+"/seal", "", nil)
	b.Admin("PUT", "/api/v1/sessions/"+first+"/sites/C2/verdict", `{"verdict":"on_time","reason":"báo cáo bằng văn bản"}`, nil)
	b.Admin("POST", "/api/v1/sessions/"+second+"/sites/C3/attended", `{"from":"2026-03-02T08:00:00Z","means":"phone","reason":"mất điện"}`, nil)
	got = summed(b, "?each=1&order=absent")
	if got.Sessions[0].Absent != 2 || got.Sessions[0].Corrected != 1 {
		t.Errorf("after a correction: %+v", got.Sessions[0])
	}
	agree("after corrections")
	// Killed with the table behind.
	if err := b.Record.ForgetFigures(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Restart(true)
	summed(b, "")
	agree("after a kill")
	var made struct{ Sessions int }
	b.Admin("POST", "/api/v1/figures/rebuild", "", &made)
	if made.Sessions != 2 {
		t.Errorf("made %d", made.Sessions)
	}
	agree("after a rebuild")
}

func TestFiguresByUnitAndScope(t *testing.T) { onBoth(t, figuresByUnitAndScope) }

func figuresByUnitAndScope(b *servertest.Bed) {
	t := b.T
	first, second := held(b, "Phiên thứ nhất"), held(b, "Phiên thứ hai")
	all := summed(b, "")
	if len(all.Rows) != 1 || all.Rows[0].Unit != "P58" || all.Rows[0].Convened != 8 || all.Rows[0].Sessions != 2 {
		t.Errorf("by province: %+v", all.Rows)
	}
	if page := summed(b, "?each=1&order=absent&limit=2&offset=1"); len(page.Rows) != 2 || page.Matching != 4 || page.Rows[0].Absent != 2 {
		t.Errorf("a page: %+v", page)
	}
	if later := summed(b, "?from=2099-01-01T00:00:00Z"); len(later.Sessions) != 0 || len(later.Rows) != 0 {
		t.Errorf("of a later period: %+v", later)
	}
	delegate, secretary := person(b, "dd", "operator", "D582"), person(b, "se", "secretary", "")
	var part table
	must(delegate, "GET", "/api/v1/figures", "", &part)
	if part.Unit != "D582" || len(part.Rows) != 3 || part.Sessions[0].Convened != 3 {
		t.Errorf("a scope shows %+v", part)
	}
	for path, want := range map[string]int{
		"/api/v1/figures?unit=C1": 200, "/api/v1/figures?unit=P58": 403, "/api/v1/figures?unit=TW": 403, "/api/v1/figures.xlsx?unit=P58": 403,
		"/api/v1/figures?unit=nothing": 403, "/api/v1/figures/compare?session=" + second + "&unit=P58": 403, "/api/v1/figures?from=today": 400,
		"/api/v1/figures?order=best": 400, "/api/v1/figures/compare?session=none": 404, "/api/v1/figures?limit=-1": 400,
	} {
		if status, text := delegate.Ask("GET", path, ""); status != want {
			t.Errorf("%s: %d %.200s, want %d", path, status, text, want)
		}
	}
	if status, _ := secretary.Ask("POST", "/api/v1/figures/rebuild", ""); status != 403 {
		t.Errorf("a secretary rebuilds: %d", status)
	}
	if status, _ := b.Request("GET", "/api/v1/figures", servertest.Token(b.Links.Links.Host), ""); status != 403 {
		t.Errorf("a link sees figures: %d", status)
	}
	b.Admin("PUT", "/api/v1/sessions/"+second+"/sites/C1/verdict", `{"verdict":"absent","reason":"kết nối nhầm"}`, nil)
	b.Admin("PUT", "/api/v1/sessions/"+second+"/sites/C2/verdict", `{"verdict":"late","reason":"dự ghép"}`, nil)
	summed(b, "")
	var c struct {
		Before, Now       struct{ ID string }
		Missing, Returned []struct{ Unit string }
	}
	must(secretary, "GET", "/api/v1/figures/compare?session="+second, "", &c)
	if c.Before.ID != first || c.Now.ID != second || len(c.Missing) != 1 || c.Missing[0].Unit != "C1" || len(c.Returned) != 1 || c.Returned[0].Unit != "C2" {
		t.Errorf("compared: %+v", c)
	}
	_, alone := secretary.Ask("GET", "/api/v1/figures/compare?session="+first, "")
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(alone), &fields); err != nil || fields["before"] != nil {
		t.Errorf("the first session is compared with %s, %v", fields["before"], err)
	}
	for file, magic := range map[string]string{"xlsx": "PK", "pdf": "%PDF-"} {
		if status, text := secretary.Ask("GET", "/api/v1/figures."+file+"?lang=vi&each=1", ""); status != 200 || !strings.HasPrefix(text, magic) {
			t.Errorf("%s: %d %.20q", file, status, text)
		}
	}
}

// A session of before the reform of 2025 counts for the province that its own became part of, without anybody saying so; what the
// office says goes before.
func TestFiguresFollowTheReform(t *testing.T) { onBoth(t, figuresFollowTheReform) }

func figuresFollowTheReform(b *servertest.Bed) {
	t := b.T
	held(b, "Phiên trước cải cách") // in P58
	summed(b, "")
	b.Admin("POST", "/api/v1/roster",
		"code,parent_code,level,name\nTW,,central,Trung ương\nP56,TW,province,Tỉnh Khánh Hòa\nP68,TW,province,Tỉnh Lâm Đồng\n", nil)
	if got := summed(b, ""); len(got.Rows) != 1 || got.Rows[0].Unit != "P56" || got.Rows[0].Convened != 4 {
		t.Errorf("%+v", got.Rows)
	}
	if got := summed(b, "?unit=P58"); got.Unit != "P56" || len(got.Sessions) != 1 {
		t.Errorf("asked by the former code: %+v", got)
	}
	b.Admin("POST", "/api/v1/roster/changes", `{"kind":"merge","code":"P58","into":"P68","in_force":"2025-07-01"}`, nil)
	if got := summed(b, ""); len(got.Rows) != 1 || got.Rows[0].Unit != "P68" {
		t.Errorf("after the office said otherwise: %+v", got.Rows)
	}
}
