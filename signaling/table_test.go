package signaling_test

import (
	"os"
	"slices"
	"strings"
)

// parties are the names of the columns of access.txt, as the document of the API has them.
func parties() []string {
	return []string{
		"token admin", "account admin", "account host", "account operator", "account scoped", "account secretary",
		"link host", "link operator", "link delegate", "link secretary", "link room", "link endpoint", "link chair",
	}
}

// accessText is the table as it is written.
func accessText() string {
	text, err := os.ReadFile("../access/access.txt")
	if err != nil {
		panic(err)
	}
	return string(text)
}

// accessTable returns the cells of the table: by request or message, by name of the party. Public requests have none.
func accessTable() map[string]map[string]string {
	out := map[string]map[string]string{}
	for line := range strings.Lines(accessText()) {
		fields := strings.Fields(strings.ReplaceAll(line, "|", " "))
		if len(fields) < 3 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		row, cells := map[string]string{}, fields[2:]
		if !slices.Equal(cells, []string{"public"}) {
			for i, name := range parties() {
				row[name] = strings.Trim(cells[i], ".")
			}
		}
		out[fields[0]+" "+fields[1]] = row
	}
	return out
}
