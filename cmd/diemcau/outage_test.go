package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/postgrestest"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
)

// witness is a site that stays connected while the record goes and comes, and knows what it was told.
type witness struct {
	t        *testing.T
	url      string
	page     *client.Client
	declared int          // headcounts so far
	acked    map[int]bool // those that were acknowledged
	refused  map[int]bool
}

func newWitness(t *testing.T, url string, links sessionLinks) *witness {
	t.Helper()
	address := strings.Replace(url, "http", "ws", 1) + "/ws"
	page, err := client.DialToken(t.Context(), address, token(links.Endpoints[0].Link), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(page.Close)
	return &witness{t: t, url: url, page: page, acked: map[int]bool{}, refused: map[int]bool{}}
}

// declare says how many are in the room and reports whether that was acknowledged. It fails the test when the page is
// thrown out, or kept waiting.
func (w *witness) declare() bool {
	w.t.Helper()
	w.declared++
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	err := w.page.Request(ctx, protocol.Headcount{Headcount: w.declared})
	var refusal *client.RequestError
	switch {
	case err == nil:
		w.acked[w.declared] = true
		return true
	case errors.As(err, &refusal) && refusal.Code == string(protocol.CodeUnrecorded):
		w.refused[w.declared] = true
		return false
	}
	w.t.Fatalf("headcount %d: %v", w.declared, err)
	return false
}

// again declares until that is acknowledged.
func (w *witness) again() {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); !w.declare(); {
		if time.Now().After(deadline) {
			w.t.Fatal("recording does not go on")
		}
	}
}

func (w *witness) ready() (int, string) {
	w.t.Helper()
	return get(w.t, w.url+"/readyz", "")
}

// outage lets the record go away and come back. Nobody is thrown out, commands are refused with a reason, readyz tells the
// truth and names nothing, and recording goes on by itself.
func (w *witness) outage(down, up func() error) {
	w.t.Helper()
	if err := down(); err != nil {
		w.t.Fatal(err)
	}
	for tries := 0; w.declare(); tries++ { // what the fault needs until every part of the record knows it
		if tries > 100 {
			w.t.Fatal("acknowledged without a record")
		}
	}
	if status, text := w.ready(); status != http.StatusServiceUnavailable || strings.Contains(text, "diemcau") || strings.Contains(text, "/") {
		w.t.Errorf("readyz meanwhile: %d %s", status, text)
	}
	if err := up(); err != nil {
		w.t.Fatal(err)
	}
	w.again()
	w.healthy()
}

