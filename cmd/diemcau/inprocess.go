package main

import (
	"io"
	"net/http"
	"sync"
)

// inProcess answers requests by a handler without a network. An answer is read while it is written.
type inProcess struct {
	handler http.Handler
	serving sync.WaitGroup
}

// RoundTrip implements http.RoundTripper. The handler has ended when the body has been read or closed, and wait returns.
func (p *inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	if r.ContentLength == 0 && r.Body != http.NoBody { // on a client's request that is "unknown", to a handler it is "no body"
		r = r.Clone(r.Context())
		r.ContentLength = -1
	}
	body, into := io.Pipe()
	w := &pipedAnswer{header: http.Header{}, into: into, begun: make(chan struct{})}
	p.serving.Go(func() {
		defer func() {
			if recover() != nil { // http.ErrAbortHandler; the guard has told of any other
				w.WriteHeader(http.StatusInternalServerError)
				into.CloseWithError(io.ErrUnexpectedEOF)
				return
			}
			w.WriteHeader(http.StatusOK)
			into.Close()
		}()
		p.handler.ServeHTTP(w, r)
	})
	<-w.begun
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: body, ContentLength: -1, Request: r,
	}, nil
}

// wait waits until every handler has returned.
func (p *inProcess) wait() { p.serving.Wait() }

// pipedAnswer is the http.ResponseWriter of one request.
type pipedAnswer struct {
	header http.Header
	into   *io.PipeWriter
	once   sync.Once
	begun  chan struct{} // closed when status and sent are set
	status int
	sent   http.Header
}

func (w *pipedAnswer) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *pipedAnswer) WriteHeader(status int) {
	if status < http.StatusOK {
		return
	}
	w.once.Do(func() {
		w.status, w.sent = status, w.header.Clone()
		close(w.begun)
	})
}

func (w *pipedAnswer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.into.Write(p)
}
