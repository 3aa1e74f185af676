package api_test

import (
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
)

// A merge is on record with its day, who made it and from which version, and figures of sessions before it count for what
// the unit became part of.
func TestUnitsAreChangedOneByOne(t *testing.T) {
	b := servertest.NewBed(t, "")
	held(b, "Phiên trước khi sáp nhập")
	an := person(b, "an", "admin", "")
	var list struct {
		Version int64
		Changes []struct {
			Kind, Code, Into, By string
			InForce              string `json:"in_force"`
		}
	}
	must(an, "GET", "/api/v1/roster/changes", "", &list)
	if list.Version != 1 || len(list.Changes) != 0 {
		t.Fatalf("%+v", list)
	}
	must(an, "POST", "/api/v1/roster/changes", `{"kind":"add","code":"P56","parent_code":"TW","level":"province","name":"Tỉnh Khánh Hòa",`+
		`"in_force":"2025-07-01","version":1}`, nil)
	must(an, "POST", "/api/v1/roster/changes", `{"kind":"move","code":"C1","parent_code":"P56","in_force":"2025-07-01"}`, nil)
	must(an, "POST", "/api/v1/roster/changes", `{"kind":"merge","code":"C2","into":"C1","in_force":"2025-07-01"}`, nil)
	for body, want := range map[string]int{
		`{"kind":"rename","code":"C1","name":"x","in_force":"2025-07-01","version":1}`: 409,
		`{"kind":"rename","code":"C7","name":"x","in_force":"2025-07-01"}`:             400,
		`{"kind":"rename","code":"C1","name":"x","in_force":"2099-07-01"}`:             400,
	} {
		if status, text := an.Ask("POST", "/api/v1/roster/changes", body); status != want {
			t.Errorf("%s: %d %s, want %d", body, status, text, want)
		}
	}
	for _, who := range []*servertest.Browser{person(b, "ha", "host", ""), person(b, "se", "secretary", ""), person(b, "dd", "operator", "P58")} {
		for _, method := range []string{"GET", "POST"} {
			if status, _ := who.Ask(method, "/api/v1/roster/changes", `{"kind":"rename","code":"C1","name":"x","in_force":"2025-07-01"}`); status != 403 {
				t.Errorf("somebody may %s changes: %d", method, status)
			}
		}
	}
	must(an, "GET", "/api/v1/roster/changes", "", &list)
	if list.Version != 4 || len(list.Changes) != 3 || list.Changes[0].Into != "C1" || list.Changes[0].By != "an" || list.Changes[0].InForce != "2025-07-01" {
		t.Errorf("%+v", list)
	}
	got := summed(b, "?unit=P56")
	if len(got.Rows) != 1 || got.Rows[0].Unit != "C1" || got.Rows[0].Convened != 2 {
		t.Errorf("after the merge: %+v", got.Rows)
	}
	if status, text := an.Ask("GET", "/api/v1/roster/template.xlsx", ""); status != 200 || !strings.HasPrefix(text, "PK") {
		t.Errorf("template: %d", status)
	}
}
