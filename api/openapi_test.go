package api_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
)

// The document is valid OpenAPI and names the requests of the server, no more and no less.
func TestAPIDocument(t *testing.T) {
	b := servertest.NewBed(t, "")
	doc, err := servertest.APIDocument()
	if err != nil {
		t.Fatal(err)
	}
	var inDocument, inServer []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			inDocument = append(inDocument, method+" "+path)
		}
	}
	inServer = b.API.Routes()
	slices.Sort(inDocument)
	slices.Sort(inServer)
	if diff := cmp.Diff(inServer, inDocument); diff != "" || len(inServer) < 50 {
		t.Errorf("requests of the server (-) and of the document (+):\n%s", diff)
	}
}

// Who may make a request is as the document says.
func TestAPIDocumentRights(t *testing.T) {
	doc, err := servertest.APIDocument()
	if err != nil {
		t.Fatal(err)
	}
	for what, cells := range servertest.AccessTable() {
		method, path, _ := strings.Cut(what, " ")
		if method == "ws" {
			continue
		}
		item := doc.Paths.Value(path)
		if item == nil || item.GetOperation(method) == nil {
			t.Errorf("%s is not in the document", what)
			continue
		}
		op := item.GetOperation(method)
		if public := op.Security != nil && len(*op.Security) == 0; public != (len(cells) == 0) {
			t.Errorf("%s: without a token by the document %v, by the server %v", what, public, len(cells) == 0)
			continue
		}
		for name, cell := range cells {
			if want := admits(t, op, name); name != "link chair" && want != (cell != "") {
				t.Errorf("%s: the document admits %s %v, the server reaches %q", what, name, want, cell)
			}
		}
	}
}

// admits reads from an operation whether somebody may make it.
func admits(t *testing.T, op *openapi3.Operation, who string) bool {
	t.Helper()
	kind, role, _ := strings.Cut(who, " ")
	if kind == "token" {
		return slices.ContainsFunc(*op.Security, func(s openapi3.SecurityRequirement) bool { _, ok := s["adminToken"]; return ok })
	}
	list, _ := op.Extensions["x-"+kind+"s"].([]any)
	for _, one := range list {
		if one == role {
			return true
		}
	}
	return false
}
