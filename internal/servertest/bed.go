// Package servertest is a whole server for tests: sessions, API, links and webhooks wired as cmd wires them, on a real record, with
// people at its pages. Nothing but tests imports it.
package servertest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/diemcau/diemcau/api"
	"github.com/diemcau/diemcau/internal/admission"
	"github.com/diemcau/diemcau/internal/httpguard"
	"github.com/diemcau/diemcau/keyring"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/store"
	"github.com/diemcau/diemcau/webhook"
	"github.com/prometheus/client_golang/prometheus"
)

// RosterCSV is the organisation of the tests.
const RosterCSV = `code,parent_code,level,name
TW,,central,Trung ương
P58,TW,province,Ninh Thuận
D582,P58,district,Huyện Bác Ái
C1,D582,commune,Xã Phước Bình
C2,D582,commune,Xã Phước Hòa
C3,D582,commune,Xã Phước Tân
`

// Patience bounds what a test waits for; it is no measure of the server.
const Patience = 20 * time.Second

// Await polls until something holds.
func Await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(Patience); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// Bed is a server with one session.
type Bed struct {
	*testing.T
	File      string // of the record, or its URL
	PublicURL string // "" = that of the test's server
	Srv       *signaling.Server
	API       *api.API
	Guard     *httpguard.Guard
	seatTimes int // as many requests as usual; 0 = 1
	hooks     *webhook.Sender
	HTTP      *httptest.Server
	Record    *Record
	Media     *FakeMedia
	Relays    fakeRelays
	Links     Links
	Prepare   func(*signaling.Server) // before it starts; nil = nothing
	Tokens    *link.Tokens

	Webhooks                 []webhook.Target
	Time                     signaling.TimeSource
	Rewrite                  func(userInfo string) string // what an identity provider says
	SnapshotEvery, NamesKept time.Duration
	Unauthenticated          admission.Limits
	Pictures                 api.Pictures
	CodeKey                  [link.CodeKeySize]byte
	Keys                     *keyring.Ring // kept over a restart
	LogText                  *bytes.Buffer
	LogMu                    *sync.Mutex
}

// Links are those that convening a session answers with.
type Links struct {
	ID        string
	Links     struct{ Host, Operator, Secretary, Room, Room2 string }
	Endpoints []struct{ Code, Unit, Name, Link string }
}

func (l Links) Of(code string) string {
	switch code {
	case meeting.HostCode:
		return l.Links.Host
	case meeting.OperatorCode:
		return l.Links.Operator
	case meeting.SecretaryCode:
		return l.Links.Secretary
	case meeting.RoomCode:
		return l.Links.Room
	case meeting.Room2Code:
		return l.Links.Room2
	}
	for _, e := range l.Endpoints {
		if e.Code == code {
			return e.Link
		}
	}
	return ""
}

type lockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// NewKeys is an empty folder of keys.
func NewKeys(tb testing.TB) *keyring.Ring {
	tb.Helper()
	ring, err := keyring.Open(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	return ring
}

// NewBed serves the session that request asks for; "" asks for C1, C2 and C3, open, without a countdown.
func NewBed(t *testing.T, request string) *Bed {
	t.Helper()
	return newBedOf(t, sqlite(t), request, 1)
}

// NewBedOn is NewBed on the database of a URL.
func NewBedOn(t *testing.T, dsn, request string) *Bed {
	t.Helper()
	return newBedOf(t, dsn, request, 1)
}

func sqlite(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "diemcau.db")
}

// LooseBed is one whose seats may ask faster than people do.
func LooseBed(t *testing.T, request string) *Bed {
	t.Helper()
	return newBedOf(t, sqlite(t), request, 1000)
}

