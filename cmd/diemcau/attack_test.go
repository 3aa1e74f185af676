package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/csv"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/gorilla/websocket"

	"github.com/diemcau/diemcau/loadtest"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

const (
	honestViewers = 50
	honestWindow  = 30 * time.Second // in which they may lose nothing
	attackLasts   = time.Second      // each of them
	attackFills   = 10 * time.Second // at most, of those that open a number of sockets
)

// foe is who attacks: with one link, or without.
type foe struct {
	url, ws, mediaTCP, token string
	tries, refused           atomic.Int64
}

// attack is one way to trouble the others.
type attack struct {
	name  string
	run   func(f *foe, ctx context.Context)
	drops []string // of these counters one at least has to grow
}

func attacks() []attack {
	const (
		flood  = `diemcau_connections_dropped_total{reason="flood"}`
		seat   = `diemcau_connections_dropped_total{reason="seat_rate"}`
		crowd  = `diemcau_connections_dropped_total{reason="crowd"}`
		logins = `diemcau_connections_dropped_total{reason="login_queue"}`
		oldest = `diemcau_sockets_refused_total{reason="evicted_address"}`
		slow   = `diemcau_requests_cut_total{reason="slow"}`
		body   = `diemcau_requests_cut_total{reason="body"}`
		tcp    = `diemcau_sfu_packets_dropped_total{part="transport",reason="tcp_full"}`
	)
	return []attack{
		{"nothing", (*foe).wait, nil},
		{"pongs without end", (*foe).pongs, []string{flood}},
		{"messages of 1 MiB", (*foe).large, []string{flood, seat}},
		{"fifty new delegates at a time", (*foe).delegates, []string{seat}},
		{"taking over from itself", (*foe).takeOvers, []string{seat}},
		{"line tests", (*foe).lineTests, []string{seat}},
		{"answers with 14,000 candidates", (*foe).answers, []string{flood, seat}},
		{"silent sockets, half a header", (*foe).silentHTTP, []string{oldest}},
		{"silent WebSockets", (*foe).silentWebSockets, []string{oldest, crowd}},
		{"silent sockets for media", (*foe).silentMedia, []string{tcp, oldest}},
		{"logins whose bodies stall", (*foe).stalledLogins, []string{slow}},
		{"logins of 1 MiB", (*foe).largeLogins, []string{body}},
		{"wrong passwords at once", (*foe).wrongPasswords, []string{logins}},
		{"wrong codes", (*foe).wrongCodes, nil},
	}
}