func (w *witness) healthy() {
	w.t.Helper()
	status, text := w.ready()
	for deadline := time.Now().Add(time.Minute); status != http.StatusOK; status, text = w.ready() {
		if time.Now().After(deadline) {
			w.t.Fatalf("readyz stays %d %s", status, text)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// check reads the ledger: it is whole, what was acknowledged is in it once, what was refused at most once.
func (w *witness) check(record, session string) {
	w.t.Helper()
	st, err := store.OpenBeside(w.t.Context(), record, slog.New(slog.DiscardHandler))
	if err != nil {
		w.t.Fatal(err)
	}
	defer st.Close()
	times := map[int]int{}
	for e, err := range ledger.Checked(st.Entries(w.t.Context(), session, 1)) {
		if err != nil {
			w.t.Fatal(err)
		}
		ev, err := e.Event()
		if err != nil {
			w.t.Fatal(err)
		}
		if declared, ok := ev.(*meeting.HeadcountDeclared); ok {
			times[declared.Headcount]++
		}
		if lost, ok := ev.(*meeting.Lost); ok && lost.Why != "closed" && lost.Why != "server_restart" {
			w.t.Errorf("entry %d: %s was lost: %s", e.Seq, lost.Endpoint, lost.Why)
		}
	}
	for n := range w.acked {
		if times[n] != 1 {
			w.t.Errorf("headcount %d was acknowledged and is on record %d times", n, times[n])
		}
	}
	for n := range w.refused {
		if times[n] > 1 {
			w.t.Errorf("headcount %d is on record %d times", n, times[n])
		}
	}
	if len(w.acked) < 2 {
		w.t.Errorf("only %d headcounts were acknowledged", len(w.acked))
	}
}

// A PostgreSQL that is stopped, killed, frozen, read-only for a while, demoted, restarted or cut off takes no meeting down.
func TestMeetingOutlivesPostgreSQL(t *testing.T) {
	server := startPostgres(t)
	faults := server.Faults(t)
	database := server.Database(t)
	line := newCuttable(t, filepath.Join(server.Folder(), ".s.PGSQL.5432"))
	faults["cut off"] = postgrestest.Fault{Down: line.cut, Up: line.mend}
	dir, through := t.TempDir(), through(t, database, line.dir)
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir, "--database", through)
	links := create(t, "--data", dir, "--database", through)
	url, stop := serve(t, dir, "--database", through)
	w := newWitness(t, url, links)
	w.again()
	for _, name := range []string{"restarted", "stopped", "killed", "frozen", "read-only", "demoted", "cut off"} {
		begun := time.Now()
		if name == "restarted" {
			if err := faults[name].Up(); err != nil {
				t.Fatal(err)
			}
			w.again()
			w.healthy()
		} else {
			w.outage(faults[name].Down, faults[name].Up)
		}
		t.Logf("%s: %v", name, time.Since(begun).Round(time.Millisecond))
	}
	stop()
	w.check(database, links.ID)
}

// through is the URL of a database by the socket in another folder.
func through(t *testing.T, database, dir string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("host", dir)
	u.RawQuery = q.Encode()
	return u.String()
}

// cuttable is a line to a PostgreSQL that goes silent when it is cut, as behind a firewall that forgot it.
type cuttable struct {
	dir, to string
	l       net.Listener
	pumps   sync.WaitGroup

	mu    sync.Mutex
	open  []net.Conn
	isCut bool
}

func newCuttable(t *testing.T, to string) *cuttable {
	t.Helper()
	dir := t.TempDir()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	c := &cuttable{dir: dir, to: to, l: l}
	c.pumps.Go(c.accept)
	t.Cleanup(func() {
		l.Close()
		_ = c.mend()
		c.pumps.Wait()
	})
	return c
}

func (c *cuttable) accept() {
	for {
		from, err := c.l.Accept()
		if err != nil {
			return
		}
		var d net.Dialer
		to, err := d.DialContext(context.Background(), "unix", c.to)
		if err != nil {
			from.Close()
			continue
		}
		c.mu.Lock()
		c.open = append(c.open, from, to)
		c.mu.Unlock()
		c.pumps.Go(func() { c.pump(from, to) })
		c.pumps.Go(func() { c.pump(to, from) })
	}
}

// pump passes bytes on; those that come while the line is cut are lost.
func (c *cuttable) pump(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 1<<16)
	for {
		n, err := from.Read(buf)
		c.mu.Lock()
		lost := c.isCut
		c.mu.Unlock()
		if lost && err == nil {
			continue
		}
		if err != nil {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (c *cuttable) cut() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isCut = true
	return nil
}

// mend closes what was open: a line that lost bytes is of no use.
func (c *cuttable) mend() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isCut = false
	for _, conn := range c.open {
		conn.Close()
	}
	c.open = nil
	return nil
}

// A second server on a PostgreSQL is refused with one line, and what a command does beside a server disturbs nothing.
func TestOneWriterOnPostgreSQL(t *testing.T) {
	database := startPostgres(t).Database(t)
	dir, other := t.TempDir(), t.TempDir()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir, "--database", database)
	links := create(t, "--data", dir, "--database", database)
	serveURL, stop := serve(t, dir, "--database", database)
	w := newWitness(t, serveURL, links)
	w.again()
	code, out, errOut := call(t, "serve", "--data", other, "--database", database, "--http", "127.0.0.1:0", "--udp", "0", "--tcp", "0")
	if code != exitBroken || out != "" || strings.Count(strings.TrimSpace(errOut), "\n") != 0 || !strings.Contains(errOut, "another diemcau") {
		t.Errorf("a second server: %d %q %q", code, out, errOut)
	}
	second := create(t, "--data", other, "--keys", dir, "--database", database)
	if second.ID == links.ID || len(second.Endpoints) == 0 {
		t.Errorf("%+v", second)
	}
	code, _, errOut = call(t, "session", "link", "revoke", links.Endpoints[0].Code, "--session", links.ID, "--data", other, "--keys", dir, "--database",
		database)
	if code != exitBroken || !strings.Contains(errOut, "unrecorded") && !strings.Contains(errOut, "another diemcau") && !strings.Contains(errOut, "record") {
		t.Errorf("revoking beside the server: %d %s", code, errOut)
	}
	if !w.declare() {
		t.Error("the server was disturbed")
	}
	if status, _ := w.ready(); status != http.StatusOK {
		t.Errorf("readyz: %d", status)
	}
	newWitness(t, serveURL, second).again() // the server knows the session that the command made
	stop()
	url, _ := serve(t, other, "--keys", dir, "--database", database)
	next := newWitness(t, url, links)
	next.declared = w.declared
	next.again()
	w.check(database, links.ID)
}

// behindPgbouncer starts a pgbouncer that gives every transaction another connection, before an empty database, whose URL through
// it and without it is returned.
func behindPgbouncer(t *testing.T) (pooled, direct string) {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		t.Skip("needs pgbouncer")
	}
	server := startPostgres(t)
	if server.Folder() == "" {
		t.Skip("needs a PostgreSQL of its own")
	}
	database := server.Database(t)
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	config := fmt.Sprintf("[databases]\n* = host=%s user=diemcau\n[pgbouncer]\nlisten_port=6432\nlisten_addr=\n"+
		"unix_socket_dir=%s\nauth_type=any\npool_mode=transaction\ndefault_pool_size=6\nlogfile=%s\n",
		server.Folder(), dir, filepath.Join(dir, "log"))
	file := write(t, "pgbouncer.ini", config)
	args := []string{file}
	if os.Geteuid() == 0 {
		for _, path := range []string{dir, filepath.Dir(file), filepath.Dir(filepath.Dir(file)), filepath.Dir(dir)} {
			if err := os.Chmod(path, 0o777); err != nil { //nolint:gosec // a folder of the test
				t.Fatal(err)
			}
		}
		args = []string{"-u", "postgres", file}
	}
	bouncer := exec.CommandContext(t.Context(), program, args...)
	bouncer.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := bouncer.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bouncer.Process.Kill(); _ = bouncer.Wait() })
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(dir, ".s.PGSQL.6432")); err == nil {
			break
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Fatalf("pgbouncer does not listen: %s", log)
		}
	}
	q := u.Query()
	q.Set("host", dir)
	q.Set("port", "6432")
	u.RawQuery = q.Encode()
	return u.String(), database
}

