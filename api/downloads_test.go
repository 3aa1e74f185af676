package api_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// narrow makes a client whose connections to a bed, and the server's ends of them, buffer little: what the server sends waits
// for who reads it.
func narrow(b *servertest.Bed) *http.Client {
	b.Helper()
	const size = 16 << 10
	buffer := func(c syscall.RawConn, which int) error {
		var err error
		failed := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, which, size) })
		return errors.Join(failed, err)
	}
	listener, err := b.HTTP.Listener.(*net.TCPListener).SyscallConn()
	if err == nil {
		err = buffer(listener, syscall.SO_SNDBUF) // of what it accepts from now on
	}
	if err != nil {
		b.Fatal(err)
	}
	dialer := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error { return buffer(c, syscall.SO_RCVBUF) }}
	transport := &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}
	b.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// A copy of the record and other files that are made before they are sent have no name meanwhile: a server that is killed leaves
// none of them, wherever.
func TestWhatIsSentIsNowhereElse(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open file keeps its name there")
	}
	t.Setenv("TMPDIR", t.TempDir())
	b := servertest.NewBed(t, "")
	files := func() (names []string) {
		for _, dir := range []string{os.TempDir(), filepath.Dir(b.File)} {
			list, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range list {
				names = append(names, f.Name())
			}
		}
		return names
	}
	before := files()
	var admin struct{ Token string }
	b.Admin("POST", "/api/v1/tokens", `{"name":"ops"}`, &admin)
	slow := narrow(b)
	for _, path := range []string{"/api/v1/backup", "/api/v1/sessions/" + b.Links.ID + "/ledger.jsonl"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.HTTP.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+admin.Token)
		answer, err := slow.Do(r)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v, %v", path, answer, err)
		}
		if now := files(); !slices.Equal(now, before) {
			t.Errorf("%s: while it is sent there are %q, before there were %q", path, now, before)
		}
		if n, err := io.Copy(io.Discard, answer.Body); n != answer.ContentLength || err != nil {
			t.Errorf("%s: %d bytes of %d, %v", path, n, answer.ContentLength, err)
		}
		_ = answer.Body.Close()
	}
}

// TestDownloadsEndWithTheLink: a file that is being sent when the link ends is cut, by whatever it ends; a file of another seat
// is not.
func TestDownloadsEndWithTheLink(t *testing.T) {
	b := servertest.NewBed(t, "")
	session, host, slow := "/api/v1/sessions/"+b.Links.ID, b.Enter(meeting.HostCode), narrow(b)
	open := func(code string) io.ReadCloser {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.HTTP.URL+"/api/v1/rehearsal/bytes", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+servertest.Token(b.Links.Of(code)))
		answer, err := slow.Do(r)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v, %v", code, answer, err)
		}
		return answer.Body
	}
	other := open(meeting.SecretaryCode)
	defer other.Close()
	for code, act := range map[string]func(){
		"C1": func() { b.Admin("POST", session+"/links/C1/revoke", "", nil) },
		"C2": func() { b.Admin("POST", session+"/links/C2/reissue", "", nil) },
		"C3": func() { host.Ask(protocol.Remove{Endpoint: "C3", Removed: true}) },
	} {
		file := open(code)
		act()
		if n, err := io.Copy(io.Discard, file); err == nil {
			t.Errorf("%s: all of it was sent, %d bytes", code, n)
		}
		_ = file.Close()
	}
	if n, err := io.CopyN(io.Discard, other, 256<<10); err != nil {
		t.Errorf("another seat's: %d bytes, %v", n, err)
	}
}

// TestDownloadsEndWithAdministratorsToken: so does that of an administrator's token that is revoked.
func TestDownloadsEndWithAdministratorsToken(t *testing.T) {
	b := servertest.NewBed(t, "")
	var made struct{ Token, ID string }
	b.Admin("POST", "/api/v1/tokens", `{"name":"ops"}`, &made)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.HTTP.URL+"/api/v1/backup", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+made.Token)
	answer, err := narrow(b).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b.Admin("DELETE", "/api/v1/tokens/"+made.ID, "", nil)
	if n, err := io.Copy(io.Discard, answer.Body); err == nil {
		t.Errorf("all of it was sent, %d bytes", n)
	}
}

// TestRelaysEndWithTheLink: the relays by which a seat is reached end with its connection, when that returns which ended it, and
// those of its test of a line with the test.
func TestRelaysEndWithTheLink(t *testing.T) {
	b := servertest.NewBed(t, "")
	session, host := "/api/v1/sessions/"+b.Links.ID, b.Enter(meeting.HostCode)
	seat := b.Links.ID + "/C1"
	b.Enter("C1")
	want := func(n int, after string) {
		t.Helper()
		if got := b.Relays.Of(seat); got != n {
			t.Errorf("%s: ended %d times, want %d", after, got, n)
		}
	}
	want(0, "entered")
	b.Admin("POST", session+"/links/C1/reissue", "", nil)
	want(1, "superseded")
	b.Admin("GET", session+"/links", "", &b.Links)
	b.Enter("C1")
	host.Ask(protocol.Remove{Endpoint: "C1", Removed: true})
	want(2, "removed")
	host.Ask(protocol.Remove{Endpoint: "C1", Removed: false})
	b.Enter("C1")
	second, err := client.Dial(context.Background(), b.Links.Of("C1"), client.Options{TakeOver: true})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	want(3, "taken over")
	b.Admin("POST", session+"/links/C1/revoke", "", nil)
	want(4, "revoked")

	var test struct{ Test string }
	status, body := b.Request("POST", "/api/v1/rehearsal/line", servertest.Token(b.Links.Of("C2")), "")
	if status != http.StatusOK && status != http.StatusCreated || !strings.Contains(body, `"test":"check/`) {
		t.Fatalf("%d %s", status, body)
	}
	test.Test = body[strings.Index(body, "check/"):]
	test.Test = test.Test[:strings.IndexByte(test.Test, '"')]
	host.Ask(protocol.Remove{Endpoint: "C2", Removed: true})
	if b.Relays.Of(test.Test) != 1 {
		t.Error("the relays of a line test are left to a site that was removed")
	}
}
