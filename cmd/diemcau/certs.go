package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// tlsFlags say where the certificate of the public address comes from.
type tlsFlags struct {
	TLSCert       string   `help:"Certificate chain (PEM): the same address then serves https. It is read again when it changes, and on SIGHUP." name:"tls-cert" placeholder:"FILE" type:"path"`
	TLSKey        string   `help:"Private key (PEM) of --tls-cert." name:"tls-key" placeholder:"FILE" type:"path"`
	ACME          []string `help:"Host name for which to get a certificate by ACME (RFC 8555), instead of --tls-cert; port 443 or, for --redirect-http, port 80 must lead here." name:"acme" placeholder:"NAME"`
	ACMEEmail     string   `help:"Address that the certificate authority may write to." name:"acme-email" placeholder:"ADDRESS"`
	ACMEDirectory string   `help:"Directory of the certificate authority." name:"acme-directory" default:"https://acme-v02.api.letsencrypt.org/directory" placeholder:"URL"`
	RedirectHTTP  string   `help:"Further address that sends browsers from http to https, such as :80." name:"redirect-http" placeholder:"ADDR"`
}

// check refuses flags that do not fit together.
func (f tlsFlags) check() error {
	switch {
	case (f.TLSCert == "") != (f.TLSKey == ""):
		return &usageError{"--tls-cert and --tls-key go together"}
	case f.TLSCert != "" && len(f.ACME) > 0:
		return &usageError{"--tls-cert and --acme exclude each other"}
	case f.RedirectHTTP != "" && !f.secure():
		return &usageError{"--redirect-http needs --tls-cert or --acme"}
	}
	return nil
}

// secure reports whether the public address serves https.
func (f tlsFlags) secure() bool { return f.TLSCert != "" || len(f.ACME) > 0 }

// certificates are those of the public address and of TURN over TLS.
type certificates struct {
	get   func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	files *certificateFiles // nil with ACME
	acme  *autocert.Manager // nil with files
}

// open loads or prepares the certificates that the flags name; nil if they name none.
func (f tlsFlags) open(data string, log *slog.Logger, reg prometheus.Registerer) (*certificates, error) {
	switch {
	case f.TLSCert != "":
		files := &certificateFiles{cert: f.TLSCert, key: f.TLSKey, log: log}
		if _, err := files.load(); err != nil {
			return nil, fmt.Errorf("the certificate cannot be used: %w", err)
		}
		reg.MustRegister(files.metrics()...)
		return &certificates{get: files.get, files: files}, nil
	case len(f.ACME) > 0:
		m := &autocert.Manager{
			Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(filepath.Join(data, "acme")), HostPolicy: autocert.HostWhitelist(f.ACME...),
			Email: f.ACMEEmail, Client: &acme.Client{DirectoryURL: f.ACMEDirectory, UserAgent: "diemcau"},
		}
		return &certificates{acme: m, get: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if hello.ServerName == "" { // TURN clients may come by address
				hello.ServerName = f.ACME[0]
			}
			return m.GetCertificate(hello)
		}}, nil
	}
	return nil, nil
}

// config is that of the public listener.
func (c *certificates) config() *tls.Config {
	conf := &tls.Config{GetCertificate: c.get, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	if c.acme != nil {
		conf.NextProtos = append(conf.NextProtos, acme.ALPNProto)
	}
	return conf
}

// certificateFiles is a certificate in two files, which whoever renews it replaces.
type certificateFiles struct {
	cert, key string
	log       *slog.Logger
	current   atomic.Pointer[tls.Certificate]
	failures  atomic.Uint64

	mu      sync.Mutex
	read    [2][]byte // what current was made of
	refused string    // why the files could not be used when they were last looked at
}

const certificateEvery = 10 * time.Second // the files are looked at

func (f *certificateFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return f.current.Load(), nil
}

// load reads the files and reports whether they hold another certificate than before. One that cannot be used leaves the
// last one in use.
func (f *certificateFiles) load() (changed bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var now [2][]byte
	for i, name := range []string{f.cert, f.key} {
		if now[i], err = os.ReadFile(name); err != nil {
			return false, err
		}
	}
	if bytes.Equal(f.read[0], now[0]) && bytes.Equal(f.read[1], now[1]) {
		return false, nil
	}
	pair, err := tls.X509KeyPair(now[0], now[1])
	if err != nil {
		return false, err
	}
	f.read = now
	f.current.Store(&pair)
	return true, nil
}

// reload takes a renewed certificate into use, and says so, once for each change.
func (f *certificateFiles) reload() {
	changed, err := f.load()
	why := ""
	if err != nil {
		why = err.Error()
	}
	f.mu.Lock()
	again := why == f.refused
	f.refused = why
	f.mu.Unlock()
	switch {
	case err != nil && !again:
		f.failures.Add(1)
		f.log.Error("the new certificate cannot be used; the last one stays", "file", f.cert, "err", err)
	case changed:
		f.log.Info("a new certificate is in use", "file", f.cert, "expires", f.current.Load().Leaf.NotAfter)
	}
}

// watch looks at the files until ctx ends. Between the two halves of a renewal they do not match: then it looks again.
func (f *certificateFiles) watch(ctx context.Context) {
	tick := time.NewTicker(certificateEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			f.reload()
		case <-ctx.Done():
			return
		}
	}
}

func (f *certificateFiles) metrics() []prometheus.Collector {
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "diemcau_certificate_expires_seconds", Help: "When the certificate of the public address expires, in seconds since 1970.",
		}, func() float64 { return float64(f.current.Load().Leaf.NotAfter.Unix()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "diemcau_certificate_failures_total", Help: "Renewed certificates that could not be used.",
		}, func() float64 { return float64(f.failures.Load()) }),
	}
}