// TestHonestLoseNothingUnderAttack attacks a server, a process of its own, beside sites that watch a stage over real
// media: from one link at a time, and from strangers at the address that the honest come from, too.
func TestHonestLoseNothingUnderAttack(t *testing.T) {
	if os.Getenv("DIEMCAU_ATTACK") == "" {
		t.Skip("half a minute of load that wants the machine for itself: make attack")
	}
	dir := t.TempDir()
	list := attacks()
	units := strings.Builder{}
	units.WriteString("code,parent_code,level,name\nTW,,central,Trung ương\nP58,TW,province,Tỉnh Ninh Thuận\nPROBE,P58,commune,Xã Hỏi\n")
	for i := range honestViewers {
		fmt.Fprintf(&units, "C%d,P58,commune,Xã %d\n", i, i)
	}
	for i := range list {
		fmt.Fprintf(&units, "BAD%d,P58,commune,Xã Phá %d\nNEW%d,P58,commune,Xã Mới %d\n", i, i, i, i)
	}
	must(t, "roster", "import", write(t, "units.csv", units.String()), "--data", dir)
	port := freePort(t)
	p := startProcess(t, "--tcp", port, "--data", dir)
	links := create(t, "--data", dir)
	of := map[string]string{}
	var sites []loadtest.Site
	for _, ep := range links.Endpoints {
		of[ep.Code] = ep.Link
		if strings.HasPrefix(ep.Code, "C") {
			sites = append(sites, loadtest.Site{Code: ep.Code, Link: ep.Link})
		}
	}

	watching, begun := make(chan struct{}), sync.Once{}
	var result *loadtest.Result
	var honest sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	defer honest.Wait()
	defer cancel()
	watched := make(chan struct{})
	honest.Go(func() {
		defer close(watched)
		var err error
		result, err = loadtest.Run(ctx, loadtest.Config{
			Host: links.Links.Host, Operator: links.Links.Operator, Sites: sites, Rate: 25, Duration: honestWindow, Publish: true,
			Bitrate: 2 * loadtest.MinBitrate, ServerPID: p.cmd.Process.Pid, Progress: func(now loadtest.Progress) {
				if now.Window > 0 {
					begun.Do(func() { close(watching) })
				}
			},
		})
		if err != nil && ctx.Err() == nil {
			t.Errorf("the honest: %v", err)
		}
		begun.Do(func() { close(watching) })
	})
	<-watching

	probe, err := client.Dial(ctx, of["PROBE"], client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer probe.Close()
	before := settledMetrics(t, p.url, dir)
	table := &strings.Builder{}
	rows := tabwriter.NewWriter(table, 0, 0, 1, ' ', 0)
	fmt.Fprintln(rows, "| attack\t| tries\t| refused\t| a site's request\t| a new site enters\t| CPU of the server\t| memory\t|")
	start := time.Now()
	for i, a := range list {
		f := &foe{url: p.url, ws: strings.Replace(p.url, "http", "ws", 1) + "/ws", mediaTCP: "127.0.0.1:" + port, token: token(of[fmt.Sprint("BAD", i)])}
		a.against(t, p.url, f, probe, of[fmt.Sprint("NEW", i)], rows)
	}
	t.Logf("attacked for %v", time.Since(start).Round(time.Second))

	select {
	case <-watched:
		t.Log("this machine is slow: the honest had gone before the last attack ended")
	default:
	}

	// Memory comes back while the honest are still there.
	var after map[string]float64
	near := func(name string, more float64) bool { return after[name] <= before[name]+more }
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) { // closed sockets are seen a little later
		after = settledMetrics(t, p.url, dir)
		if near("go_goroutines", 40) && near("process_open_fds", 40) && near("go_memstats_heap_alloc_bytes", 24<<20) {
			break
		}
		if time.Now().After(deadline) {
			t.Errorf("not given back: goroutines %v → %v, descriptors %v → %v, heap %v → %v", before["go_goroutines"], after["go_goroutines"],
				before["process_open_fds"], after["process_open_fds"], before["go_memstats_heap_alloc_bytes"], after["go_memstats_heap_alloc_bytes"])
			break
		}
	}
	if status, body := get(t, p.url+"/readyz", ""); status != http.StatusOK {
		t.Errorf("readyz: %d %s", status, body)
	}
	honest.Wait()
	_ = rows.Flush()
	t.Logf("heap %.0f → %.0f MiB, goroutines %v → %v\n%s", before["go_memstats_heap_alloc_bytes"]/(1<<20), after["go_memstats_heap_alloc_bytes"]/(1<<20),
		before["go_goroutines"], after["go_goroutines"], table)
	if result == nil {
		t.Fatalf("no result: %s", p.log)
	}
	if result.Joined != honestViewers || len(result.Failures) > 0 || result.PacketsLost != 0 || result.FramesUnsound != 0 {
		t.Errorf("%d of %d stayed (%v), %d of %d packets lost, %d frames unsound", result.Joined, honestViewers, result.Failures,
			result.PacketsLost, result.PacketsReceived, result.FramesUnsound)
	}
	if after["diemcau_panics_total"] != 0 || strings.Contains(p.log.String(), "panic") {
		t.Errorf("panics: %s", p.log)
	}
	onceThere(t, p.url+"/api/v1/sessions/"+links.ID, token(links.Links.Secretary))
	t.Logf("%d packets received, none lost", result.PacketsReceived)
}

// against carries an attack out, asks for what an honest site asks for meanwhile, and writes down what that cost.
func (a attack) against(t *testing.T, url string, f *foe, probe *client.Client, newcomer string, rows io.Writer) {
	t.Helper()
	before := metricsOf(t, url)
	ctx, cancel := context.WithTimeout(t.Context(), attackFills)
	defer cancel()
	over := make(chan struct{})
	go func() { a.run(f, ctx); close(over) }()

	var slowest, entering time.Duration
	for asked := 0; ; asked++ {
		begun := time.Now()
		if err := probe.Request(t.Context(), protocol.Headcount{Headcount: 1 + asked%9}); err != nil {
			t.Errorf("%s: an honest site's request: %v", a.name, err)
		}
		slowest = max(slowest, time.Since(begun))
		if asked == 1 {
			begun = time.Now()
			c, err := client.Dial(t.Context(), newcomer, client.Options{})
			if err != nil {
				t.Errorf("%s: an honest site cannot enter: %v", a.name, err)
			} else {
				entering = time.Since(begun)
				c.Close()
			}
			if status, body := get(t, url+"/healthz", ""); status != http.StatusOK {
				t.Errorf("%s: health: %d %s", a.name, status, body)
			}
		}
		select {
		case <-over:
		case <-time.After(100 * time.Millisecond): // sites ask now and then
			continue
		}
		if asked > 1 {
			break
		}
	}
	after := metricsOf(t, url)
	if len(a.drops) > 0 && !slices.ContainsFunc(a.drops, func(name string) bool { return after[name] > before[name] }) {
		t.Errorf("%s: none of %v has grown; %d tries, %d refused", a.name, a.drops, f.tries.Load(), f.refused.Load())
	}
	if len(a.drops) == 0 && f.tries.Load() > 0 && f.refused.Load() == 0 {
		t.Errorf("%s: nothing was refused", a.name)
	}
	const cpu, rss = "process_cpu_seconds_total", "process_resident_memory_bytes"
	fmt.Fprintf(rows, "| %s\t| %d\t| %d\t| %d ms\t| %d ms\t| %.1f s\t| %+.0f MiB\t|\n", a.name, f.tries.Load(), f.refused.Load(),
		slowest.Milliseconds(), entering.Milliseconds(), after[cpu]-before[cpu], (after[rss]-before[rss])/(1<<20))
}

