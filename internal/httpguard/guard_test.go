package httpguard_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/diemcau/diemcau/internal/admission"
	"github.com/diemcau/diemcau/internal/httpguard"
)

func TestClient(t *testing.T) {
	proxies, err := httpguard.ParseProxies([]string{"10.0.0.0/8", "192.0.2.7", "2001:db8:1::/48"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, from, forwarded, xff, want string }{
		{"direct", "198.51.100.1:5", "", "", "198.51.100.1"},
		{"a stranger's word", "198.51.100.1:5", "for=1.2.3.4", "1.2.3.4", "198.51.100.1"},
		{"X-Forwarded-For", "10.0.0.1:5", "", "203.0.113.9", "203.0.113.9"},
		{"the client's invention before", "10.0.0.1:5", "", "1.2.3.4, 203.0.113.9", "203.0.113.9"},
		{"two proxies", "10.0.0.1:5", "", "1.2.3.4, 203.0.113.9, 192.0.2.7", "203.0.113.9"},
		{"all proxies", "10.0.0.1:5", "", "10.1.1.1, 10.2.2.2", "10.1.1.1"},
		{"with a port", "10.0.0.1:5", "", "203.0.113.9:4711", "203.0.113.9"},
		{"IPv6", "10.0.0.1:5", "", "2001:db8::5", "2001:db8::5"},
		{"Forwarded", "10.0.0.1:5", `for=1.2.3.4, for=203.0.113.9;proto=https;by=10.0.0.1`, "", "203.0.113.9"},
		{"Forwarded, IPv6", "[2001:db8:1::1]:5", `For="[2001:db8::5]:4711"`, "", "2001:db8::5"},
		{"obfuscated", "10.0.0.1:5", "for=_hidden", "", "10.0.0.1"},
		{"unknown behind a proxy", "10.0.0.1:5", "for=unknown, for=192.0.2.7", "", "192.0.2.7"},
		{"both agree", "10.0.0.1:5", "for=203.0.113.9", "203.0.113.9", "203.0.113.9"},
		{"both disagree", "10.0.0.1:5", "for=1.2.3.4", "203.0.113.9", "10.0.0.1"},
		{"nothing said", "10.0.0.1:5", "", "", "10.0.0.1"},
		{"rubbish", "10.0.0.1:5", ";;,=;for=", ",,", "10.0.0.1"},
		{"mapped", "[::ffff:10.0.0.1]:5", "", "::ffff:203.0.113.9", "203.0.113.9"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.from
		if c.forwarded != "" {
			r.Header.Set("Forwarded", c.forwarded)
		}
		if c.xff != "" {
			r.Header.Set("X-Forwarded-For", c.xff)
		}
		if got := proxies.Client(r); got != netip.MustParseAddr(c.want) {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
	for _, bad := range []string{"x", "10.0.0.0/33", ""} {
		if _, err := httpguard.ParseProxies([]string{bad}); err == nil {
			t.Errorf("%q is taken for a network", bad)
		}
	}
}

func FuzzClient(f *testing.F) {
	f.Add("for=1.2.3.4", "1.2.3.4, 10.0.0.1")
	f.Add(`for="[::1]:5";by=x, for=_y`, "a,b")
	proxies, err := httpguard.ParseProxies([]string{"10.0.0.0/8"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, forwarded, xff string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Forwarded"], r.Header["X-Forwarded-For"] = []string{forwarded}, []string{xff}
		r.RemoteAddr = "10.0.0.1:5"
		if !proxies.Client(r).IsValid() {
			t.Error("no address")
		}
		r.RemoteAddr = "198.51.100.1:5"
		if got := proxies.Client(r).String(); got != "198.51.100.1" {
			t.Errorf("a stranger is believed to be %s", got)
		}
	})
}

// bed is a guarded server.
type bed struct {
	*testing.T
	guard *httpguard.Guard
	addr  string
	url   string
	log   *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newBed(t *testing.T, limits admission.Limits, h http.HandlerFunc) *bed {
	t.Helper()
	b := &bed{T: t, log: &lockedBuffer{}}
	log := slog.New(slog.NewTextHandler(b.log, nil))
	b.guard = httpguard.New(httpguard.Config{
		Log: log, Registry: prometheus.NewRegistry(), Healthy: func(p string) bool { return p == "/healthz" },
		Internal: func(w http.ResponseWriter) { http.Error(w, `{"code":"internal"}`, http.StatusInternalServerError) },
	})
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := httpguard.Server(b.guard.Wrap(h), log)
	var served sync.WaitGroup
	served.Go(func() { _ = srv.Serve(admission.New(limits, log).Listen(l)) })
	t.Cleanup(func() { srv.Close(); served.Wait() })
	b.addr, b.url = l.Addr().String(), "http://"+l.Addr().String()
	return b
}

func (b *bed) dial(send string) net.Conn {
	b.Helper()
	var d net.Dialer
	c, err := d.DialContext(b.Context(), "tcp", b.addr)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.WriteString(c, send); err != nil {
		b.Fatal(err)
	}
	return c
}

func (b *bed) get(path string) (int, string) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, b.url+path, nil)
	if err != nil {
		b.Fatal(err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.StatusCode, err.Error()
	}
	return resp.StatusCode, string(text)
}

func TestBodyThatNeverEnds(t *testing.T) {
	ended := make(chan error, 2)
	b := newBed(t, admission.Limits{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/read" {
			_, err := io.ReadAll(r.Body)
			ended <- err
		}
		w.WriteHeader(http.StatusForbidden)
	})
	b.guard.Hurry(50 * time.Millisecond)
	for _, path := range []string{"/read", "/unread"} { // a handler that refuses without reading is no way around
		c := b.dial("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
		if _, err := io.ReadAll(c); err != nil {
			t.Errorf("%s: the connection is still open: %v", path, err)
		}
	}
	var timeout net.Error
	if err := <-ended; !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("the body ended by %v", err)
	}
}

// A slow line that keeps sending has time for all of it.
func TestSlowBodyArrives(t *testing.T) {
	t.Parallel()
	b := newBed(t, admission.Limits{}, func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n, err)
	})
	b.guard.Hurry(2 * time.Second)
	c := b.dial("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 16385\r\n\r\n" + strings.Repeat("x", 16<<10))
	time.Sleep(2500 * time.Millisecond) // the first 16 KiB have given it four seconds more
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	b.answer(c, "16385 <nil>")
}

// The time that is left for a body does not end the request that waits for its answer.
func TestBodyThatHasEndedHasNoDeadline(t *testing.T) {
	t.Parallel()
	b := newBed(t, admission.Limits{}, func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		select {
		case <-r.Context().Done():
			err = r.Context().Err()
		case <-time.After(2 * time.Second):
		}
		fmt.Fprint(w, n, err)
	})
	b.guard.Hurry(time.Second)
	b.answer(b.dial("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nxxxxx"), "5 <nil>")
}

