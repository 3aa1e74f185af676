package signaling_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/diemcau/diemcau/api"
	"github.com/diemcau/diemcau/internal/admission"
	"github.com/diemcau/diemcau/internal/httpguard"
	"github.com/diemcau/diemcau/keyring"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
	"github.com/diemcau/diemcau/webhook"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const rosterCSV = `code,parent_code,level,name
TW,,central,Trung ương
P58,TW,province,Ninh Thuận
D582,P58,district,Huyện Bác Ái
C1,D582,commune,Xã Phước Bình
C2,D582,commune,Xã Phước Hòa
C3,D582,commune,Xã Phước Tân
`

// patience bounds what a test waits for; it is no measure of the server.
const patience = 20 * time.Second

// await polls until something holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// record is a store that can break, or die as a killed process does.
type record struct {
	*store.Store
	failing atomic.Bool                   // nothing is written
	dead    atomic.Bool                   // nothing is written any more
	unsure  atomic.Int32                  // so many appends are made and yet reported as failed
	slow    atomic.Pointer[chan struct{}] // appends are made, and come back when it is closed
	lacks   atomic.Uint64                 // entries from this one on are not there, as in an older copy; 0 = none
	silent  atomic.Bool                   // nothing can be read
	damaged string                        // session whose ledger cannot be read
	forged  uint64                        // Seq of the entry that somebody changed; 0 = none
}

var errDisk = errors.New("no space left on device")

func (r *record) Append(ctx context.Context, session string, phase meeting.Phase, entries []ledger.Entry) error {
	if r.failing.Load() || r.dead.Load() {
		return errDisk
	}
	err := r.Store.Append(ctx, session, phase, entries)
	if until := r.slow.Load(); until != nil {
		<-*until
	}
	if r.unsure.Add(-1) >= 0 {
		return errDisk
	}
	return err
}

