// Package postgrestest gives tests a PostgreSQL server.
package postgrestest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/diemcau/diemcau/internal/leftover"
	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Server is what the tests use: the server that DIEMCAU_TEST_POSTGRES names, otherwise one started for them if its
// programs are installed. It is empty if there is none.
type Server struct {
	dsn  string
	stop func() error
	dir  string // of a server that Start started
	run  func(name string, args ...string) error
}

// Start starts a server, or finds the one to use.
func Start() (Server, error) {
	none := Server{stop: func() error { return nil }}
	if dsn := os.Getenv("DIEMCAU_TEST_POSTGRES"); dsn != "" {
		none.dsn = dsn
		return none, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return none, err
	}
	bin := filepath.Dir(found[len(found)-1])
	attr := &syscall.SysProcAttr{}
	dir, err := leftover.Dir("diemcau-postgres", stopLeft)
	if err != nil {
		return none, err
	}
	if os.Geteuid() == 0 { // PostgreSQL refuses to run as root
		u, err := user.Lookup("postgres")
		if err != nil {
			return none, errors.Join(err, os.RemoveAll(dir))
		}
		uid, uidErr := strconv.Atoi(u.Uid)
		gid, gidErr := strconv.Atoi(u.Gid)
		if err := errors.Join(uidErr, gidErr, os.Chown(dir, uid, gid)); err != nil {
			return none, errors.Join(err, os.RemoveAll(dir))
		}
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	run := func(name string, args ...string) error {
		cmd := exec.CommandContext(context.Background(), filepath.Join(bin, name), args...)
		cmd.SysProcAttr, cmd.Dir = attr, dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", name, err, out)
		}
		return nil
	}
	data := filepath.Join(dir, "data")
	err = run("initdb", "--pgdata", data, "--username", "diemcau", "--auth", "trust", "--encoding", "UTF8", "--no-sync")
	if err == nil {
		err = run("pg_ctl", "start", "--wait", "--pgdata", data, "--log", filepath.Join(dir, "log"),
			"--options", "-c listen_addresses='' -c unix_socket_directories="+dir)
	}
	if err != nil {
		return none, errors.Join(err, os.RemoveAll(dir))
	}
	return Server{
		dir: dir, run: run,
		dsn: "postgres:///postgres?" + url.Values{"host": {dir}, "user": {"diemcau"}}.Encode(),
		stop: func() error {
			return errors.Join(run("pg_ctl", "stop", "--pgdata", data, "--mode", "immediate"), os.RemoveAll(dir))
		},
	}, nil
}

// stopLeft ends the server in a folder, which tests that were killed have left.
func stopLeft(dir string) {
	text, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		return
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return
	}
	command, err := os.ReadFile(filepath.Join("/proc", first, "cmdline"))
	if err == nil && strings.Contains(string(command), filepath.Join(dir, "data")) { // and not another that has its number now
		_ = syscall.Kill(pid, syscall.SIGQUIT)
	}
}

// Stop ends a server that Start started.
func (p Server) Stop() error { return p.stop() }

// Database makes an empty database for a test, which it skips without a server, and returns its URL.
func (p Server) Database(tb testing.TB) string {
	tb.Helper()
	if p.dsn == "" {
		tb.Skip("needs PostgreSQL: install it, or name a server in DIEMCAU_TEST_POSTGRES")
	}
	db, err := sql.Open("pgx", p.dsn)
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	name := "test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if _, err := db.ExecContext(tb.Context(), "CREATE DATABASE "+name); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		db, err := sql.Open("pgx", p.dsn)
		if err != nil {
			tb.Error(err)
			return
		}
		defer db.Close()
		if _, err := db.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			tb.Error(err)
		}
	})
	u, err := url.Parse(p.dsn)
	if err != nil {
		tb.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// Fault makes a server that Start started go away and come back; the test is skipped with one that somebody else runs.
// Down returns when it is gone, Up when it is there again.
type Fault struct{ Down, Up func() error }

// Faults are the ways in which the server can go away, by name.
func (p Server) Faults(t *testing.T) map[string]Fault {
	t.Helper()
	if p.dir == "" {
		t.Skip("needs a PostgreSQL that it may stop: install it, and leave DIEMCAU_TEST_POSTGRES empty")
	}
	data := filepath.Join(p.dir, "data")
	options := "-c listen_addresses='' -c unix_socket_directories=" + p.dir
	start := func() error {
		return p.run("pg_ctl", "start", "--wait", "--pgdata", data, "--log", filepath.Join(p.dir, "log"), "--options", options)
	}
	stop := func(mode string) func() error {
		return func() error { return p.run("pg_ctl", "stop", "--wait", "--pgdata", data, "--mode", mode) }
	}
	signal := func(sig syscall.Signal) func() error {
		return func() error {
			text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
			if err != nil {
				return err
			}
			line, _, _ := strings.Cut(string(text), "\n")
			pid, err := strconv.Atoi(line)
			if err != nil {
				return err
			}
			children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
			if err != nil {
				return err
			}
			all := []int{pid}
			for _, child := range strings.Fields(string(children)) {
				if n, err := strconv.Atoi(child); err == nil {
					all = append(all, n)
				}
			}
			for _, one := range all {
				if err := syscall.Kill(one, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
					return err
				}
			}
			return nil
		}
	}
	// readOnly makes the server refuse writes over the connections that are there.
	readOnly := func(on string) func() error {
		return func() error {
			db, err := sql.Open("pgx", p.dsn)
			if err != nil {
				return err
			}
			defer db.Close()
			ctx := context.Background()
			_, err = db.ExecContext(ctx, "ALTER SYSTEM SET default_transaction_read_only = "+on)
			if err == nil {
				_, err = db.ExecContext(ctx, "SELECT pg_reload_conf()")
			}
			for now := ""; err == nil && now != on; { // the servers of connections look now and then
				err = db.QueryRowContext(ctx, "SHOW default_transaction_read_only").Scan(&now)
			}
			return err
		}
	}
	standby := filepath.Join(data, "standby.signal")
	return map[string]Fault{
		"stopped":   {stop("fast"), start},
		"killed":    {stop("immediate"), start},
		"frozen":    {signal(syscall.SIGSTOP), signal(syscall.SIGCONT)},
		"read-only": {readOnly("on"), readOnly("off")},
		"demoted": {
			func() error {
				return errors.Join(stop("fast")(), os.WriteFile(standby, nil, 0o644), start()) //nolint:gosec // the server's own user reads it
			},
			func() error { return p.run("pg_ctl", "promote", "--wait", "--pgdata", data) },
		},
		"restarted": {func() error { return nil }, func() error { return errors.Join(stop("fast")(), start()) }},
	}
}

// Folder is where the socket of a server that Start started is; empty with another.
func (p Server) Folder() string { return p.dir }