func (b *bed) answer(c net.Conn, want string) {
	b.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); string(text) != want || err != nil {
		b.Errorf("%q %v", text, err)
	}
}

func TestAnswerThatNobodyTakes(t *testing.T) {
	ended := make(chan error, 1)
	b := newBed(t, admission.Limits{}, func(w http.ResponseWriter, _ *http.Request) {
		var err error
		for err == nil {
			_, err = w.Write(make([]byte, 1<<20))
		}
		ended <- err
	})
	b.guard.Hurry(50 * time.Millisecond)
	b.dial("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Error("the handler still waits for a client that reads nothing")
	}
}

func TestUnauthenticatedSendLittle(t *testing.T) {
	b := newBed(t, admission.Limits{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/known" {
			httpguard.Admit(r, 1<<20)
		}
		n, err := io.Copy(io.Discard, r.Body)
		var large *http.MaxBytesError
		fmt.Fprint(w, n, errors.As(err, &large))
	})
	for _, c := range []struct {
		path string
		size int
		want string
	}{
		{"/", httpguard.UnauthenticatedBody, fmt.Sprint(httpguard.UnauthenticatedBody, " false")},
		{"/", httpguard.UnauthenticatedBody + 1, fmt.Sprint(httpguard.UnauthenticatedBody, " true")},
		{"/known", 1 << 20, fmt.Sprint(1<<20, " false")},
		{"/known", 1<<20 + 1, fmt.Sprint(1<<20, " true")},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+c.path, bytes.NewReader(make([]byte, c.size)))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(text) != c.want {
			t.Errorf("%d bytes to %s: %s, want %s", c.size, c.path, text, c.want)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestHeaderIsBounded(t *testing.T) {
	b := newBed(t, admission.Limits{}, func(http.ResponseWriter, *http.Request) {})
	c := b.dial("GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 32<<10) + "\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%v %v", resp, err)
	}
	if resp != nil {
		resp.Body.Close()
	}
}

func TestPanicIsAnsweredAndLogged(t *testing.T) {
	b := newBed(t, admission.Limits{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/late" {
			_, _ = w.Write(make([]byte, 100<<10))
		}
		w.Header().Set("Content-Type", "application/pdf")
		panic("out of tune")
	})
	if status, body := b.get("/early"); status != http.StatusInternalServerError || !strings.Contains(body, `{"code":"internal"}`) {
		t.Errorf("%d %s", status, body)
	}
	if log := b.log.String(); !strings.Contains(log, "level=ERROR") || !strings.Contains(log, "out of tune") || !strings.Contains(log, "guard_test.go") {
		t.Errorf("log: %s", log)
	}
	if _, body := b.get("/late"); !strings.Contains(body, "EOF") {
		t.Errorf("half an answer looks whole: %.100q", body)
	}
}

func TestLastConnectionsAreForHealthChecks(t *testing.T) {
	entered := make(chan struct{}, 2)
	b := newBed(t, admission.Limits{Total: 4, Reserved: 2}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/known" {
			admission.FromContext(r.Context()).Known("seat")
			entered <- struct{}{}
		}
		fmt.Fprint(w, "served")
	})
	for range 2 {
		b.dial("GET /known HTTP/1.1\r\nHost: x\r\n\r\n")
		<-entered
	}
	if status, body := b.get("/"); status != http.StatusServiceUnavailable || !strings.Contains(body, "no room") {
		t.Errorf("a page: %d %s", status, body)
	}
	if status, body := b.get("/healthz"); status != http.StatusOK || body != "served" {
		t.Errorf("a health check: %d %s", status, body)
	}
	if !strings.Contains(b.log.String(), "connections are refused") {
		t.Error("nothing in the log")
	}
}
