package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/store"
	"github.com/prometheus/client_golang/prometheus"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// memory is a Record, and a Source of one message per entry.
type memory struct {
	kind string

	mu      sync.Mutex
	entries map[string]uint64 // the last, by session
	cursors map[string]uint64
	dead    []store.DeadLetter
	ended   bool
}

func newMemory() *memory {
	return &memory{kind: KindPresence, entries: map[string]uint64{}, cursors: map[string]uint64{}}
}

// testMessage is what memory tells.
type testMessage struct {
	Kind    string `json:"kind"`
	Session string `json:"session"`
	Seq     uint64 `json:"seq"`
}

func (m *memory) record(session string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries[session]++
}

func (m *memory) Kind() string { return m.kind }

func (m *memory) Next(_ context.Context, session string, after uint64) (Message, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if after >= m.entries[session] {
		return Message{Last: after}, nil
	}
	return Message{First: after + 1, Last: after + 1, Body: testMessage{m.kind, session, after + 1}}, nil
}

func (m *memory) Sessions(context.Context) ([]store.SessionRow, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var rows []store.SessionRow
	for id := range m.entries {
		row := store.SessionRow{ID: id, Phase: meeting.PhaseLive}
		if m.ended {
			row.Phase = meeting.PhaseSealed
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (m *memory) WebhookCursor(_ context.Context, url, kind, session string) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cursors[url+kind+session], nil
}

func (m *memory) AdvanceWebhook(_ context.Context, url, kind, session string, seq uint64, dead *store.DeadLetter) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cursors[url+kind+session] = seq
	if dead != nil {
		m.dead = append(m.dead, *dead)
	}
	return nil
}

func (m *memory) DeadLetters(context.Context) ([]store.DeadLetter, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.dead), nil
}

func (m *memory) DropDeadLetter(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead = slices.DeleteFunc(m.dead, func(d store.DeadLetter) bool { return d.ID == id })
	return nil
}

// program is a receiver without a network.
type program struct {
	t    *testing.T
	down func(testMessage) int // the status of a refusal; 0 = it takes the message; -1 = there is no connection

	mu    sync.Mutex
	taken []string // "session/seq"
	tries int
}

func (p *program) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	verifier, err := standardwebhooks.NewWebhook(testSecret)
	if err != nil {
		return nil, err
	}
	if err := verifier.Verify(body, r.Header); err != nil {
		p.t.Errorf("a message is not signed: %v", err)
	}
	var m testMessage
	if err := json.Unmarshal(body, &m); err != nil {
		p.t.Error(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tries++
	status := 0
	if p.down != nil {
		status = p.down(m)
	}
	switch status {
	case -1:
		return nil, errors.New("connection refused")
	case 0:
		status = http.StatusNoContent
		p.taken = append(p.taken, fmt.Sprintf("%s/%d", m.Session, m.Seq))
	}
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Body: io.NopCloser(&bytes.Buffer{})}, nil
}

func (p *program) got() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.taken)
}

func newSender(t *testing.T, m *memory, p *program) *Sender {
	t.Helper()
	s, err := New(Config{
		Targets: []Target{{URL: "https://log.example.vn", Secret: testSecret}}, Sources: []Source{m}, Record: m,
		Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(), transport: p,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// A receiver that is away for a while, however long within a day, loses nothing, and gets everything in order.
func TestOutage(t *testing.T) {
	for _, away := range []time.Duration{9 * time.Minute, 5 * time.Hour, 23 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			m, back := newMemory(), time.Now().Add(away)
			p := &program{t: t, down: func(testMessage) int {
				if time.Now().Before(back) {
					return -1
				}
				return 0
			}}
			s := newSender(t, m, p)
			for range 3 {
				m.record("s")
				s.Tell("s")
				time.Sleep(time.Minute)
			}
			time.Sleep(time.Until(back) + longestPause)
			synctest.Wait()
			if got, want := p.got(), []string{"s/1", "s/2", "s/3"}; !slices.Equal(got, want) {
				t.Errorf("away for %v: took %v, want %v", away, got, want)
			}
			if len(m.dead) > 0 {
				t.Errorf("away for %v: dead letters %v", away, m.dead)
			}
		})
	}
}

// A message that a receiver never takes is a dead letter after a day; the next follows, other sessions do not wait, and
// the letter can be sent again.
func TestGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, refuse := newMemory(), true
		p := &program{t: t}
		p.down = func(m testMessage) int {
			if refuse && m.Session == "s" && m.Seq == 1 {
				return http.StatusUnprocessableEntity
			}
			return 0
		}
		m.record("s")
		m.record("s")
		s := newSender(t, m, p)
		m.record("other")
		s.Tell("other")
		synctest.Wait()
		if got := p.got(); !slices.Equal(got, []string{"other/1"}) {
			t.Errorf("took %v at once", got)
		}
		time.Sleep(giveUpAfter + longestPause)
		synctest.Wait()
		if got := p.got(); !slices.Equal(got, []string{"other/1", "s/2"}) {
			t.Errorf("took %v after a day", got)
		}
		if len(m.dead) != 1 || m.dead[0].Attempts < 100 || m.dead[0].Attempts > 200 {
			t.Fatalf("dead letters %+v", m.dead)
		}
		id := m.dead[0].ID
		if err := s.Retry(t.Context(), id); err == nil || len(m.dead) != 1 {
			t.Error("a letter that was refused again left the list")
		}
		refuse = false
		if err := s.Retry(t.Context(), id); err != nil || len(m.dead) != 0 {
			t.Errorf("%v; %d letters", err, len(m.dead))
		}
		if err := s.Retry(t.Context(), id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the letter again: %v", err)
		}
	})
}

