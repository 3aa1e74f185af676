//go:build unix

package main

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// SIGHUP, which the hooks of certificate programs send, ends no server: a process of its own shows the renewed
// certificate to the next one who comes, and says so.
func TestHangupOfARunningServer(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePair(t, cert, key, 1)
	config := write(t, "diemcau.yaml", "serve:\n  log-level: info\n")
	p := startProcess(t, "--config", config, "--data", dir, "--tls-cert", cert, "--tls-key", key)
	shown := func() int64 {
		t.Helper()
		d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // only its number is looked at
		c, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(p.url, "https://"))
		if err != nil {
			t.Fatalf("%v: %s", err, p.log)
		}
		defer c.Close()
		return c.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64() //nolint:forcetypeassert // as dialled
	}
	if shown() != 1 {
		t.Fatal("not the first certificate")
	}
	writePair(t, cert, key, 2)
	if err := os.WriteFile(config, []byte("serve:\n  log-level: warn\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); shown() != 2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the renewed certificate is not shown: %s", p.log)
		}
	}
	if log := p.log.String(); !strings.Contains(log, "a new certificate is in use") {
		t.Errorf("the log does not say it: %s", log)
	}
	if err := p.cmd.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the server is gone: %v", err)
	}
}
