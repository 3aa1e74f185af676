package attendance_test

import (
	"slices"
	"testing"

	"github.com/diemcau/diemcau/attendance"
)

func TestSelect(t *testing.T) {
	r := report(t, "-100 open; -50 in a; 0 start; 1000 end") // C1 is there, C2 and the guest G1 are not
	tests := map[string]struct {
		sel      attendance.Selection
		want     []string
		matching int
	}{
		"all":              {attendance.Selection{}, []string{"C1", "C2", "G1"}, 3},
		"absent":           {attendance.Selection{Verdict: attendance.Absent}, []string{"C2", "G1"}, 2},
		"of a province":    {attendance.Selection{Unit: "P58"}, []string{"C1", "C2"}, 2},
		"of its own unit":  {attendance.Selection{Unit: "C2"}, []string{"C2"}, 1},
		"one":              {attendance.Selection{Code: "G1"}, []string{"G1"}, 1},
		"second page":      {attendance.Selection{Offset: 2, Limit: 2}, []string{"G1"}, 3},
		"first page":       {attendance.Selection{Limit: 2}, []string{"C1", "C2"}, 3},
		"behind the end":   {attendance.Selection{Offset: 9, Limit: 2}, nil, 3},
		"absent and paged": {attendance.Selection{Verdict: attendance.Absent, Offset: 1, Limit: 1}, []string{"G1"}, 2},
		"of no unit":       {attendance.Selection{Unit: "P99"}, nil, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			page, matching := r.Select(tt.sel)
			var got []string
			for _, s := range page.Sites {
				got = append(got, s.Endpoint)
			}
			if !slices.Equal(got, tt.want) || matching != tt.matching {
				t.Errorf("%v of %d, want %v of %d", got, matching, tt.want, tt.matching)
			}
			if page.Total != r.Total {
				t.Error("the sums are narrowed too")
			}
		})
	}
}

func TestOverTime(t *testing.T) {
	r := report(t, "0 open; 0 start; 100 in a; 300 left a; 400 end")
	var got []int
	for _, s := range r.OverTime(5) { // at 0, 100, 200, 300, 400
		got = append(got, s.Present)
	}
	if !slices.Equal(got, []int{0, 1, 1, 1, 0}) {
		t.Errorf("%v", got)
	}
	page, _ := r.Select(attendance.Selection{Code: "C2"})
	if !slices.Equal(page.OverTime(120), r.OverTime(120)) {
		t.Error("a selection counts other sites")
	}
	if empty := report(t, "0 open; 0 start; 400 end").OverTime(5); empty != nil {
		t.Errorf("nobody came: %v", empty)
	}
}