func (r *record) Entries(ctx context.Context, session string, fromSeq uint64) iter.Seq2[ledger.Entry, error] {
	if session == r.damaged {
		return func(yield func(ledger.Entry, error) bool) { yield(ledger.Entry{}, errDisk) }
	}
	return func(yield func(ledger.Entry, error) bool) {
		if r.silent.Load() {
			yield(ledger.Entry{}, context.DeadlineExceeded)
			return
		}
		for e, err := range r.Store.Entries(ctx, session, fromSeq) {
			if e.Seq == r.forged {
				e.At = e.At.Add(time.Second)
			}
			if lacks := r.lacks.Load(); lacks > 0 && e.Seq >= lacks {
				return
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func (r *record) Alive(ctx context.Context, at time.Time, sessions ...string) error {
	if r.failing.Load() || r.dead.Load() {
		return errDisk
	}
	return r.Store.Alive(ctx, at, sessions...)
}

// bed is a server with one session.
type bed struct {
	*testing.T
	file      string // of the record
	publicURL string // "" = that of the test's server
	srv       *signaling.Server
	api       *api.API
	guard     *httpguard.Guard
	seatTimes int // as many requests as usual; 0 = 1
	hooks     *webhook.Sender
	http      *httptest.Server
	record    *record
	media     *fakeMedia
	relays    fakeRelays
	links     links
	ping      time.Duration // 0 = the default

	webhooks                 []webhook.Target
	time                     signaling.TimeSource
	rewrite                  func(userInfo string) string // what an identity provider says
	snapshotEvery, namesKept time.Duration
	strangers                admission.Limits
	pictures                 api.Pictures
	codeKey                  [link.CodeKeySize]byte
	keys                     *keyring.Ring // kept over a restart
	log                      *bytes.Buffer
	logMu                    *sync.Mutex
}

type links struct {
	ID        string
	Links     struct{ Host, Operator, Secretary, Room, Room2 string }
	Endpoints []struct{ Code, Unit, Name, Link string }
}

func (l links) of(code string) string {
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

// newKeys is an empty folder of keys.
func newKeys(tb testing.TB) *keyring.Ring {
	tb.Helper()
	ring, err := keyring.Open(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	return ring
}

// newBed serves the session that request asks for; "" asks for C1, C2 and C3, open, without a countdown.
func newBed(t *testing.T, request string) *bed {
	t.Helper()
	return newBedOf(t, request, 1)
}

// looseBed is one whose seats may ask faster than people do.
func looseBed(t *testing.T, request string) *bed {
	t.Helper()
	return newBedOf(t, request, 1000)
}

func newBedOf(t *testing.T, request string, seatTimes int) *bed {
	t.Helper()
	file := filepath.Join(t.TempDir(), "diemcau.db")
	st, err := store.Open(t.Context(), file, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	b := &bed{T: t, file: file, seatTimes: seatTimes, keys: newKeys(t), record: &record{Store: st}, log: &bytes.Buffer{}, logMu: &sync.Mutex{}}
	b.serve()
	if request == "" {
		request = `{"title":"Giao ban","units":"D582/*","start":"now","countdown_s":0}`
	}
	b.admin("POST", "/api/v1/roster", rosterCSV, nil)
	b.admin("POST", "/api/v1/sessions", request, &b.links)
	return b
}

// serve starts a server on the record, as after a restart.
func (b *bed) serve() {
	b.Helper()
	b.media = newFakeMedia()
	b.http = httptest.NewUnstartedServer(nil)
	hooks, err := webhook.New(webhook.Config{
		Targets: b.webhooks, Sources: []webhook.Source{webhook.Presence(b.record)}, Record: b.record, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		b.Fatal(err)
	}
	live, web := b.configs(cmp.Or(b.publicURL, "http://"+b.http.Listener.Addr().String()))
	live.Recorded, web.Webhooks = func(session string) { hooks.Tell(session); b.api.Recorded(session) }, hooks
	b.srv, b.api, b.guard = wire(b.T, b.keys, live, web)
	b.media.events = b.srv
	if b.ping > 0 {
		b.srv.SetPingEvery(b.ping)
	}
	b.http.Config.Handler = documented(b.T, b.api.Handler())
	b.http.Start()
	if err := errors.Join(hooks.Start(context.Background()), b.srv.Start(context.Background())); err != nil {
		b.Fatal(err)
	}
	b.api.Start(context.Background())
	b.hooks = hooks
	srv, made, front := b.srv, b.api, b.http
	b.Cleanup(func() { made.Close(); srv.Close(); hooks.Close(); front.Close() })
}

// restart ends the server, cleanly or as kill -9 does, and starts another on the same record.
func (b *bed) restart(kill bool) {
	b.Helper()
	b.record.dead.Store(kill)
	b.api.Close()
	b.srv.Close()
	b.hooks.Close()
	b.http.Close()
	old := b.links
	b.links = links{} // its slices would be written over
	b.record = &record{Store: b.record.Store}
	b.serve()
	// Links of the old address stay valid: only the port of the test moved.
	b.admin("GET", "/api/v1/sessions/"+old.ID+"/links", "", &b.links)
	for i, e := range old.Endpoints {
		if token(e.Link) != token(b.links.Endpoints[i].Link) {
			b.Errorf("link of %s changed over a restart", e.Code)
		}
	}
}

func token(link string) string {
	_, t, _ := strings.Cut(link, "#")
	return t
}

// admin makes a request of the local administrator.
func (b *bed) admin(method, path, body string, into any) {
	b.Helper()
	w := httptest.NewRecorder()
	documented(b.T, b.api.AdminHandler()).ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	if w.Code >= 300 {
		b.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	if into != nil {
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			b.Fatal(err)
		}
	}
}

// person is a page: it answers offers and keeps what it was last told.
type person struct {
	*client.Client
	t    *testing.T
	code string

	mu        sync.Mutex
	state     protocol.State
	session   protocol.SessionInfo // as it was changed last
	self      protocol.Self
	sites     map[string]protocol.SiteState
	phones    map[string]string // of sites that it was told
	peers     map[string]string // id -> kind
	errors    []protocol.Error
	mail      []string // "from: text"
	reconnect *protocol.Reconnect
	recording []protocol.Recording
	demands   []protocol.Demand
	voices    [][]string // each that was told
	states    int        // State messages so far
	deaf      bool
}

func (b *bed) enter(code string) *person {
	b.Helper()
	p, err := b.tryEnter(code, client.Options{})
	if err != nil {
		b.Fatalf("%s enters: %v", code, err)
	}
	return p
}

func (b *bed) tryEnter(code string, opts client.Options) (*person, error) {
	b.Helper()
	p := &person{t: b.T, code: code, sites: map[string]protocol.SiteState{}, phones: map[string]string{}, peers: map[string]string{}}
	ready := make(chan struct{})
	opts.Device = "test"
	opts.Handle = func(m protocol.Message) { <-ready; p.take(m) }
	c, err := client.Dial(context.Background(), b.links.of(code), opts)
	if err != nil {
		return nil, err
	}
	p.Client = c
	close(ready)
	b.Cleanup(p.Close)
	return p, nil
}

func (p *person) take(m protocol.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch m := m.(type) {
	case protocol.State:
		p.state = m
		p.states++
	case protocol.Self:
		p.self = m
	case protocol.Session:
		p.session = m.Session
	case protocol.Sites:
		clear(p.sites)
		for _, s := range m.Endpoints {
			p.sites[s.Code] = s.SiteState
			if s.Phone != "" {
				p.phones[s.Code] = s.Phone
			}
		}
	case protocol.Presence:
		for _, s := range m.Changes {
			p.sites[s.Code] = s
		}
	case protocol.Offer:
		p.peers[m.Peer] = m.Kind
		if !p.deaf {
			_ = p.Send(protocol.Answer{Peer: m.Peer, SDP: "v=0 answer"})
		}
	case protocol.ClosePeer:
		delete(p.peers, m.Peer)
	case protocol.Written:
		p.mail = append(p.mail, m.From+": "+m.Text)
	case protocol.Error:
		p.errors = append(p.errors, m)
	case protocol.Reconnect:
		p.reconnect = &m
	case protocol.Recording:
		p.recording = append(p.recording, m)
	case protocol.Demand:
		p.demands = append(p.demands, m)
	case protocol.Speaking:
		p.voices = append(p.voices, m.Slots)
	}
}

// see looks at what the person was told.
func (p *person) see(look func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	look()
}

// sees waits until what the person was told fits.
func (p *person) sees(what string, fits func() bool) {
	p.t.Helper()
	await(p.t, p.code+" sees "+what, func() (ok bool) {
		p.see(func() { ok = fits() })
		return ok
	})
}

func (p *person) seesRow(code, state string) {
	p.t.Helper()
	p.sees(fmt.Sprintf("%s as %s", code, state), func() bool { return p.sites[code].State == state })
}

// stage returns a slot of the last State; its Endpoint is empty when nobody has it.
func (p *person) stage(slot meeting.Slot) protocol.StageSlot {
	for _, s := range p.state.Stage {
		if s.Slot == string(slot) {
			return s
		}
	}
	return protocol.StageSlot{}
}

// ask makes a request that must succeed.
func (p *person) ask(m protocol.Message) {
	p.t.Helper()
	if err := p.try(m); err != nil {
		p.t.Fatalf("%s asks %T: %v", p.code, m, err)
	}
}

func (p *person) try(m protocol.Message) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return p.Request(ctx, m)
}

// refused makes a request that must be refused with a code.
func (p *person) refused(code string, m protocol.Message) {
	p.t.Helper()
	err := p.try(m)
	var refusal *client.RequestError
	if !errors.As(err, &refusal) || refusal.Code != code {
		p.t.Errorf("%s asks %T: got %v, want %s", p.code, m, err, code)
	}
}

// closed waits for the end of the connection and compares its close code.
func (p *person) closed(code int) {
	p.t.Helper()
	select {
	case <-p.Done():
	case <-time.After(patience):
		p.t.Fatalf("%s: the connection does not end", p.code)
	}
	var end *client.CloseError
	if !errors.As(p.Err(), &end) || end.Code != code {
		p.t.Errorf("%s: closed with %v, want %d", p.code, p.Err(), code)
	}
}

// ledger returns kind, endpoint and reason of the entries so far.
func (b *bed) ledger() []string {
	b.Helper()
	var list []string
	for e, err := range b.record.Entries(context.Background(), b.links.ID, 1) {
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

// compact is JSON without white space; nothing stays nothing.
func compact(t *testing.T, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if len(text) > 0 {
		if err := json.Compact(&out, text); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}
