package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
)

// kills is how often a server is killed in a test: as often as DIEMCAU_TEST_KILLS says, or usually so often.
func kills(t *testing.T, usually int) int {
	t.Helper()
	text := os.Getenv("DIEMCAU_TEST_KILLS")
	switch {
	case text != "":
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	case testing.Short():
		return min(usually, 5)
	}
	return usually
}

func TestKilledUnderLoad(t *testing.T) {
	killUnderLoad(t, kills(t, 50), "")
}

// PostgreSQL goes on for a moment when its client is killed, so the next server must not read too early.
func TestKilledUnderLoadOnPostgreSQL(t *testing.T) {
	killUnderLoad(t, kills(t, 5), startPostgres(t).Database(t))
}

// killUnderLoad kills the server at random instants while sites join, declare and leave. What it acknowledged is on
// record once, the chain goes on, and who was there then was there until the last evidence of it. The record is in the
// database of the URL, or in the data folder.
func killUnderLoad(t *testing.T, kills int, database string) {
	t.Helper()
	const sites = 40
	units := strings.Builder{}
	units.WriteString("code,parent_code,level,name\nTW,,central,Trung ương\nP58,TW,province,Tỉnh Ninh Thuận\n")
	for i := range sites {
		fmt.Fprintf(&units, "C%d,P58,commune,Xã %d\n", i, i)
	}
	dir := t.TempDir()
	record, where := filepath.Join(dir, "diemcau.db"), []string{"--data", dir}
	if database != "" {
		record, where = database, append(where, "--database", database)
	}
	must(t, append([]string{"roster", "import", write(t, "units.csv", units.String())}, where...)...)
	links := create(t, where...)
	acks := &acknowledged{joined: map[string]string{}, counted: map[string]bool{}, next: map[string]int{}}
	var before evidence
	for kill := range kills {
		server := startProcess(t, where...)
		ctx, cancel := context.WithCancel(t.Context())
		var load sync.WaitGroup
		for _, ep := range links.Endpoints {
			load.Go(func() { acks.attend(ctx, server.url, ep.Code, token(ep.Link)) })
		}
		time.Sleep(rand.N(400 * time.Millisecond))          // the random instant; nothing waits for it to pass
		for kill == kills-1 && !acks.any() && !t.Failed() { // on a busy machine the instants may all have come too early
			time.Sleep(time.Millisecond)
		}
		server.kill()
		cancel()
		load.Wait()
		before = checkRecord(t, record, links.ID, before, acks)
		if t.Failed() {
			t.Fatalf("after kill %d", kill+1)
		}
	}
	if len(acks.joined) == 0 || len(acks.counted) == 0 {
		t.Fatalf("nothing was acknowledged: %d joins, %d headcounts", len(acks.joined), len(acks.counted))
	}
	server := startProcess(t, where...)
	status, report := get(t, server.url+"/api/v1/sessions/"+links.ID+"/attendance.json", token(links.Links.Secretary))
	file := filepath.Join(t.TempDir(), "ledger.jsonl")
	must(t, append([]string{"attendance", "export", "--session", links.ID, "--format", "jsonl", "--out", file}, where...)...)
	server.kill()
	must(t, "attendance", "verify", file)
	var body struct {
		Intervals []struct{ Endpoint, From, To string }
	}
	if err := json.Unmarshal([]byte(report), &body); status != http.StatusOK || err != nil || len(body.Intervals) == 0 {
		t.Fatalf("%d, %v, %d intervals", status, err, len(body.Intervals))
	}
	for _, iv := range body.Intervals {
		if iv.To == "" {
			t.Errorf("%s is still there since %s", iv.Endpoint, iv.From)
		}
	}
	checkRecord(t, record, links.ID, before, acks)
	t.Logf("%d kills, %d joins and %d headcounts acknowledged, %d entries", kills, len(acks.joined), len(acks.counted), before.Seq)
}

// acknowledged is what the server said was on record.
type acknowledged struct {
	mu      sync.Mutex
	joined  map[string]string // endpoint by connection
	counted map[string]bool   // endpoint and headcount
	next    map[string]int    // headcount by endpoint
}

// attend joins a site again and again, declares headcounts that nobody declared before, and goes, with a word or
// without, until ctx ends or the server is gone.
func (a *acknowledged) attend(ctx context.Context, server, code, token string) {
	address := strings.Replace(server, "http", "ws", 1) + "/ws"
	for resume := ""; ctx.Err() == nil; {
		c, err := client.DialToken(ctx, address, token, client.Options{Resume: resume})
		if err != nil {
			return
		}
		resume = c.Welcome().Conn
		a.note(func() { a.joined[resume] = code })
		for range 1 + rand.N(4) {
			n := 0
			a.note(func() { a.next[code]++; n = a.next[code] })
			if c.Request(ctx, protocol.Headcount{Headcount: n}) == nil {
				a.note(func() { a.counted[fmt.Sprint(code, " ", n)] = true })
			}
		}
		switch rand.N(3) {
		case 0:
			c.Close()
			resume = ""
		default:
			c.Drop()
		}
	}
}