// Behind pgbouncer that gives every transaction another connection all is as without it.
func TestBehindPgbouncer(t *testing.T) {
	pooled, _ := behindPgbouncer(t)
	data := t.TempDir()
	units := strings.Builder{}
	units.WriteString("code,parent_code,level,name\nTW,,central,Trung ương\nP58,TW,province,Tỉnh Ninh Thuận\n")
	for i := range 60 {
		fmt.Fprintf(&units, "C%d,P58,commune,Xã %d\n", i, i)
	}
	must(t, "roster", "import", write(t, "units.csv", units.String()), "--data", data, "--database", pooled)
	links := create(t, "--data", data, "--database", pooled)
	serveURL, stop := serve(t, data, "--database", pooled)
	var all sync.WaitGroup
	var mu sync.Mutex
	var failed []error
	for _, ep := range links.Endpoints { // at once, as at the beginning of a session
		all.Go(func() {
			c, err := client.DialToken(t.Context(), strings.Replace(serveURL, "http", "ws", 1)+"/ws", token(ep.Link), client.Options{})
			if err == nil {
				err = c.Request(t.Context(), protocol.Headcount{Headcount: 3})
				c.Close()
			}
			mu.Lock()
			defer mu.Unlock()
			failed = append(failed, err)
		})
	}
	all.Wait()
	if err := errors.Join(failed...); err != nil {
		t.Fatal(err)
	}
	if code, _, errOut := call(t, "serve", "--data", t.TempDir(), "--database", pooled, "--http", "127.0.0.1:0", "--udp", "0", "--tcp",
		"0"); code != exitBroken {
		t.Errorf("a second server behind pgbouncer: %d %s", code, errOut)
	}
	stop()
}