// After a restart a receiver is told the rest; of sessions that were over before it was there, nothing.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, p := newMemory(), &program{t: t}
		m.record("s")
		newSender(t, m, p).Close()
		m.record("s")
		m.record("s")
		m.entries["old"], m.ended = 5, true
		synctest.Wait()
		p.mu.Lock()
		p.taken = nil
		p.mu.Unlock()
		m.cursors["https://log.example.vn"+KindPresence+"s"] = 1
		newSender(t, m, p)
		synctest.Wait()
		if got := p.got(); !slices.Equal(got, []string{"s/2", "s/3"}) {
			t.Errorf("took %v", got)
		}
	})
}

func TestSecretWanted(t *testing.T) {
	for _, secret := range []string{"", "not base64!"} {
		_, err := New(Config{Targets: []Target{{URL: "https://log.example.vn", Secret: secret}}, Registry: prometheus.NewRegistry()})
		if err == nil {
			t.Errorf("a sender with secret %q", secret)
		}
	}
}

func TestReachable(t *testing.T) {
	allow := []netip.Prefix{netip.MustParsePrefix("10.1.2.0/24"), netip.MustParsePrefix("fd00:1::/32")}
	for ip, want := range map[string]bool{
		"1.1.1.1": true, "103.1.2.3": true, "2606:4700::1111": true, "10.1.2.9": true, "fd00:1::5": true, "::ffff:10.1.2.9": true,
		"10.1.3.9": false, "127.0.0.1": false, "::1": false, "::": false, "0.0.0.0": false, "169.254.169.254": false, "172.16.0.1": false, "192.168.1.1": false,
		"100.64.0.1": false, "fd00:2::5": false, "fe80::1": false, "fe80::1%eth0": false, "::ffff:127.0.0.1": false, "::127.0.0.1": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false,
		"224.0.0.1": false, "255.255.255.255": false, "ff02::1": false,
	} {
		if err := Reachable(netip.MustParseAddr(ip), allow); (err == nil) != want {
			t.Errorf("%s: %v", ip, err)
		}
	}
}

// The address is looked at when a connection is made, whatever the name said before; and no redirection is followed.
func TestConnectsToAllowedAddressesAlone(t *testing.T) {
	reached := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer inside.Close()
	outside := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusTemporaryRedirect))
	defer outside.Close()
	t.Setenv("HTTP_PROXY", inside.URL) // what is asked through a proxy is reached at the proxy's address
	_, port, err := net.SplitHostPort(inside.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, tt := range []struct {
		url   string
		allow []netip.Prefix
		want  string // in the error
	}{
		{"http://localhost:" + port, nil, "--webhook-allow"}, // a name that resolves to an inner address
		{inside.URL, nil, "--webhook-allow 127.0.0.1/32"},
		{outside.URL, loopback, "307"},
	} {
		s, err := New(Config{Targets: []Target{{URL: tt.url, Secret: testSecret}}, Allow: tt.allow, Log: slog.New(slog.DiscardHandler),
			Registry: prometheus.NewRegistry()})
		if err != nil {
			t.Fatal(err)
		}
		err = s.send(t.Context(), s.targets[0], store.DeadLetter{ID: "x", URL: tt.url, Body: []byte("{}")})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.url, err, tt.want)
		}
		s.Close()
	}
	if reached {
		t.Error("what was not allowed was reached")
	}
}
