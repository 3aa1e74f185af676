package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/diemcau/diemcau/internal/admission"
)

// writePair puts a new self-signed certificate into two files, with a serial number.
func writePair(t *testing.T, cert, key string, serial int64) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "hop.example.vn"}, DNSNames: []string{"hop.example.vn"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A renewed certificate is shown without a restart; half a renewal leaves the last one in use.
func TestCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	f := tlsFlags{TLSCert: filepath.Join(dir, "cert.pem"), TLSKey: filepath.Join(dir, "key.pem")}
	writePair(t, f.TLSCert, f.TLSKey, 1)
	var log bytes.Buffer
	certs, err := f.open(dir, slog.New(slog.NewTextHandler(&log, nil)), prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	l, url, err := listen(t.Context(), "127.0.0.1:0", admission.New(admission.Limits{}, slog.New(slog.DiscardHandler)), certs)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if !strings.HasPrefix(url, "https://") {
		t.Error(url)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.(*tls.Conn).HandshakeContext(context.Background()) //nolint:forcetypeassert // it listens for TLS
			c.Close()
		}
	}()
	shown := func() int64 {
		t.Helper()
		d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // only its number is looked at
		c, err := d.DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64() //nolint:forcetypeassert // as dialled
	}
	if shown() != 1 {
		t.Fatal("not the first certificate")
	}
	writePair(t, f.TLSCert, filepath.Join(dir, "not-yet.pem"), 2)
	for range 3 {
		certs.files.reload()
	}
	if shown() != 1 || strings.Count(log.String(), "level=ERROR") != 1 {
		t.Errorf("half a renewal: log %s", log.String())
	}
	writePair(t, f.TLSCert, f.TLSKey, 3)
	certs.files.reload()
	if shown() != 3 {
		t.Error("the renewed certificate is not shown")
	}
	if certs.files.failures.Load() != 1 {
		t.Error("the failure was not counted once")
	}
}

func TestRedirectGoesToThePublicURLOnly(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "http://evil.example/j/ABC?x=1", nil)
	redirect("https://hop.example.vn").ServeHTTP(w, r)
	if got := w.Header().Get("Location"); w.Code != http.StatusPermanentRedirect || got != "https://hop.example.vn/j/ABC?x=1" {
		t.Errorf("%d %s", w.Code, got)
	}
	w = httptest.NewRecorder()
	redirect("http://hop.example.vn").ServeHTTP(w, r)
	if w.Code == http.StatusPermanentRedirect {
		t.Error("redirected to http")
	}
}

// What SIGHUP changes is in use at once; the rest is named.
func TestReloadTakesWhatCanChange(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "diemcau.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("serve:\n  log-level: info\n")
	var out bytes.Buffer
	std := streams{in: strings.NewReader(""), out: &out, err: &out, args: []string{"serve", "--config", file, "--data", dir, "--http", "127.0.0.1:0"}}
	first, err := readServe(std)
	if err != nil {
		t.Fatal(err)
	}
	log, level := newLogger(std, first.LogLevel)
	a := &app{log: log}
	if err := a.trust(first.Proxies); err != nil {
		t.Fatal(err)
	}
	write("serve:\n  log-level: warn\n  trusted-proxy: [10.0.0.0/8]\n  snapshot-every: 60s\n")
	first.reload(a, std, level)
	if level.Level() != slog.LevelWarn {
		t.Error("the level stays")
	}
	if !a.proxies.Load().Trusts(netip.MustParseAddr("10.1.2.3")) {
		t.Error("the proxy is not trusted")
	}
	if !strings.Contains(out.String(), "setting=Snapshots") || strings.Contains(out.String(), "setting=LogLevel") {
		t.Error(out.String())
	}
	write("serve:\n  trusted-proxy: [nonsense]\n  log-level: debug\n")
	first.reload(a, std, level)
	if level.Level() != slog.LevelWarn || !strings.Contains(out.String(), "were not read again") {
		t.Errorf("a broken file was used: %s", out.String())
	}
}
