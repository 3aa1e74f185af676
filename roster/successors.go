package roster

import (
	"bytes"
	_ "embed" // for the reform of 2025
	"encoding/csv"

	"github.com/diemcau/diemcau/meeting"
)

//go:embed successors-vn-2025.csv
var successors []byte

// Reform2025 says which of Vietnam's 34 provinces each of those became part of that the map since July 2025 lacks, by code.
func Reform2025() (map[string]string, error) {
	rows, err := csv.NewReader(bytes.NewReader(successors)).ReadAll()
	if err != nil {
		return nil, err
	}
	list := make(map[string]string, len(rows))
	for _, row := range rows[1:] {
		list[row[0]] = row[1]
	}
	return list, nil
}

// Successors says what became of the units of a level that the map after a reform lacks, as far as codes tell: where all units
// below one of them that kept their codes stand below one unit of that level now, it became part of that.
func Successors(before, after *Tree, level meeting.Level) map[string]string {
	into := map[string]map[string]bool{} // by code of a unit that is gone
	for _, u := range before.units {
		if _, kept := after.Unit(u.Code); !kept {
			continue
		}
		from, there := atLevel(before, u.Code, level), atLevel(after, u.Code, level)
		if _, kept := after.Unit(from); from == "" || there == "" || kept {
			continue
		}
		if into[from] == nil {
			into[from] = map[string]bool{}
		}
		into[from][there] = true
	}
	successors := map[string]string{}
	for from, all := range into {
		for there := range all {
			if len(all) == 1 {
				successors[from] = there
			}
		}
	}
	return successors
}

// atLevel is the unit of a level that a unit stands below or is; empty if there is none.
func atLevel(t *Tree, code string, level meeting.Level) string {
	if u, ok := t.Unit(code); ok && u.Level == level {
		return code
	}
	for _, u := range t.Above(code) {
		if u.Level == level {
			return u.Code
		}
	}
	return ""
}