func newBedOf(t *testing.T, dsn, request string, seatTimes int) *Bed {
	t.Helper()
	st, err := store.Open(t.Context(), dsn, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	b := &Bed{T: t, File: dsn, seatTimes: seatTimes, Keys: NewKeys(t), Record: &Record{Store: st}, LogText: &bytes.Buffer{}, LogMu: &sync.Mutex{}}
	b.Serve()
	if request == "" {
		request = `{"title":"Giao ban","units":"D582/*","start":"now","countdown_s":0}`
	}
	b.Admin("POST", "/api/v1/roster", RosterCSV, nil)
	b.Admin("POST", "/api/v1/sessions", request, &b.Links)
	return b
}

// Serve starts a server on the record, as after a restart.
func (b *Bed) Serve() {
	b.Helper()
	b.Media = NewFakeMedia()
	b.HTTP = httptest.NewUnstartedServer(nil)
	hooks, err := webhook.New(webhook.Config{
		Targets: b.Webhooks, Sources: []webhook.Source{webhook.Presence(b.Record)}, Record: b.Record,
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Log:   slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		b.Fatal(err)
	}
	live, web := b.Configs(cmp.Or(b.PublicURL, "http://"+b.HTTP.Listener.Addr().String()))
	live.Recorded, web.Webhooks = func(session string) { hooks.Tell(session); b.API.Recorded(session) }, hooks
	b.Srv, b.API, b.Guard, b.Tokens = Wire(b.T, b.Keys, live, web)
	b.Media.events = b.Srv
	if b.Prepare != nil {
		b.Prepare(b.Srv)
	}
	b.HTTP.Config.Handler = Documented(b.T, b.API.Handler())
	b.HTTP.Start()
	if err := errors.Join(hooks.Start(context.Background()), b.Srv.Start(context.Background())); err != nil {
		b.Fatal(err)
	}
	b.API.Start(context.Background())
	b.hooks = hooks
	srv, made, front := b.Srv, b.API, b.HTTP
	b.Cleanup(func() { made.Close(); srv.Close(); hooks.Close(); front.Close() })
}

// Restart ends the server, cleanly or as kill -9 does, and starts another on the same record.
func (b *Bed) Restart(kill bool) {
	b.Helper()
	b.Record.Dead.Store(kill)
	b.API.Close()
	b.Srv.Close()
	b.hooks.Close()
	b.HTTP.Close()
	old := b.Links
	b.Links = Links{} // its slices would be written over
	upset := b.Record.Upset.Load()
	b.Record = &Record{Store: b.Record.Store}
	b.Record.Upset.Store(upset)
	b.Serve()
	// Links of the old address stay valid: only the port of the test moved.
	b.Admin("GET", "/api/v1/sessions/"+old.ID+"/links", "", &b.Links)
	for i, e := range old.Endpoints {
		if Token(e.Link) != Token(b.Links.Endpoints[i].Link) {
			b.Errorf("link of %s changed over a restart", e.Code)
		}
	}
}

// Token is what stands behind the # of a link.
func Token(link string) string {
	_, t, _ := strings.Cut(link, "#")
	return t
}

// Admin makes a request of the local administrator.
func (b *Bed) Admin(method, path, body string, into any) {
	b.Helper()
	w := httptest.NewRecorder()
	Documented(b.T, b.API.AdminHandler()).ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	if w.Code >= 300 {
		b.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	if into != nil {
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			b.Fatal(err)
		}
	}
}

// Ledger returns kind, endpoint and reason of the entries so far.
func (b *Bed) Ledger() []string {
	b.Helper()
	var list []string
	for e, err := range b.Record.Entries(context.Background(), b.Links.ID, 1) {
		if err != nil {
			b.Fatal(err)
		}
		var d struct{ Endpoint, Why string }
		if e.Kind != "convened" {
			_ = json.Unmarshal(e.Data, &d)
		}
		list = append(list, strings.TrimRight(e.Kind+" "+d.Endpoint+" "+d.Why, " "))
	}
	return list
}

// Compact is JSON without white space; nothing stays nothing.
func Compact(t *testing.T, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if len(text) > 0 {
		if err := json.Compact(&out, text); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}
