package main

import (
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/internal/postgrestest"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
)

// pair is two central nodes on one record, and the links of a session.
type pair struct {
	t        *testing.T
	database string
	keys     string
	nodes    map[string]*process
	data     map[string]string // folders of the nodes
	lines    map[string]*cuttable
	links    sessionLinks
}

// newPair starts two nodes, of which A owns the record.
func newPair(t *testing.T) *pair {
	t.Helper()
	server := startPostgres(t)
	return startPair(t, server, server.Database(t))
}

func startPair(t *testing.T, server postgrestest.Server, database string) *pair {
	t.Helper()
	p := &pair{t: t, database: database, keys: t.TempDir(), nodes: map[string]*process{}, data: map[string]string{}, lines: map[string]*cuttable{}}
	dir := t.TempDir()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir, "--keys", p.keys, "--database", p.database)
	p.links = create(t, "--data", dir, "--keys", p.keys, "--database", p.database)
	for _, name := range []string{"A", "B"} {
		if server.Folder() != "" {
			p.lines[name] = newCuttable(t, filepath.Join(server.Folder(), ".s.PGSQL.5432"))
		}
		p.start(name)
		if name == "A" {
			p.waitOwner("A", time.Minute)
		}
	}
	return p
}

func (p *pair) start(name string) {
	p.t.Helper()
	database := p.database
	if line := p.lines[name]; line != nil {
		database = through(p.t, database, line.dir)
	}
	p.data[name] = p.t.TempDir()
	p.nodes[name] = startProcess(p.t, "--data", p.data[name], "--keys", p.keys, "--database", database, "--cluster", "--node", name)
}

// waitOwner waits until a node runs the sessions.
func (p *pair) waitOwner(name string, within time.Duration) {
	p.t.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(20 * time.Millisecond) {
		if status, _ := get(p.t, p.nodes[name].url+"/readyz", ""); status == http.StatusOK {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("%s does not take over: %s", name, p.nodes[name].log)
		}
	}
}

// check reads the ledger as the witnesses of both nodes know it: it is one chain, each epoch begins with its owner and has no
// entry of another node, what was acknowledged is there once.
func (p *pair) check(acked, refused map[int]bool, epochs int) {
	p.t.Helper()
	st, err := store.OpenBeside(p.t.Context(), p.database, slog.New(slog.DiscardHandler))
	if err != nil {
		p.t.Fatal(err)
	}
	defer st.Close()
	times, owners, node := map[int]int{}, 0, ""
	for e, err := range ledger.Checked(st.Entries(p.t.Context(), p.links.ID, 1)) {
		if err != nil {
			p.t.Fatal(err)
		}
		ev, err := e.Event()
		if err != nil {
			p.t.Fatal(err)
		}
		switch ev := ev.(type) {
		case *meeting.OwnerChanged:
			owners++
			node = e.Node
			if ev.Node != node {
				p.t.Errorf("entry %d of %s says that %s owns", e.Seq, node, ev.Node)
			}
		case *meeting.HeadcountDeclared:
			times[ev.Headcount]++
		}
		if owners > 0 && e.Node != node {
			p.t.Errorf("entry %d is of %s while %s owns", e.Seq, e.Node, node)
		}
	}
	if owners != epochs {
		p.t.Errorf("%d owners, want %d", owners, epochs)
	}
	for n := range acked {
		if times[n] != 1 {
			p.t.Errorf("headcount %d was acknowledged and is on record %d times", n, times[n])
		}
	}
	for n := range times {
		if times[n] > 1 {
			p.t.Errorf("headcount %d is on record %d times", n, times[n])
		}
		if !acked[n] && !refused[n] {
			p.t.Errorf("headcount %d was neither acknowledged nor refused", n)
		}
	}
}

