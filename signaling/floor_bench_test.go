package signaling_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/api"
	"github.com/diemcau/diemcau/internal/admission"
	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
)

// labelled has a profile tell the parts of the load apart.
func labelled(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		part := "socket"
		for _, name := range []string{"sheet", "attendance", "snapshot"} {
			if strings.Contains(r.URL.Path, "/"+name) {
				part = name
			}
		}
		pprof.Do(r.Context(), pprof.Labels("part", part), func(ctx context.Context) { h.ServeHTTP(w, r.WithContext(ctx)) })
	})
}

// The load beside which the floor is given, and how it is given.
const (
	loadProvince  = "P38" // Thanh Hóa, the largest
	loadLeaving   = 170   // of its sites leave at once, and come back, again and again
	loadPictures  = 350   // a second
	loadDownloads = 20    // sheets and reports, a second
	floorCommands = 150
	floorEvery    = 500 * time.Millisecond // each is told to every site, which is 20,000 messages a second at this rate
	leaveEvery    = 5 * time.Second
)

// timedRecord notes when entries were being written.
type timedRecord struct {
	*store.Store
	mu      sync.Mutex
	appends []span
}

type span struct{ from, to time.Time }

func (r *timedRecord) Append(ctx context.Context, session string, phase meeting.Phase, entries []ledger.Entry) error {
	from := time.Now()
	err := r.Store.Append(ctx, session, phase, entries)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.appends = append(r.appends, span{from, time.Now()})
	return err
}

// within is how much of a span entries were being written.
func (r *timedRecord) within(s span) (sum time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.appends {
		from, to := a.from, a.to
		if from.Before(s.from) {
			from = s.from
		}
		if to.After(s.to) {
			to = s.to
		}
		sum += max(0, to.Sub(from))
	}
	return sum
}

// A floor command with the whole nation there: 10,599 sites on real sockets, which post pictures, while sheets and reports
// are downloaded and a province leaves and comes back. The load is a process of its own (TestFloorLoad). One operation is a
// round of floorCommands, whose figures are of their acknowledgement as the host sees it, with and without the time in which
// entries were being written; and of the processor time in which a second of it was spent, by the server, the load and all else
// on this machine: where the three leave nothing idle, the figures are of a queue for processors. In a profile (-cpuprofile)
// the label "part" tells sheets, reports, pictures and sockets apart.
func BenchmarkFloor(b *testing.B) {
	nation, err := os.ReadFile(filepath.FromSlash("../configs/roster/units-vn-3tier.csv"))
	if err != nil {
		b.Fatal(err)
	}
	st, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "diemcau.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	record := &timedRecord{Store: st}
	front := httptest.NewUnstartedServer(nil)
	srv, web, _, _ := servertest.Wire(b, servertest.NewKeys(b), signaling.Config{
		Record: record, Media: quietMedia{}, Log: slog.New(slog.DiscardHandler), Seats: access.NewLimits(1000),
		Unauthenticated: admission.Limits{Total: 20_000, Unauthenticated: 1000, PerAddress: 1000},
	}, api.Config{
		Record: record, CodeKey: make([]byte, link.CodeKeySize), PublicURL: "http://" + front.Listener.Addr().String(), SnapshotEvery: 30 * time.Second,
		Seats: access.NewLimits(1000), Pages: http.NotFoundHandler(),
	})
	front.Config.Handler = labelled(web.Handler())
	front.Start()
	if err := srv.Start(context.Background()); err != nil {
		b.Fatal(err)
	}
	defer func() { web.Close(); srv.Close(); front.Close() }()
	ask := func(path, body string, into any) {
		b.Helper()
		w := httptest.NewRecorder()
		web.AdminHandler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
		if w.Code >= 300 {
			b.Fatalf("%s: %d %.300s", path, w.Code, w.Body)
		}
		if into != nil {
			if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
				b.Fatal(err)
			}
		}
	}
	var made servertest.Links
	var office struct{ Token string }
	ask("/api/v1/roster", string(nation), nil)
	ask("/api/v1/tokens", `{"name":"load"}`, &office)
	ask("/api/v1/sessions", `{"title":"x","units":"TW/commune","start":"now","countdown_s":0}`, &made)
	host, err := client.Dial(b.Context(), made.Links.Host, client.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer host.Close()
	if err := host.Request(b.Context(), protocol.Start{}); err != nil {
		b.Fatal(err)
	}
	load, report := startFloorLoad(b, made, office.Token)
	defer func() { b.Log(report()) }()
	var whole, beside []time.Duration
	refused, begun := 0, processorsNow(b, load)
	for b.Loop() {
		next := time.NewTicker(floorEvery)
		for i := range floorCommands {
			<-next.C
			s := span{from: time.Now()}
			err := host.Request(b.Context(), protocol.Grant{Endpoint: made.Endpoints[i%2].Code})
			if refusal := new(client.RequestError); errors.As(err, &refusal) {
				refused++ // the disk let it wait, or its site was put out by a line that starved: an answer all the same
			} else if err != nil {
				b.Fatal(err)
			}
			s.to = time.Now()
			whole, beside = append(whole, s.to.Sub(s.from)), append(beside, s.to.Sub(s.from)-record.within(s))
		}
		next.Stop()
	}
	for name, took := range map[string][]time.Duration{"ack": whole, "beside": beside} {
		slices.Sort(took)
		for p, n := range map[string]int{"p50": 50, "p99": 99} {
			b.ReportMetric(float64(took[(len(took)-1)*n/100].Microseconds())/1000, name+"-"+p+"-ms")
		}
	}
	b.ReportMetric(float64(refused), "refused")
	begun.report(b)
	b.ReportMetric(0, "ns/op")
}

// quietMedia is a media plane without any.
type quietMedia struct{ signaling.Media }

func (quietMedia) Open(context.Context, signaling.Peer) (string, error) { return "v=0", nil }
func (quietMedia) Answer(context.Context, string, string) error         { return nil }
func (quietMedia) Close(string)                                         {}
func (quietMedia) SetFeed(string, string, signaling.Feed)               {}
func (quietMedia) SetWatch(string, string, string)                      {}
func (quietMedia) SetPictures(string, signaling.Wanted)                 {}
func (quietMedia) SetBudget(string, int)                                {}
func (quietMedia) CloseSession(string)                                  {}
func (quietMedia) Line(string) (l signaling.Line, ok bool)              { return l, false }
func (quietMedia) Delivered(string) (d signaling.Delivery)              { return d }

// startFloorLoad starts the load and waits until all sites are there. The function ends it and returns what it says it did.
func startFloorLoad(b *testing.B, made servertest.Links, office string) (process int, report func() string) {
	b.Helper()
	file := filepath.Join(b.TempDir(), "links.json")
	text, err := json.Marshal(made)
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		b.Fatal(err)
	}
	load := exec.CommandContext(context.Background(), os.Args[0], "-test.run=^TestFloorLoad$") // it ends with its input
	load.Env, load.Stderr = append(os.Environ(), "DIEMCAU_FLOOR_LOAD="+file, "DIEMCAU_FLOOR_TOKEN="+office), os.Stderr
	in, err := load.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := load.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := load.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); err != nil || line != "ready\n" {
		b.Fatalf("the load: %q, %v", line, err)
	}
	return load.Process.Pid, func() string {
		in.Close()
		said, _ := lines.ReadString('\n')
		_, _ = io.Copy(io.Discard, lines)
		if err := load.Wait(); err != nil {
			b.Error(fmt.Errorf("the load: %w", err))
		}
		return said
	}
}
