package roster_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/roster"
	"github.com/google/go-cmp/cmp"
)

func TestSuccessors(t *testing.T) {
	const head = "code,parent_code,level,name\nTW,,central,Trung ương\n"
	before := imported(t, head+"P1,TW,province,Một\nP2,TW,province,Hai\nP3,TW,province,Ba\nP4,TW,province,Bốn\nD1,P1,district,Huyện\n"+
		"C1,D1,commune,A\nC2,D1,commune,B\nC3,P2,commune,C\nC4,P3,commune,D\nC5,P3,commune,E\nC6,P4,commune,F\n")
	after := imported(t, head+"P2,TW,province,Hai\nP9,TW,province,Chín\nC1,P2,commune,A\nC3,P2,commune,C\nC4,P2,commune,D\nC5,P9,commune,E\n")
	// P1 went to P2 by its one commune that is left; P3 was divided; of P4 nothing is left.
	if diff := cmp.Diff(map[string]string{"P1": "P2"}, roster.Successors(before, after, meeting.LevelProvince)); diff != "" {
		t.Error(diff)
	}
}

// TestShippedSuccessors holds the shipped list of the reform of 2025 against the two maps.
func TestShippedSuccessors(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join("..", "configs", "roster", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	found := roster.Successors(imported(t, read("units-vn-3tier.csv")), imported(t, read("units-vn-2tier.csv")), meeting.LevelProvince)
	if len(found) != 63-34 {
		t.Errorf("%d provinces have a successor", len(found))
	}
	var want bytes.Buffer
	want.WriteString("code,into\n")
	for _, code := range slices.Sorted(maps.Keys(found)) {
		fmt.Fprintf(&want, "%s,%s\n", code, found[code])
	}
	kept, err := os.ReadFile("successors-vn-2025.csv")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(kept)); diff != "" {
		t.Errorf("successors-vn-2025.csv (-by the maps +as it is):\n%s", diff)
	}
	got, err := roster.Reform2025()
	if err != nil || !maps.Equal(got, found) {
		t.Errorf("embedded: %v, %v", got, err)
	}
}
