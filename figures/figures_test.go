package figures_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/diemcau/diemcau/figures"
	"github.com/diemcau/diemcau/meeting"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var t0 = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

// org is a map for tests.
type org struct {
	units  map[string]meeting.Unit
	former map[string]string
}

func (o org) Unit(code string) (meeting.Unit, bool) { u, ok := o.units[code]; return u, ok }

func (o org) Follow(code string) string {
	if next, ok := o.former[code]; ok {
		return next
	}
	return code
}

func mapOf(former map[string]string, units ...meeting.Unit) org {
	o := org{units: map[string]meeting.Unit{}, former: former}
	for _, u := range units {
		o.units[u.Code] = u
	}
	return o
}

var (
	tw   = meeting.Unit{Code: "TW", Level: meeting.LevelCentral, Name: "Trung ương"}
	p58  = meeting.Unit{Code: "P58", Parent: "TW", Level: meeting.LevelProvince, Name: "Tỉnh Ninh Thuận"}
	d582 = meeting.Unit{Code: "D582", Parent: "P58", Level: meeting.LevelDistrict, Name: "Huyện Bác Ái"}
	c1   = meeting.Unit{Code: "C1", Parent: "D582", Level: meeting.LevelCommune, Name: "Xã Phước Bình"}
	c2   = meeting.Unit{Code: "C2", Parent: "D582", Level: meeting.LevelCommune, Name: "Xã Phước Hòa"}
	p56  = meeting.Unit{Code: "P56", Parent: "TW", Level: meeting.LevelProvince, Name: "Tỉnh Khánh Hòa"}
)

func session(id string, day int, units []meeting.Unit, sites ...figures.Site) *figures.Session {
	at := t0.AddDate(0, 0, day)
	return &figures.Session{ID: id, Title: "Phiên " + id, StartedAt: at, EndedAt: at.Add(time.Hour), Seq: 9, Units: units, Sites: sites}
}

func before() []meeting.Unit { return []meeting.Unit{tw, p58, d582, c1, c2} }

func TestPack(t *testing.T) {
	s := session("s1", 0, before(),
		figures.Site{
			Unit: 3, Verdict: meeting.VerdictLate, PresentS: 3000, ReceivedS: 2900, LateS: 600, Headcount: 14, Turns: 2, SpokenS: 90, Interruptions: 3,
			Packets: 1 << 40, Lost: 77, Telephone: true,
		},
		figures.Site{Unit: 4, Verdict: meeting.VerdictAbsent, Corrected: true},
		figures.Site{Unit: figures.Guest, Verdict: meeting.VerdictOnTime, PresentS: 3600})
	got, err := repacked(new(figures.Unpacker), s)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, got); diff != "" {
		t.Error(diff)
	}
	for _, packed := range [][]byte{nil, {1}, append(s.PackSites(), 0), s.PackSites()[:20]} {
		var u figures.Unpacker
		if err := u.AddUnits("u", s.PackUnits()); err != nil {
			t.Fatal(err)
		}
		if err := u.Unpack(&figures.Session{}, "u", packed); err == nil {
			t.Errorf("% x was unpacked", packed)
		}
	}
}

// repacked is a session as it comes back from the record; the name of its units is their bytes.
func repacked(u *figures.Unpacker, s *figures.Session) (*figures.Session, error) {
	units := s.PackUnits()
	if err := u.AddUnits(string(units), units); err != nil {
		return nil, err
	}
	got := *s
	return &got, u.Unpack(&got, string(units), s.PackSites())
}