// any reports whether both joins and headcounts were acknowledged.
func (a *acknowledged) any() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.joined) > 0 && len(a.counted) > 0
}

func (a *acknowledged) note(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
}

// evidence is what a killed server left: the end of its ledger, and the last moment at which it lived for certain.
type evidence struct {
	ledger.Head
	alive time.Time
}

// checkRecord compares the record with what was acknowledged and with what the server before the last kill left.
func checkRecord(t *testing.T, record, session string, before evidence, acks *acknowledged) (now evidence) {
	t.Helper()
	st, err := store.Open(t.Context(), record, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	joined, counted, open := map[string]int{}, map[string]int{}, map[string]bool{}
	same := before.Seq == 0
	for e, err := range ledger.Checked(st.Entries(t.Context(), session, 1)) {
		if err != nil {
			t.Fatal(err)
		}
		now.Head = ledger.Head{Seq: e.Seq, Hash: e.Hash, RecordedAt: e.RecordedAt}
		same = same || now.Head == before.Head
		ev, err := e.Event()
		if err != nil {
			t.Fatal(err)
		}
		switch ev := ev.(type) {
		case *meeting.Connected:
			joined[ev.Conn]++
			open[ev.Conn] = true
		case *meeting.Resumed:
			joined[ev.Conn]++
			open[ev.Conn] = true
		case *meeting.HeadcountDeclared:
			counted[fmt.Sprint(ev.Endpoint, " ", ev.Headcount)]++
		case *meeting.Left:
			delete(open, ev.Conn)
		case *meeting.Lost:
			if !open[ev.Conn] {
				t.Errorf("entry %d: %s is lost, but was not there", e.Seq, ev.Conn)
			}
			delete(open, ev.Conn)
			if ev.Why == "server_restart" && e.Seq > before.Seq && !e.At.Equal(before.alive) {
				t.Errorf("entry %d: %s lost at %v, but the last evidence is of %v", e.Seq, ev.Conn, e.At, before.alive)
			}
		}
	}
	if !same {
		t.Errorf("entry %d, the last one before the kill, is not in the ledger", before.Seq)
	}
	for conn, code := range acks.joined {
		if joined[conn] != 1 {
			t.Errorf("%s was welcomed as %s, which is on record %d times", code, conn, joined[conn])
		}
	}
	for declared := range acks.counted {
		if counted[declared] != 1 {
			t.Errorf("headcount %q was acknowledged and is on record %d times", declared, counted[declared])
		}
	}
	if now.alive, err = st.LastAlive(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	if now.RecordedAt.After(now.alive) {
		now.alive = now.RecordedAt
	}
	return now
}

// A device that takes a seat over and is lost with the server before any sign of life was an interruption like any other,
// and nobody took over for good.
func TestKilledAfterATakeOver(t *testing.T) {
	dir := t.TempDir()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	links := create(t, "--data", dir)
	link := token(links.Endpoints[0].Link)
	const rounds = 3
	for range rounds {
		server := startProcess(t, "--data", dir)
		address := strings.Replace(server.url, "http", "ws", 1) + "/ws"
		for _, takeOver := range []bool{false, true} {
			c, err := client.DialToken(t.Context(), address, link, client.Options{TakeOver: takeOver})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Drop()
		}
		server.kill()
	}
	server := startProcess(t, "--data", dir)
	_, report := get(t, server.url+"/api/v1/sessions/"+links.ID+"/attendance.json", token(links.Links.Secretary))
	var body struct {
		Sites []struct {
			Endpoint      string
			Interruptions int
		}
		Intervals []struct {
			Endpoint  string
			EndReason string `json:"end_reason"`
		}
	}
	if err := json.Unmarshal([]byte(report), &body); err != nil {
		t.Fatal(err)
	}
	for _, s := range body.Sites {
		if s.Endpoint == links.Endpoints[0].Code && s.Interruptions != rounds-1 {
			t.Errorf("%d interruptions, want %d: %s", s.Interruptions, rounds-1, report)
		}
	}
	for _, iv := range body.Intervals {
		if iv.EndReason == "taken_over" {
			t.Errorf("%s ended as taken over, by nobody", iv.Endpoint)
		}
	}
	if len(body.Intervals) == 0 {
		t.Error("nobody was there")
	}
}