// The owner of the sessions is killed, stopped, or cut off from the record: the other node goes on, and nothing that was
// acknowledged is lost or there twice.
func TestAnotherNodeGoesOn(t *testing.T) {
	for name, fault := range map[string]struct {
		down func(p *pair)
		back func(p *pair)
	}{
		"killed":  {func(p *pair) { p.nodes["A"].kill() }, func(*pair) {}},
		"stopped": {func(p *pair) { p.signal("A", syscall.SIGSTOP) }, func(p *pair) { p.signal("A", syscall.SIGCONT) }},
		"cut off": {func(p *pair) { must2(p.t, p.lines["A"].cut()) }, func(p *pair) { must2(p.t, p.lines["A"].mend()) }},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			if name == "cut off" && p.lines["A"] == nil {
				t.Skip("needs a PostgreSQL of its own")
			}
			first := newWitness(t, p.nodes["A"].url, p.links)
			first.again()
			first.again()
			begun := time.Now()
			fault.down(p)
			p.waitOwner("B", time.Minute)
			took := time.Since(begun)
			second := newWitness(t, p.nodes["B"].url, p.links)
			second.declared = first.declared + 100
			second.again()
			fault.back(p)
			if name != "killed" {
				p.ends("A")
			}
			second.again()
			t.Logf("%s: B was ready after %v", name, took.Round(10*time.Millisecond))
			for n := range first.acked {
				second.acked[n] = true
			}
			p.check(second.acked, second.refused, 2)
			second.page.Close()
		})
	}
}

func must2(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (p *pair) signal(name string, sig syscall.Signal) {
	p.t.Helper()
	if err := p.nodes[name].cmd.Process.Signal(sig); err != nil {
		p.t.Fatal(err)
	}
}

// ends waits until a node has ended by itself, saying why.
func (p *pair) ends(name string) {
	p.t.Helper()
	ended := make(chan struct{})
	go func() {
		_ = p.nodes[name].cmd.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		p.t.Errorf("%s does not end", name)
		_ = p.nodes[name].cmd.Process.Kill()
		<-ended
	}
	if text := p.nodes[name].log.String(); !strings.Contains(text, "owns the record no more") {
		p.t.Errorf("%s does not say why it ended: %s", name, text)
	}
}

// Whoever does not fit beside a node that owns the record is refused with one line; one that stands by says so; and an owner
// that ends in good order is followed at once.
func TestNodesBesideEachOther(t *testing.T) {
	p := newPair(t)
	for name, tt := range map[string]struct {
		flags []string
		want  string
	}{
		"a server for itself": {[]string{"--keys", p.keys, "--database", p.database}, "another diemcau"},
		"other keys":          {[]string{"--database", p.database, "--cluster", "--node", "C"}, "token.key"},
		"the same name":       {[]string{"--keys", p.keys, "--database", p.database, "--cluster", "--node", "B"}, "--node"},
		"SQLite":              {[]string{"--cluster"}, "--database"},
		"no name":             {[]string{"--keys", p.keys, "--database", p.database, "--cluster", "--node", "A/B"}, "--node"},
	} {
		args := append([]string{"serve", "--data", t.TempDir(), "--http", "127.0.0.1:0", "--udp", "0", "--tcp", "0"}, tt.flags...)
		code, out, errOut := call(t, args...)
		last := strings.TrimSpace(errOut[strings.LastIndex(errOut, "diemcau: ")+1:])
		if code == exitDone || out != "" || strings.Contains(last, "\n") || !strings.Contains(last, tt.want) {
			t.Errorf("%s: %d %q %q", name, code, out, errOut)
		}
	}
	b := p.nodes["B"].url
	if status, text := get(t, b+"/readyz", ""); status != http.StatusServiceUnavailable {
		t.Errorf("readyz of the node that stands by: %d %s", status, text)
	}
	if status, text := get(t, b+"/healthz", ""); status != http.StatusOK {
		t.Errorf("healthz of the node that stands by: %d %s", status, text)
	}
	if status, text := get(t, b+"/api/v1/sessions", ""); status != http.StatusServiceUnavailable || !strings.Contains(text, "stands by") {
		t.Errorf("the API of the node that stands by: %d %s", status, text)
	}
	w := newWitness(t, p.nodes["A"].url, p.links)
	w.again()
	p.listed("A", "A\towner\t-\nB\tstands by\t-\n")
	p.listed("B", "B\tstands by\t-\nA\towner\t-\n")
	if code, _, errOut := call(t, "session", "list", "--data", p.data["B"]); code != exitBroken || !strings.Contains(errOut, "stands by") {
		t.Errorf("a command at the node that stands by: %d %s", code, errOut)
	}
	begun := time.Now()
	must(t, "node", "drain", "--data", p.data["A"])
	p.waitOwner("B", time.Minute)
	t.Logf("B was ready %v after A was told to drain", time.Since(begun).Round(10*time.Millisecond))
	p.listed("B", "B\towner\t-\nA\tsilent\t-\n")
	if code, _, errOut := call(t, "node", "drain", "--data", p.data["B"]); code != exitBroken || !strings.Contains(errOut, "no other node") {
		t.Errorf("drained without another: %d %s", code, errOut)
	}
	next := newWitness(t, b, p.links)
	next.declared, next.acked, next.refused = w.declared, w.acked, w.refused
	next.again()
	p.check(next.acked, next.refused, 2)
	next.page.Close()
}

// Nodes reach the record through pgbouncer as well, which gives every transaction another connection.
func TestAnotherNodeGoesOnBehindPgbouncer(t *testing.T) {
	pooled, direct := behindPgbouncer(t)
	p := startPair(t, postgrestest.Server{}, pooled)
	first := newWitness(t, p.nodes["A"].url, p.links)
	first.again()
	p.nodes["A"].kill()
	p.waitOwner("B", time.Minute)
	second := newWitness(t, p.nodes["B"].url, p.links)
	second.declared, second.acked, second.refused = first.declared, first.acked, first.refused
	second.again()
	p.database = direct
	p.check(second.acked, second.refused, 2)
	second.page.Close()
}

// listed waits until a node lists the nodes so.
func (p *pair) listed(name, want string) {
	p.t.Helper()
	out := ""
	for deadline := time.Now().Add(20 * time.Second); out != want; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("%s lists %q, want %q", name, out, want)
		}
		out = must(p.t, "node", "list", "--data", p.data[name])
	}
}

