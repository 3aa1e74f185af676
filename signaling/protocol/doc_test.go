package protocol

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// Each message has a section in the document that names each of its fields, and no section has no message.
func TestDocumentTwin(t *testing.T) {
	doc, err := os.ReadFile(filepath.FromSlash("../../docs/protocol.md"))
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, section := range strings.Split(string(doc), "\n### `")[1:] {
		name, text, _ := strings.Cut(section, "`")
		text, _, _ = strings.Cut(text, "\n## ")
		sections[name] = text
	}
	for _, m := range append(ClientMessages(), ServerMessages()...) {
		name := string(m.MessageType())
		text, ok := sections[name]
		if !ok {
			t.Errorf("%s has no section", name)
		}
		if name == "sites" {
			text += sections["presence"] // the section says so
		}
		delete(sections, name)
		for _, field := range fieldNames(reflect.TypeOf(m)) {
			if !strings.Contains(text, "`"+field+"`") {
				t.Errorf("section %s does not name %s", name, field)
			}
		}
	}
	for name := range sections {
		t.Errorf("section %s has no message", name)
	}
	for _, code := range []int{
		CloseBadMessage, CloseBadToken, CloseTimeout, CloseOccupied, CloseEnded, CloseRemoved, CloseWithdrawn, CloseTakenOver, CloseLocked, CloseNotOpen,
		CloseVersion, CloseSlow, CloseBroken, CloseRestart,
	} {
		if !strings.Contains(string(doc), fmt.Sprintf("\n| %d |", code)) {
			t.Errorf("close code %d is not in the table", code)
		}
	}
}

// fieldNames returns the members of a message and of what is in it.
func fieldNames(t reflect.Type) []string {
	var names []string
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			names = append(names, name)
		}
		names = append(names, fieldNames(f.Type)...)
	}
	return names
}

// The page knows every type of message.
func TestPageTwin(t *testing.T) {
	var source []byte
	err := filepath.WalkDir(filepath.FromSlash("../../web/static"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() == "protocol.js" {
			source, err = os.ReadFile(path)
		}
		return err
	})
	if err != nil || source == nil {
		t.Skip("there is no protocol.js")
	}
	for _, m := range append(ClientMessages(), ServerMessages()...) {
		name := regexp.QuoteMeta(string(m.MessageType()))
		if !regexp.MustCompile(`\b` + name + `\b`).Match(source) {
			t.Errorf("protocol.js does not know %s", name)
		}
	}
}
