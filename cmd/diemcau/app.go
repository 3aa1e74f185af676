package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"github.com/diemcau/diemcau/sfu"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/store"
	"github.com/diemcau/diemcau/web"
)

// serverFlags are the settings of a server, whether it is served or demonstrated.
type serverFlags struct {
	Data      string   `help:"Data folder." default:"./data" placeholder:"DIR" type:"path"`
	UDP       int      `help:"UDP port of all media; 0 takes a free one." default:"7882" name:"udp"`
	PublicURL string   `help:"Base URL of links (default: the address listened on)." placeholder:"URL" name:"public-url"`
	PublicIP  []string `help:"Further addresses under which sites reach the UDP port." placeholder:"IP" name:"public-ip"`
	LogLevel  string   `help:"debug, info, warn or error." enum:"debug,info,warn,error" default:"info"`
}

// app is a running server: the record, the media plane, the meeting plane and their listeners.
type app struct {
	log       *slog.Logger
	store     *store.Store
	node      *sfu.Node
	signaling *signaling.Server
	public    net.Listener
	admin     net.Listener
	adminFile string
	url       string // of the public listener
}

func newLogger(std streams, level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: l}))
}

// newApp opens everything in the order in which it can fail cheaply: folder, record, ports.
func newApp(ctx context.Context, f serverFlags, addr string, cert *tls.Certificate, log *slog.Logger) (_ *app, err error) {
	a := &app{log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
		}
	}()
	if err := makeDataFolder(f.Data); err != nil {
		return nil, err
	}
	if a.store, err = store.Open(ctx, f.Data, log); err != nil {
		return nil, err
	}
	if a.public, a.url, err = listen(ctx, addr, cert); err != nil {
		return nil, err
	}
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	a.node, err = sfu.New(sfu.Config{UDPPort: f.UDP, PublicIPs: f.PublicIP, Loopback: listensOnLoopback(a.public)}, log.With("part", "sfu"), reg)
	if err != nil {
		return nil, portError(err, fmt.Sprintf("UDP port %d", f.UDP), "--udp")
	}
	publicURL, err := keepPublicURL(ctx, a.store, f.PublicURL, a.url)
	if err != nil {
		return nil, err
	}
	media := newMediaPlane(a.node)
	a.signaling, err = signaling.New(ctx, signaling.Config{
		Record: a.store, Media: media, Pages: web.Handler(), PublicURL: publicURL, Registry: reg, Log: log.With("part", "signaling"),
	})
	if err != nil {
		return nil, err
	}
	media.report(a.signaling)
	if a.admin, a.adminFile, err = listenAdmin(ctx, f.Data); err != nil {
		return nil, err
	}
	return a, nil
}

// run serves until ctx ends, then closes everything.
func (a *app) run(ctx context.Context) error {
	const drain = 5 * time.Second
	group, ctx := errgroup.WithContext(ctx)
	for listener, handler := range map[net.Listener]http.Handler{a.public: a.signaling.Handler(), a.admin: a.signaling.AdminHandler()} {
		srv := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug)}
		group.Go(func() error {
			if err := srv.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
		group.Go(func() error {
			<-ctx.Done()
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
			defer cancel()
			if err := srv.Shutdown(stop); err != nil {
				return srv.Close()
			}
			return nil
		})
	}
	err := group.Wait()
	return errors.Join(err, a.close())
}

// close ends the parts that were opened, in the opposite order.
func (a *app) close() error {
	var errs []error
	if a.signaling != nil {
		errs = append(errs, a.signaling.Close())
	}
	if a.node != nil {
		errs = append(errs, a.node.Close())
	}
	for _, l := range []net.Listener{a.admin, a.public} {
		if l != nil {
			if err := l.Close(); !errors.Is(err, net.ErrClosed) {
				errs = append(errs, err)
			}
		}
	}
	if a.adminFile != "" {
		if err := os.Remove(a.adminFile); !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	return errors.Join(errs...)
}

func makeDataFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the data folder cannot be made (%w); choose another with --data", err)
	}
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return fmt.Errorf("the data folder cannot be written (%w); give this user the right, or choose another with --data", err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// listen opens the public address and returns the URL that reaches it from this machine.
func listen(ctx context.Context, addr string, cert *tls.Certificate) (net.Listener, string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, "", portError(err, "address "+addr, "--http")
	}
	scheme := "http"
	if cert != nil {
		scheme = "https"
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	}
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return nil, "", err
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return l, scheme + "://" + net.JoinHostPort(host, port), nil
}

