package main

import (
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
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
	p := &pair{t: t, database: server.Database(t), keys: t.TempDir(), nodes: map[string]*process{}, data: map[string]string{}, lines: map[string]*cuttable{}}
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
