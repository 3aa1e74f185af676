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

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Server is what the tests use: the server that DIEMCAU_TEST_POSTGRES names, otherwise one started for them if its
// programs are installed. It is empty if there is none.
type Server struct {
	dsn  string
	stop func() error
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
	dir, err := os.MkdirTemp("", "diemcau-postgres-")
	if err != nil {
		return none, err
	}
	attr := &syscall.SysProcAttr{}
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
		dsn: "postgres:///postgres?" + url.Values{"host": {dir}, "user": {"diemcau"}}.Encode(),
		stop: func() error {
			return errors.Join(run("pg_ctl", "stop", "--pgdata", data, "--mode", "immediate"), os.RemoveAll(dir))
		},
	}, nil
}

// Stop ends a server that Start started.
func (p Server) Stop() error { return p.stop() }

// Database makes an empty database for a test, which it skips without a server, and returns its URL.
func (p Server) Database(t *testing.T) string {
	t.Helper()
	if p.dsn == "" {
		t.Skip("needs PostgreSQL: install it, or name a server in DIEMCAU_TEST_POSTGRES")
	}
	db, err := sql.Open("pgx", p.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	name := "test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		db, err := sql.Open("pgx", p.dsn)
		if err != nil {
			t.Error(err)
			return
		}
		defer db.Close()
		if _, err := db.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(p.dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}
