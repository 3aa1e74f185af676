package ledger_test

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/diemcau/diemcau/internal/ledgertest"
	"github.com/diemcau/diemcau/meeting"
)

// docs/ledger.md lists every kind of entry, and every object in one, with exactly the members that the program writes, and
// all reasons that it gives: an auditor has nothing but that page.
func TestPageListsEveryKind(t *testing.T) {
	text, err := os.ReadFile("../docs/ledger.md")
	if err != nil {
		t.Fatal(err)
	}
	kinds, objects := table(t, string(text), "## Kinds of entry"), table(t, string(text), "### Objects in entries")
	nested := map[string]reflect.Type{}
	for _, kind := range ledgertest.Kinds(t, "../meeting") {
		ev, err := meeting.DecodeEvent(kind, []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		compare(t, kind, members(reflect.TypeOf(ev).Elem(), nested), kinds[kind].members)
		delete(kinds, kind)
	}
	for kind := range kinds {
		t.Errorf("the page has a kind %q, which there is not", kind)
	}
	kinds = table(t, string(text), "## Kinds of entry")
	for _, why := range ledgertest.Constants[meeting.EndReason](t, "../meeting", "EndReason") {
		if !strings.Contains(kinds["lost"].row+kinds["left"].row, "`"+string(why)+"`") {
			t.Errorf("the end %q stands neither with lost nor with left", why)
		}
	}
	for _, why := range ledgertest.Constants[meeting.ReturnReason](t, "../meeting", "ReturnReason") {
		if !strings.Contains(kinds["returned"].row, "`"+string(why)+"`") {
			t.Errorf("the reason %q does not stand with returned", why)
		}
	}
	for name, of := range nested {
		compare(t, name, members(of, map[string]reflect.Type{}), objects[name].members)
		delete(objects, name)
	}
	for name := range objects {
		t.Errorf("the page has an object %q, which no entry has", name)
	}
}

func compare(t *testing.T, name string, want, got []string) {
	t.Helper()
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%s: the page has the members %v, the program writes %v", name, got, want)
	}
}

// members are the names of a struct's members in JSON. The structs below it are noted, by their names in snake case.
func members(of reflect.Type, nested map[string]reflect.Type) (names []string) {
	for field := range fields(of) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		names = append(names, name)
		inner := field.Type
		for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && inner != reflect.TypeFor[time.Time]() {
			nested[snake(inner.Name())] = inner
			members(inner, nested)
		}
	}
	return names
}

func fields(of reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range of.NumField() {
			if !yield(of.Field(i)) {
				return
			}
		}
	}
}

func snake(name string) string {
	var out strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			out.WriteByte('_')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

type listed struct {
	members []string
	row     string
}

// table reads the rows of the table below a heading: a name, its members, what it means.
func table(t *testing.T, page, heading string) map[string]listed {
	t.Helper()
	_, rest, found := strings.Cut(page, "\n"+heading+"\n")
	if !found {
		t.Fatalf("the page has no heading %q", heading)
	}
	names := regexp.MustCompile("`([a-z_0-9]+)`")
	rows := map[string]listed{}
	begun := false
	for line := range strings.Lines(rest) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			if begun {
				break
			}
			continue
		}
		begun = true
		name := names.FindStringSubmatch(cells[1])
		if name == nil {
			continue
		}
		row := listed{row: line}
		for _, member := range names.FindAllStringSubmatch(cells[2], -1) {
			row.members = append(row.members, member[1])
		}
		rows[name[1]] = row
	}
	return rows
}