// onceThere checks that every honest site was there in one piece.
func onceThere(t *testing.T, session, token string) {
	t.Helper()
	status, body := get(t, session+"/attendance.csv?table=intervals", token)
	records, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll()
	if status != http.StatusOK || err != nil {
		t.Fatalf("%d, %v: %s", status, err, body)
	}
	times := map[string]int{}
	for _, r := range records {
		times[r[0]]++
	}
	for i := range honestViewers {
		if code := fmt.Sprint("C", i); times[code] != 1 {
			t.Errorf("%s was there %d times", code, times[code])
		}
	}
}

// flood enters again and again, taking over from itself, and repeats one message for as long as it may.
func (f *foe) flood(ctx context.Context, pause time.Duration, send func(*client.Client, protocol.Offer) error) {
	ctx, cancel := context.WithTimeout(ctx, attackLasts)
	defer cancel()
	for ctx.Err() == nil {
		offers := make(chan protocol.Offer, 1)
		c, err := client.DialToken(ctx, f.ws, f.token, client.Options{TakeOver: true, Handle: func(m protocol.Message) {
			switch m := m.(type) {
			case protocol.Offer:
				select {
				case offers <- m:
				default:
				}
			case protocol.Error:
				f.refused.Add(1)
			}
		}})
		if err != nil {
			f.refused.Add(1)
			_ = sleepFor(ctx, 10*time.Millisecond)
			continue
		}
		select {
		case offer := <-offers:
			for i := 1; ctx.Err() == nil && send(c, offer) == nil; i++ {
				f.tries.Add(1)
				if i%20 == 0 {
					_ = sleepFor(ctx, pause) // the attacker shares this machine with the honest
				}
			}
		case <-c.Done():
		case <-ctx.Done():
		}
		c.Drop()
		<-c.Done()
	}
}

func (f *foe) wait(ctx context.Context) { _ = sleepFor(ctx, attackLasts) }

func (f *foe) pongs(ctx context.Context) {
	f.flood(ctx, time.Millisecond, func(c *client.Client, _ protocol.Offer) error { return c.Send(protocol.Pong{}) })
}

func (f *foe) large(ctx context.Context) {
	text := []byte(`{"type":"pong","t":1` + strings.Repeat(" ", 1<<20-100) + `}`)
	f.flood(ctx, 50*time.Millisecond, func(c *client.Client, _ protocol.Offer) error { return c.SendText(text) })
}

func (f *foe) answers(ctx context.Context) {
	sdp := "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n" +
		strings.Repeat("a=candidate:1 1 udp 2130706431 192.0.2.1 9 typ host\r\n", 14_000)
	f.flood(ctx, 50*time.Millisecond, func(c *client.Client, o protocol.Offer) error { return c.Send(protocol.Answer{Peer: o.Peer, SDP: sdp}) })
}

func (f *foe) takeOvers(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, attackLasts)
	defer cancel()
	for ctx.Err() == nil {
		f.tries.Add(1)
		c, err := client.DialToken(ctx, f.ws, f.token, client.Options{TakeOver: true})
		if err != nil {
			f.refused.Add(1)
			_ = sleepFor(ctx, time.Millisecond)
			continue
		}
		c.Drop()
		<-c.Done()
	}
}

