package servertest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// APIDocument loads docs/openapi.yaml.
var APIDocument = sync.OnceValues(func() (*openapi3.T, error) {
	for _, mediaType := range []string{
		"application/pdf", "application/jsonl", "application/x-pem-file", "application/vnd.sqlite3", "image/jpeg", "text/calendar", "text/csv",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	} {
		openapi3filter.RegisterBodyDecoder(mediaType, openapi3filter.FileBodyDecoder)
	}
	doc, err := openapi3.NewLoader().LoadFromFile("../docs/openapi.yaml")
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(context.Background())
})

// Documented passes requests on and compares those of the API, and their answers, with the document: every status,
// type and member that comes must stand there, and what is accepted must be as it says.
func Documented(t *testing.T, next http.Handler) http.Handler {
	t.Helper()
	doc, err := APIDocument()
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/api/v1/") {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := &answerTee{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answer, r)
		method, path, _ := strings.Cut(r.Pattern, " ")
		if path == "" { // no such address
			return
		}
		item := doc.Paths.Value(path)
		if item == nil || item.GetOperation(method) == nil {
			t.Errorf("the document has no %s", r.Pattern)
			return
		}
		sent := r.Clone(context.WithoutCancel(r.Context()))
		sent.Body = io.NopCloser(bytes.NewReader(body))
		if sent.Header.Get("Content-Type") == "" && len(body) > 0 { // the least that a caller of the admin socket sends
			sent.Header.Set("Content-Type", onlyType(item.GetOperation(method)))
		}
		input := &openapi3filter.RequestValidationInput{
			Request: sent, PathParams: pathParams(item, r),
			Route:   &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: item.GetOperation(method)},
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
		}
		if err := openapi3filter.ValidateRequest(sent.Context(), input); err != nil && answer.status < 300 {
			t.Errorf("%s %s was answered with %d, but is not as documented: %v", r.Method, r.URL, answer.status, err)
		}
		output := &openapi3filter.ResponseValidationInput{
			RequestValidationInput: input, Status: answer.status, Header: answer.Header(), Options: input.Options,
			Body: io.NopCloser(bytes.NewReader(answer.body.Bytes())),
		}
		if err := openapi3filter.ValidateResponse(sent.Context(), output); err != nil {
			t.Errorf("the answer %d to %s %s is not as documented: %v", answer.status, r.Method, r.URL, err)
		}
	})
}

// answerTee keeps what an answer says while it is sent.
type answerTee struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// onlyType is the first media type that an operation takes.
func onlyType(op *openapi3.Operation) string {
	if op.RequestBody == nil {
		return ""
	}
	types := make([]string, 0, 2)
	for mediaType := range op.RequestBody.Value.Content {
		types = append(types, mediaType)
	}
	slices.SortFunc(types, func(a, b string) int { return len(a) - len(b) })
	return types[0]
}

func pathParams(item *openapi3.PathItem, r *http.Request) map[string]string {
	params := map[string]string{}
	for _, p := range item.Parameters {
		params[p.Value.Name] = r.PathValue(p.Value.Name)
	}
	return params
}

func (a *answerTee) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

func (a *answerTee) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answerTee) Write(p []byte) (int, error) {
	a.body.Write(p)
	return a.ResponseWriter.Write(p)
}