// Sessions of one organisation share its units, and count as if each had its own.
func TestUnpackerSharesUnits(t *testing.T) {
	other := append(before(), meeting.Unit{Code: "C3", Parent: "D582", Level: meeting.LevelCommune, Name: "Xã Phước Dân"})
	sessions := []*figures.Session{
		session("s4", 3, before(), figures.Site{Unit: 3, Verdict: meeting.VerdictOnTime}), session("s3", 2, before(), figures.Site{Unit: 4,
			Verdict: meeting.VerdictLate}),
		session("s2", 1, other, figures.Site{Unit: 5, Verdict: meeting.VerdictAbsent}), session("s1", 0, before(), figures.Site{Unit: 3,
			Verdict: meeting.VerdictAbsent}),
	}
	var u figures.Unpacker
	shared, own := figures.NewAdder(mapOf(nil, before()...), figures.Query{Each: true}), figures.NewAdder(mapOf(nil, before()...), figures.Query{Each: true})
	lists := map[*meeting.Unit]int{}
	for _, s := range sessions {
		packed := s.PackUnits()
		if err := u.AddUnits(fmt.Sprint(len(s.Units)), packed); err != nil && len(lists) == 0 {
			t.Fatal(err)
		}
	}
	for _, s := range sessions {
		got := *s
		if err := u.Unpack(&got, fmt.Sprint(len(s.Units)), s.PackSites()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(*s, got); diff != "" {
			t.Error(diff)
		}
		lists[&got.Units[0]]++
		shared.Add(&got)
		own.Add(s)
	}
	if len(lists) != 2 {
		t.Errorf("%d lists of units for two organisations", len(lists))
	}
	if err := u.Unpack(&figures.Session{}, "another", sessions[0].PackSites()); err == nil {
		t.Error("units that nobody read are those of a session")
	}
	if diff := cmp.Diff(own.Table(), shared.Table(), cmpopts.IgnoreUnexported(figures.Sum{})); diff != "" {
		t.Error(diff)
	}
}

func FuzzUnpack(f *testing.F) {
	one := session("s1", 0, before(), figures.Site{Unit: 3, Verdict: meeting.VerdictLate}, figures.Site{Unit: figures.Guest})
	for _, s := range []*figures.Session{one, {}} {
		f.Add(s.PackUnits(), s.PackSites())
	}
	f.Fuzz(func(t *testing.T, units, sites []byte) {
		var u figures.Unpacker
		var s figures.Session
		if u.AddUnits("", units) != nil || u.Unpack(&s, "", sites) != nil {
			return
		}
		again, err := repacked(new(figures.Unpacker), &s)
		if err != nil {
			t.Fatalf("what was unpacked cannot be packed: %v", err)
		}
		if diff := cmp.Diff(s.Sites, again.Sites, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
		figures.NewAdder(mapOf(nil), figures.Query{Each: true}).Add(&s)
	})
}

// codes of the rows with what matters of them.
func rows(t *figures.Table) map[string][4]int {
	m := map[string][4]int{}
	for _, r := range t.Rows {
		m[r.Unit.Code] = [4]int{r.Sessions, r.Convened, r.Present, r.Absent}
	}
	return m
}

func TestTable(t *testing.T) {
	now := mapOf(nil, before()...)
	sessions := []*figures.Session{ // the newest first
		session("s2", 30, before(), figures.Site{Unit: 3, Verdict: meeting.VerdictAbsent}, figures.Site{Unit: 4, Verdict: meeting.VerdictOnTime, Headcount: 5},
			figures.Site{Unit: 4, Verdict: meeting.VerdictLate}, figures.Site{Unit: figures.Guest, Verdict: meeting.VerdictOnTime}),
		session("s1", 0, before(), figures.Site{Unit: 3, Verdict: meeting.VerdictAbsent},
			figures.Site{Unit: 1, Verdict: meeting.VerdictOnTime, Turns: 3, SpokenS: 60}),
	}
	for _, tt := range []struct {
		name     string
		query    figures.Query
		rows     map[string][4]int
		convened int // in all
		sessions int
	}{
		{"by province", figures.Query{}, map[string][4]int{"P58": {2, 5, 3, 2}}, 6, 2},
		{"in a province", figures.Query{Unit: "P58"}, map[string][4]int{"D582": {2, 4, 2, 2}, "P58": {1, 1, 1, 0}}, 5, 2},
		{"in a commune", figures.Query{Unit: "C2"}, map[string][4]int{"C2": {1, 2, 2, 0}}, 2, 1},
		{"each", figures.Query{Each: true}, map[string][4]int{"P58": {1, 1, 1, 0}, "C1": {2, 2, 0, 2}, "C2": {1, 2, 2, 0}}, 6, 2},
		{"nowhere", figures.Query{Unit: "P99"}, map[string][4]int{}, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sum := figures.NewAdder(now, tt.query)
			for _, s := range sessions {
				sum.Add(s)
			}
			got := sum.Table()
			if diff := cmp.Diff(tt.rows, rows(got)); diff != "" {
				t.Error(diff)
			}
			if got.Total.Convened != tt.convened || len(got.Sessions) != tt.sessions {
				t.Errorf("%d sites in %d sessions, want %d in %d", got.Total.Convened, len(got.Sessions), tt.convened, tt.sessions)
			}
			if tt.sessions == 2 && got.Sessions[0].ID != "s1" {
				t.Errorf("the first session is %s", got.Sessions[0].ID)
			}
		})
	}
	sum := figures.NewAdder(now, figures.Query{Each: true, Order: figures.ByAbsent})
	for _, s := range sessions {
		sum.Add(s)
	}
	if got := sum.Table().Rows[0]; got.Unit.Code != "C1" || got.Absent != 2 {
		t.Errorf("most often absent is %+v", got)
	}
}

// TestFormerUnits counts sessions of before a reform by the units of today.
func TestFormerUnits(t *testing.T) {
	moved := c1
	moved.Parent, moved.Name = "P56", "Xã Phước Bình mới"
	today := mapOf(map[string]string{"C2": "C1", "P58": "P56"}, tw, p56, moved)
	sum := figures.NewAdder(today, figures.Query{Each: true})
	for _, s := range []*figures.Session{
		session("s2", 30, []meeting.Unit{tw, p56, moved}, figures.Site{Unit: 2, Verdict: meeting.VerdictOnTime}),
		session("s1", 0, before(), figures.Site{Unit: 1, Verdict: meeting.VerdictOnTime}, figures.Site{Unit: 2, Verdict: meeting.VerdictAbsent},
			figures.Site{Unit: 3, Verdict: meeting.VerdictAbsent}, figures.Site{Unit: 4, Verdict: meeting.VerdictAbsent}),
	} {
		sum.Add(s)
	}
	got := sum.Table()
	// C1 is the same by its code, C2 and P58 became part of others, and D582 is gone: it stands where it stood, below
	// what its province became.
	want := map[string][4]int{"C1": {2, 3, 1, 2}, "P56": {1, 1, 1, 0}, "D582": {1, 1, 0, 1}}
	if diff := cmp.Diff(want, rows(got)); diff != "" {
		t.Error(diff)
	}
	for _, r := range got.Rows {
		if r.Unit.Code == "D582" && !cmp.Equal(r.Parents, []string{"Tỉnh Khánh Hòa", "Trung ương"}) {
			t.Errorf("the district stands below %q", r.Parents)
		}
		if r.Unit.Code == "C1" && r.Unit.Name != "Xã Phước Bình mới" {
			t.Errorf("the commune is named %q", r.Unit.Name)
		}
	}
	circle := mapOf(map[string]string{}, meeting.Unit{Code: "A", Parent: "B"}, meeting.Unit{Code: "B", Parent: "A"})
	if path := figures.Above(circle, nil, "A"); len(path) != 2 {
		t.Errorf("a circle gives %v", path)
	}
}

func TestCompare(t *testing.T) {
	now := mapOf(nil, before()...)
	first := session("s1", 0, before(), figures.Site{Unit: 3, Verdict: meeting.VerdictOnTime}, figures.Site{Unit: 4, Verdict: meeting.VerdictAbsent})
	second := session("s2", 30, before(), figures.Site{Unit: 3, Verdict: meeting.VerdictAbsent}, figures.Site{Unit: 4, Verdict: meeting.VerdictLate},
		figures.Site{Unit: 1, Verdict: meeting.VerdictOnTime})
	c := figures.Compare(now, figures.Query{}, first, second)
	if len(c.Missing) != 1 || c.Missing[0].Unit.Code != "C1" || len(c.Returned) != 1 || c.Returned[0].Unit.Code != "C2" {
		t.Errorf("missing %v, returned %v", c.Missing, c.Returned)
	}
	if len(c.Rows) != 1 || c.Rows[0].Before.Convened != 2 || c.Rows[0].Now.Convened != 3 || c.Before.ID != "s1" || c.Now.Present != 2 {
		t.Errorf("%+v", c)
	}
	alone := figures.Compare(now, figures.Query{}, nil, first)
	if alone.Before.ID != "" || len(alone.Rows) != 1 || len(alone.Missing) != 0 {
		t.Errorf("%+v", alone)
	}
	if diff := cmp.Diff(figures.Sum{}, alone.Rows[0].Before, cmpopts.IgnoreUnexported(figures.Sum{})); diff != "" {
		t.Error(diff)
	}
}
