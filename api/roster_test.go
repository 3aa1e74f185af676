package api_test

import (
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
)

// A refused file changes nothing: not a row of it is applied, and the map stays the version that it was.
func TestRefusedRosterChangesNothing(t *testing.T) {
	b := servertest.NewBed(t, "")
	an := person(b, "an", "admin", "")
	version, err := b.Record.RosterVersion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var before struct{ Units []struct{ Code, Name string } }
	must(an, "GET", "/api/v1/units?codes=TW,P58,C1,C9", "", &before)
	const xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	good := servertest.RosterCSV + "C9,D582,commune,Xã mới\n"
	for name, tc := range map[string]struct{ body, mediaType, want string }{
		"duplicate code": {good + "C1,D582,commune,Hai lần\n", "text/csv", `"row":9,"column":"code","problem":"duplicate_code","value":"C1"`},
		"orphan":         {good + "C10,D999,commune,Mồ côi\n", "text/csv", `"row":9,"column":"parent_code","problem":"unknown_parent","value":"D999"`},
		"cycle":          {good + "A,B,district,A\nB,A,district,B\n", "text/csv", `"row":9,"column":"parent_code","problem":"cycle"`},
		"old encoding":   {good + "C10,D582,commune,X\xE3\n", "text/csv", `"row":9,"problem":"wrong_encoding"`},
		"missing column": {"code,level,name\nC9,commune,Xã mới\n", "text/csv", `"row":1,"column":"parent_code","problem":"missing_column"`},
		"formula":        {good + "C10,D582,commune,=1+1\n", "text/csv", `"row":9,"column":"name","problem":"formula"`},
		"rubbish":        {strings.Repeat("\x9d\x02", 5<<20), "text/csv", `"row":1,"problem":"wrong_encoding"`},
		"no workbook":    {good, xlsx, `"row":1,"problem":"unreadable"`},
	} {
		for _, path := range []string{"/api/v1/roster/preview", "/api/v1/roster"} {
			if status, text := an.Ask("POST", path, tc.body, "Content-Type", tc.mediaType); status != 400 || !strings.Contains(text, "bad_roster") ||
				!strings.Contains(text, tc.want) {
				t.Errorf("%s to %s: %d %.300s", name, path, status, text)
			}
		}
	}
	after := before
	after.Units = nil
	must(an, "GET", "/api/v1/units?codes=TW,P58,C1,C9", "", &after)
	if now, err := b.Record.RosterVersion(t.Context()); now != version || err != nil || len(after.Units) != 3 || len(before.Units) != 3 {
		t.Errorf("version %d, was %d, %v; units %v, were %v", now, version, err, after.Units, before.Units)
	}
}