// A node that stands by sends who asks on to the owner, where nodes have addresses of their own.
func TestStandByShowsTheWay(t *testing.T) {
	p := newPair(t)
	owner := "http://owner.example.vn"
	p.nodes["A"].kill()
	p.nodes["A"] = startProcess(t, "--data", t.TempDir(), "--keys", p.keys, "--database", p.database, "--cluster", "--node", "A", "--node-url", owner)
	p.waitOwner("B", time.Minute)
	b := p.nodes["B"]
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = b.cmd.Wait()
	p.waitOwner("A", time.Minute)
	p.start("B")
	b = p.nodes["B"]
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for path, want := range map[string]string{
		"/join?x=1": owner + "/join?x=1", "/api/v1/sessions": owner + "/api/v1/sessions", "/static/icon.svg": "", "/join?moved=1": "",
	} {
		where := "none"
		for deadline := time.Now().Add(20 * time.Second); where != want && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			where = answer.Header.Get("Location")
		}
		if where != want {
			t.Errorf("%s leads to %q, want %q", path, where, want)
		}
	}
}

// enters connects a seat and answers nothing that comes.
func (p *pair) enters(node, link string) *client.Client {
	p.t.Helper()
	address := strings.Replace(p.nodes[node].url, "http", "ws", 1) + "/ws"
	c, err := client.DialToken(p.t.Context(), address, token(link), client.Options{})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(c.Close)
	return c
}

func (p *pair) asks(c *client.Client, what ...protocol.Message) {
	p.t.Helper()
	for _, m := range what {
		if err := c.Request(p.t.Context(), m); err != nil {
			p.t.Fatalf("%T: %v", m, err)
		}
	}
}

// session reads the session as its ledger tells it.
func (p *pair) session() (*meeting.Session, []ledger.Entry) {
	p.t.Helper()
	st, err := store.OpenBeside(p.t.Context(), p.database, slog.New(slog.DiscardHandler))
	if err != nil {
		p.t.Fatal(err)
	}
	defer st.Close()
	var entries []ledger.Entry
	s, _, err := ledger.Replay(p.links.ID, st.Entries(p.t.Context(), p.links.ID, 1), func(e ledger.Entry, _ meeting.Event) { entries = append(entries, e) })
	if err != nil {
		p.t.Fatal(err)
	}
	return s, entries
}

