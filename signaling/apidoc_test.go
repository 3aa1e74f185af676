package signaling

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// docs/api.md names every request of a session's API.
func TestAPIDocument(t *testing.T) {
	doc, err := os.ReadFile("../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	route := regexp.MustCompile(`"((?:GET|POST|PUT|DELETE) /api/v1/[^"]*)"`)
	known := map[string]bool{}
	for _, file := range []string{"api.go", "api_commands.go", "api_accounts.go", "api_drafts.go", "api_sheets.go", "api_rehearsal.go", "api_webhooks.go", "api_record.go", "api_keys.go"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range route.FindAllStringSubmatch(string(source), -1) {
			known[m[1]] = true
		}
	}
	files := "GET /api/v1/sessions/{id}/{file}" // stands for two sections
	if !known[files] {
		t.Errorf("no route %s", files)
	}
	delete(known, files)
	for _, file := range []string{"attendance.{csv,xlsx,pdf,json}", "ledger.jsonl"} {
		known[strings.ReplaceAll(files, "{file}", file)] = true
	}
	for pattern := range known {
		if !strings.Contains(string(doc), "`"+pattern+"`") {
			t.Errorf("docs/api.md does not name %s", pattern)
		}
	}
	if len(known) < 20 {
		t.Errorf("only %d routes found in the source", len(known))
	}
}