// A disk that is full, or can only be read, takes no meeting down, nor does a slow one.
func TestMeetingOutlivesItsDisk(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("needs strace")
	}
	dir := t.TempDir()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	links := create(t, "--data", dir)
	server := startProcess(t, "--data", dir)
	w := newWitness(t, server.url, links)
	w.again()
	// inject makes system calls of the server fail or last until up is called.
	inject := func(calls, how string) (down, up func() error) {
		var tracer *exec.Cmd
		down = func() error {
			tracer = exec.CommandContext(t.Context(), strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace="+calls, "-e", "inject="+calls+":"+how, "-p",
				fmt.Sprint(server.cmd.Process.Pid))
			if err := tracer.Start(); err != nil {
				return err
			}
			return traced(server.cmd.Process.Pid)
		}
		up = func() error {
			if err := tracer.Process.Signal(os.Interrupt); err != nil {
				return err
			}
			_ = tracer.Wait() // interrupted
			return nil
		}
		return down, up
	}
	for _, fault := range []struct{ name, calls, how string }{
		{"full", "pwrite64,ftruncate,fallocate", "error=ENOSPC"},
		{"read-only", "pwrite64,ftruncate,fallocate,fsync,fdatasync", "error=EROFS"},
		{"failing to sync", "fsync,fdatasync", "error=EIO"},
	} {
		down, up := inject(fault.calls, fault.how)
		w.outage(down, up)
		t.Log(fault.name)
	}
	down, up := inject("fsync,fdatasync", "delay_enter=2000000")
	if err := down(); err != nil {
		t.Fatal(err)
	}
	w.again()
	if err := up(); err != nil {
		t.Fatal(err)
	}
	w.again()
	w.healthy()
	w.page.Close()
	server.kill()
	w.check(filepath.Join(dir, "diemcau.db"), links.ID)
}

// traced waits until every thread of a process is traced.
func traced(pid int) error {
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		status, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
		if err != nil {
			return err
		}
		all := len(status) > 0
		for _, file := range status {
			text, err := os.ReadFile(file)
			all = all && (err != nil || !strings.Contains(string(text), "TracerPid:\t0\n"))
		}
		if all {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.New("strace does not attach")
		}
	}
}

// A file system in memory that was filled by something else, and freed, takes no meeting down.
func TestMeetingOutlivesFullFileSystem(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to mount a file system")
	}
	mounted := t.TempDir()
	server := startMounted(t, "mount -t tmpfs -o size=8m none "+mounted, "--data", mounted)
	dir := fmt.Sprintf("/proc/%d/root%s", server.cmd.Process.Pid, mounted)
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	links := create(t, "--data", dir)
	w := newWitness(t, server.url, links)
	w.again()
	ballast := filepath.Join(dir, "ballast")
	fill := func() error {
		f, err := os.Create(ballast)
		if err != nil {
			return err
		}
		defer f.Close()
		zeros := make([]byte, 1<<12)
		for err == nil {
			_, err = f.Write(zeros)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			return err
		}
		for w.declare() { // what room the database's log has left
		}
		return nil
	}
	w.outage(fill, func() error { return os.Remove(ballast) })
	file := filepath.Join(t.TempDir(), "ledger.jsonl")
	must(t, "attendance", "export", "--session", links.ID, "--data", dir, "--format", "jsonl", "--out", file)
	must(t, "attendance", "verify", file)
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	text, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	for n := range w.acked {
		if c := strings.Count(string(text), fmt.Sprintf(`"headcount":%d}`, n)); c != 1 {
			t.Errorf("headcount %d was acknowledged and is on record %d times", n, c)
		}
	}
	if len(w.acked) < 2 {
		t.Errorf("only %d headcounts were acknowledged", len(w.acked))
	}
}
