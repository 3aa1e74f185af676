package main

import (
	"bufio"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/diemcau/diemcau/internal/leftover"
	"github.com/diemcau/diemcau/internal/postgrestest"
)

// builtBinary is the program, built once for all tests.
var builtBinary = sync.OnceValues(func() (string, error) {
	dir, err := leftover.Dir("diemcau-test", nil)
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "diemcau")
	out, err := exec.CommandContext(context.Background(), "go", "build", "-o", bin, ".").CombinedOutput()
	if err != nil {
		return bin, fmt.Errorf("%w: %s", err, out)
	}
	return bin, nil
})

// built says that builtBinary has something to remove.
var built atomic.Bool

// buildBinary returns the path of the program.
func buildBinary(t *testing.T) string {
	t.Helper()
	bin, err := builtBinary()
	if err != nil {
		t.Fatal(err)
	}
	built.Store(true)
	return bin
}

// process is a server of its own, which can be killed.
type process struct {
	url string
	cmd *exec.Cmd
	log *lines
}

// startProcess starts the program as a server on free ports of this machine; a flag that is given here as well counts.
func startProcess(t *testing.T, flags ...string) *process {
	t.Helper()
	return startUnder(t, []string{buildBinary(t)}, flags...)
}

// startUnder starts a server by a program that runs the one that follows it.
func startUnder(t *testing.T, program []string, flags ...string) *process {
	t.Helper()
	args := append(program[1:len(program):len(program)], "serve", "--http", "127.0.0.1:0", "--udp", "0", "--tcp", "0")
	cmd := exec.CommandContext(t.Context(), program[0], append(args, flags...)...) //nolint:gosec // of a test
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	log := newLines()
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: cmd, log: log}
	t.Cleanup(p.kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		p.kill()
		t.Fatalf("the server did not start: %v: %s", err, log)
	}
	p.url = strings.TrimSpace(strings.TrimPrefix(line, "listening "))
	return p
}

// kill ends it as kill -9 does and waits until it is gone. A second time does nothing.
func (p *process) kill() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait() // "signal: killed"
	}
}

// startPostgres starts a PostgreSQL that ends with the test.
func startPostgres(t *testing.T) postgrestest.Server {
	t.Helper()
	server, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server
}