func portError(err error, what, flag string) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s is taken by another program; stop it or choose another with %s", what, flag)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%s is not allowed to this user; choose a port above 1023 with %s", what, flag)
	}
	return fmt.Errorf("%s: %w", what, err)
}

func listensOnLoopback(l net.Listener) bool {
	addr, ok := l.Addr().(*net.TCPAddr)
	return ok && (addr.IP.IsUnspecified() || addr.IP.IsLoopback())
}

// The public URL that was asked for is kept beside the record, so that links made later, also without a server,
// start rightly.
const (
	keyPublicURL = "public_url"
	keyAskedURL  = "public_url_asked" // "yes" when --public-url gave it
)

func keepPublicURL(ctx context.Context, s *store.Store, asked, listening string) (string, error) {
	kept, err := s.Get(ctx, keyPublicURL)
	if err != nil {
		return "", err
	}
	keptAsked, err := s.Get(ctx, keyAskedURL)
	if err != nil {
		return "", err
	}
	use, how := listening, "no"
	switch {
	case asked != "":
		use, how = asked, "yes"
	case keptAsked == "yes":
		use, how = kept, "yes"
	}
	use = strings.TrimSuffix(use, "/")
	return use, errors.Join(s.Set(ctx, keyPublicURL, use), s.Set(ctx, keyAskedURL, how))
}

// socketPath is where the admin socket is bound and dialled. A path too long for a socket address is reached
// through the folder's descriptor, which done releases.
func socketPath(dir string) (path string, done func(), err error) {
	const longest = 100 // sun_path has 108 bytes on Linux, 104 elsewhere
	path = filepath.Join(dir, adminSocket)
	if len(path) <= longest || runtime.GOOS != "linux" {
		return path, func() {}, nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", f.Fd(), adminSocket), func() { f.Close() }, nil
}

// listenAdmin opens the admin socket. The record's lock is held, so a socket that is there is a dead one.
func listenAdmin(ctx context.Context, dir string) (net.Listener, string, error) {
	file := filepath.Join(dir, adminSocket)
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, "", err
	}
	path, done, err := socketPath(dir)
	if err != nil {
		return nil, "", err
	}
	defer done()
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return nil, "", fmt.Errorf("admin socket: %w", err)
	}
	if ul, ok := l.(*net.UnixListener); ok {
		ul.SetUnlinkOnClose(false) // path may be that of a closed descriptor; close removes the file itself
	}
	if err := os.Chmod(file, 0o600); err != nil {
		return nil, "", errors.Join(err, l.Close())
	}
	return l, file, nil
}

// offline is the API on a data folder without a running server.
type offline struct {
	handler http.Handler
	store   *store.Store
	server  *signaling.Server
}

func openOffline(ctx context.Context, dir string) (*offline, error) {
	if err := makeDataFolder(dir); err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	st, err := store.Open(ctx, dir, log)
	if err != nil {
		return nil, err
	}
	publicURL, err := keptPublicURL(ctx, st)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	srv, err := signaling.New(ctx, signaling.Config{Record: st, PublicURL: publicURL, Registry: prometheus.NewRegistry(), Log: log, Offline: true})
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return &offline{handler: srv.AdminHandler(), store: st, server: srv}, nil
}

// Close ends the API and unlocks the folder.
func (o *offline) Close() error { return errors.Join(o.server.Close(), o.store.Close()) }

func keptPublicURL(ctx context.Context, s *store.Store) (string, error) {
	kept, err := s.Get(ctx, keyPublicURL)
	if kept == "" {
		kept = "http://localhost:8080"
	}
	return kept, err
}
