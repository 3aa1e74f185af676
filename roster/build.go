package roster

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/diemcau/diemcau/meeting"
)

// Problem is the stable name of what is wrong with a row; clients translate it.
type Problem string

// The problems of an import.
const (
	ProblemUnreadable    Problem = "unreadable"     // the file is not of its format
	ProblemTooLarge      Problem = "too_large"      // more bytes, rows or text than any organisation has
	ProblemWrongEncoding Problem = "wrong_encoding" // the text is not UTF-8
	ProblemMissingColumn Problem = "missing_column"
	ProblemDoubleColumn  Problem = "double_column"
	ProblemEmptyCode     Problem = "empty_code"
	ProblemEmptyName     Problem = "empty_name"
	ProblemBadCode       Problem = "bad_code" // a character that codes may not have, or the @ of consoles
	ProblemDuplicateCode Problem = "duplicate_code"
	ProblemUnknownLevel  Problem = "unknown_level"
	ProblemUnknownParent Problem = "unknown_parent"
	ProblemEmptyParent   Problem = "empty_parent" // only units of the highest level may have none
	ProblemCycle         Problem = "cycle"        // the unit is above itself
	ProblemFormula       Problem = "formula"      // a value that a spreadsheet would compute
	ProblemMergedCells   Problem = "merged_cells"
	ProblemNoUnits       Problem = "no_units"      // the table has a header only
	ProblemBadCharacter  Problem = "bad_character" // a control character, or what stands for a letter that was lost
	ProblemErrorValue    Problem = "error_value"   // what a spreadsheet shows when it cannot compute, such as #N/A
	ProblemDateValue     Problem = "date_value"    // a date, perhaps made of a code such as 1-3
	ProblemLegacyFont    Problem = "legacy_font"   // written in a font from before Unicode, such as TCVN3 or VNI
)

// RowError says what is wrong with one row of an import.
type RowError struct {
	Row     int    // as a spreadsheet numbers it: the header is row 1
	Column  string // code, parent_code, level or name; empty when the row as a whole is meant
	Problem Problem
	Value   string // what stands there, shortened
}

func (e RowError) Error() string {
	s := fmt.Sprintf("row %d: %s", e.Row, strings.ReplaceAll(string(e.Problem), "_", " "))
	if e.Column != "" {
		s += " in column " + e.Column
	}
	if e.Value != "" {
		s += fmt.Sprintf(": %q", e.Value)
	}
	return s
}

// Bounds of an import.
const (
	MaxBytes   = 16 << 20
	MaxRows    = 100_000
	MaxColumns = 256
	MaxText    = 200 // runes of a cell
	MaxErrors  = 100 // reported; what is wrong in more rows than this is wrong as a whole
)

func problem(number int, column string, p Problem, value string) RowError {
	value = strings.ToValidUTF8(value, "\uFFFD")
	if r := []rune(value); len(r) > 40 {
		value = string(r[:40]) + "…"
	}
	return RowError{Row: number, Column: column, Problem: p, Value: value}
}

// row is one unit and where it stood.
type row struct {
	number int
	unit   meeting.Unit
}

// build makes a tree or says what keeps the rows from being one.
func build(rows []row) (*Tree, []RowError) {
	t := &Tree{index: make(map[string]int, len(rows)), children: map[string][]int{}}
	var problems []RowError
	report := func(r row, column string, p Problem, value string) {
		if len(problems) < MaxErrors {
			problems = append(problems, problem(r.number, column, p, value))
		}
	}
	for i, r := range rows {
		u := r.unit
		switch _, double := t.index[u.Code]; {
		case u.Code == "":
			report(r, "code", ProblemEmptyCode, "")
		case !validCode(u.Code):
			report(r, "code", ProblemBadCode, u.Code)
		case double:
			report(r, "code", ProblemDuplicateCode, u.Code)
		default:
			t.index[u.Code] = i
		}
		if u.Name == "" {
			report(r, "name", ProblemEmptyName, "")
		} else if strings.ContainsRune("=+-@", rune(u.Name[0])) {
			report(r, "name", ProblemFormula, u.Name)
		} else if utf8.RuneCountInString(u.Name) > MaxText {
			report(r, "name", ProblemTooLarge, u.Name)
		}
		if levelOf(string(u.Level)) == "" {
			report(r, "level", ProblemUnknownLevel, string(u.Level))
		}
		t.units = append(t.units, u)
		t.plain = append(t.plain, Plain(u.Name))
	}
	top := topLevel(rows)
	for i, r := range rows {
		if level := rank(r.unit.Level); r.unit.Parent == "" && level > top && level < unranked {
			report(r, "parent_code", ProblemEmptyParent, "")
		}
		if parent := r.unit.Parent; parent != "" {
			if _, ok := t.index[parent]; !ok {
				report(r, "parent_code", ProblemUnknownParent, parent)
			}
			t.children[parent] = append(t.children[parent], i)
		}
	}
	for _, i := range t.cycles() {
		report(rows[i], "parent_code", ProblemCycle, rows[i].unit.Parent)
	}
	if len(rows) == 0 {
		problems = append(problems, RowError{Row: 1, Problem: ProblemNoUnits})
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return t, nil
}

// rank orders levels from the top down; an unknown one is below all. Ministries and provinces stand side by side.
func rank(l meeting.Level) int {
	switch l {
	case meeting.LevelCentral:
		return 0
	case meeting.LevelMinistry, meeting.LevelProvince:
		return 1
	case meeting.LevelDistrict:
		return 2
	case meeting.LevelCommune:
		return 3
	}
	return unranked
}

const unranked = 4

// topLevel is the rank of the highest level among the rows.
func topLevel(rows []row) int {
	top := unranked
	for _, r := range rows {
		top = min(top, rank(r.unit.Level))
	}
	return top
}

// cycles returns one unit of every cycle, by index.
func (t *Tree) cycles() []int {
	const onPath, done = 1, 2
	state := make([]int, len(t.units))
	var found []int
	for start := range t.units {
		var path []int
		i, ok := start, true
		for ok && state[i] == 0 {
			state[i] = onPath
			path = append(path, i)
			i, ok = t.index[t.units[i].Parent]
		}
		if ok && state[i] == onPath {
			found = append(found, i)
		}
		for _, p := range path {
			state[p] = done
		}
	}
	return found
}

// validCode reports whether a code can stand in a link, a pattern and a list.
func validCode(code string) bool {
	if utf8.RuneCountInString(code) > 32 {
		return false
	}
	return strings.Trim(code, ".") != "" && !strings.ContainsFunc(code, func(r rune) bool {
		return r != '-' && r != '_' && r != '.' && (r > unicode.MaxASCII || (!unicode.IsLetter(r) && !unicode.IsDigit(r)))
	})
}