// When the node of a live session is killed, floor and queue are at the other node as they were, nobody is unmuted, what was on air
// is held, and attendance goes on over the break, which is noted.
func TestFloorOutlivesItsNode(t *testing.T) {
	p := newPair(t)
	host, one, two := p.enters("A", p.links.Links.Host), p.enters("A", p.links.Endpoints[0].Link), p.enters("A", p.links.Endpoints[1].Link)
	p.asks(host, protocol.Start{})
	p.asks(one, protocol.RaiseHand{})
	p.asks(two, protocol.RaiseHand{})
	p.asks(host, protocol.Grant{Endpoint: p.links.Endpoints[0].Code, Slot: string(meeting.SlotFloor)})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) { // the countdown
		s, _ := p.session()
		if g := s.Grants[meeting.SlotFloor]; g != nil && g.State == meeting.GrantOnAir {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it does not come on air")
		}
	}
	p.nodes["A"].kill()
	p.waitOwner("B", time.Minute)
	for _, link := range []string{p.links.Links.Host, p.links.Endpoints[0].Link, p.links.Endpoints[1].Link} {
		p.enters("B", link)
	}
	s, entries := p.session()
	g := s.Grants[meeting.SlotFloor]
	if s.Phase != meeting.PhaseLive || g == nil || g.Endpoint != "C1" || g.State != meeting.GrantHeld {
		t.Errorf("the floor at the other node: %s %+v", s.Phase, g)
	}
	if len(s.Hands) != 1 || s.Hands[0] != "C2" {
		t.Errorf("the queue at the other node: %q", s.Hands)
	}
	if ep := s.Endpoint("C1"); ep.Conn == nil || !ep.Muted {
		t.Errorf("the speaker at the other node: %+v", ep)
	}
	b := attendance.NewBuilder()
	for _, e := range entries {
		if err := b.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range b.Report(attendance.FoldOptions{}).Sites {
		if len(row.Intervals) != 1 || row.Intervals[0].Interruptions != 1 {
			t.Errorf("%s attended in other pieces than one with a break: %+v", row.Endpoint, row.Intervals)
		}
	}
}

// How long it takes from the death of a node until a site has come back at the other one and is answered, as often as
// DIEMCAU_FAILOVER says, in turn killed and stopped.
func TestFailoverTimes(t *testing.T) {
	trials, err := strconv.Atoi(os.Getenv("DIEMCAU_FAILOVER"))
	if err != nil {
		t.Skip("DIEMCAU_FAILOVER is how many times")
	}
	p := newPair(t)
	owner, other := "A", "B"
	acked, refused, declared := map[int]bool{}, map[int]bool{}, 0
	var took []time.Duration
	for i := range trials {
		w := newWitness(t, p.nodes[owner].url, p.links)
		w.declared, w.acked, w.refused = declared, acked, refused
		w.again()
		declared = w.declared
		p.listed(other, other+"\tstands by\t-\n"+owner+"\towner\t-\n")
		begun := time.Now()
		if i%2 == 0 {
			p.nodes[owner].kill()
		} else {
			p.signal(owner, syscall.SIGSTOP)
		}
		p.waitOwner(other, time.Minute)
		next := newWitness(t, p.nodes[other].url, p.links)
		next.declared, next.acked, next.refused = declared, acked, refused
		next.again()
		took = append(took, time.Since(begun))
		declared = next.declared
		next.page.Close()
		if i%2 == 1 {
			p.signal(owner, syscall.SIGCONT)
			p.ends(owner)
		}
		p.start(owner)
		owner, other = other, owner
	}
	p.check(acked, refused, trials+1)
	slices.Sort(took)
	t.Logf("%d trials: least %v, half %v, 95 of 100 %v, most %v", trials, took[0].Round(10*time.Millisecond), took[(trials-1)/2].Round(10*time.Millisecond),
		took[(trials*95+99)/100-1].Round(10*time.Millisecond), took[trials-1].Round(10*time.Millisecond))
}