// ask sends requests from so many hands at once for as long as an attack lasts.
func (f *foe) ask(ctx context.Context, hands int, method, path, token string, body func() string) {
	ctx, cancel := context.WithTimeout(ctx, attackLasts)
	defer cancel()
	transport := &http.Transport{MaxIdleConnsPerHost: hands}
	defer transport.CloseIdleConnections()
	var all sync.WaitGroup
	for range hands {
		all.Go(func() {
			for ctx.Err() == nil {
				req, err := http.NewRequestWithContext(ctx, method, f.url+path, strings.NewReader(body()))
				if err != nil {
					return
				}
				req.Header.Set("Content-Type", "application/json")
				if token != "" {
					req.Header.Set("Authorization", "Bearer "+token)
				}
				f.tries.Add(1)
				resp, err := transport.RoundTrip(req)
				if err != nil {
					continue
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				switch resp.StatusCode {
				case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusRequestEntityTooLarge:
					f.refused.Add(1)
				}
			}
		})
	}
	all.Wait()
}

func (f *foe) delegates(ctx context.Context) {
	f.ask(ctx, 4, http.MethodPut, "/api/v1/me/delegates", f.token, func() string {
		var list []string
		for range 50 {
			list = append(list, fmt.Sprintf(`{"name":"%s %s"}`, rand.Text(), strings.Repeat("ơ", 60)))
		}
		return `{"delegates":[` + strings.Join(list, ",") + `]}`
	})
}

func (f *foe) lineTests(ctx context.Context) {
	f.ask(ctx, 2, http.MethodPost, "/api/v1/rehearsal/line", f.token, func() string { return "" })
}

func (f *foe) wrongPasswords(ctx context.Context) {
	f.ask(ctx, 60, http.MethodPost, "/api/v1/login", "", func() string { return `{"name":"` + rand.Text() + `","password":"` + rand.Text() + `"}` })
}

func (f *foe) largeLogins(ctx context.Context) {
	f.ask(ctx, 2, http.MethodPost, "/api/v1/login", "", func() string { return `{"name":"` + strings.Repeat("a", 1<<20) + `"}` })
}

func (f *foe) wrongCodes(ctx context.Context) {
	f.ask(ctx, 4, http.MethodPost, "/api/v1/join", "", func() string { return `{"code":"AAAA-AAAA-AAAA-AAAA"}` })
}

// hold opens so many connections, sends a little over each and holds them all until the last one stands.
func (f *foe) hold(ctx context.Context, many int, address, text string) {
	var d net.Dialer
	for range many {
		c, err := d.DialContext(ctx, "tcp", address)
		if err != nil {
			f.refused.Add(1)
			continue
		}
		defer c.Close()
		f.tries.Add(1)
		if _, err := io.WriteString(c, text); err != nil {
			f.refused.Add(1)
		}
	}
	_ = sleepFor(ctx, attackLasts)
}

func (f *foe) silentHTTP(ctx context.Context) {
	f.hold(ctx, 700, strings.TrimPrefix(f.url, "http://"), "GET / HTTP/1.1\r\nHost: x\r\nX-")
}

func (f *foe) silentMedia(ctx context.Context) { f.hold(ctx, 300, f.mediaTCP, "") }

func (f *foe) stalledLogins(ctx context.Context) {
	f.hold(ctx, 300, strings.TrimPrefix(f.url, "http://"),
		"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{")
}

func (f *foe) silentWebSockets(ctx context.Context) {
	for range 700 {
		ws, resp, err := websocket.DefaultDialer.DialContext(ctx, f.ws, nil)
		if err != nil {
			f.refused.Add(1)
			continue
		}
		resp.Body.Close()
		defer ws.Close()
		f.tries.Add(1)
	}
	_ = sleepFor(ctx, attackLasts)
}

// sleepFor sleeps unless ctx ends.
func sleepFor(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// metricsOf reads the metrics of a server, each under its name with its labels.
func metricsOf(t *testing.T, url string) map[string]float64 {
	t.Helper()
	status, body := get(t, url+"/metrics", "")
	if status != http.StatusOK {
		t.Fatalf("metrics: %d %s", status, body)
	}
	all := map[string]float64{}
	for lines := bufio.NewScanner(strings.NewReader(body)); lines.Scan(); {
		name, text, ok := strings.Cut(lines.Text(), " ")
		if v, err := strconv.ParseFloat(text, 64); ok && err == nil {
			all[name] = v
		}
	}
	return all
}

// settledMetrics are those after a garbage collection.
func settledMetrics(t *testing.T, url, dir string) map[string]float64 {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", filepath.Join(dir, adminSocket))
	}, DisableKeepAlives: true}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://./debug/pprof/heap?gc=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return metricsOf(t, url)
}

// freePort is a TCP port of this machine that nobody uses now.
func freePort(t *testing.T) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
