package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	httpapi "github.com/diemcau/diemcau/api"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"github.com/diemcau/diemcau/anchor"
	"github.com/diemcau/diemcau/backup"
	"github.com/diemcau/diemcau/cluster"
	"github.com/diemcau/diemcau/internal/admission"
	"github.com/diemcau/diemcau/internal/httpguard"
	"github.com/diemcau/diemcau/internal/logcut"
	"github.com/diemcau/diemcau/keyring"
	"github.com/diemcau/diemcau/sfu"
	"github.com/diemcau/diemcau/sfu/turn"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/store"
	"github.com/diemcau/diemcau/web"
	"github.com/diemcau/diemcau/webhook"
)

// commandNode is the node in ledgers of a command that works on the record itself. Each start is another node of the name.
const commandNode = "command"

// serverFlags are the settings of a server, whether it is served or demonstrated.
type serverFlags struct {
	Data         string        `help:"Data folder." default:"./data" placeholder:"DIR" type:"path"`
	UDP          uint16        `help:"UDP port of all media; 0 takes a free one." default:"7882" name:"udp"`
	TCP          *uint16       `help:"TCP port of media for sites without UDP; 0 offers none (default: the number of --udp, if it is free)." name:"tcp" placeholder:"PORT"`
	PublicURL    string        `help:"Base URL of links (default: the address listened on)." placeholder:"URL" name:"public-url"`
	PublicIP     []string      `help:"Further addresses under which sites reach the media ports." placeholder:"IP" name:"public-ip"`
	PublicIPOnly bool          `help:"Announce no other addresses than those of --public-ip." name:"public-ip-only"`
	SoundMS      int           `help:"Milliseconds of sound in one packet to a site: 20, or 40 for very large sessions." enum:"20,40" default:"20" name:"sound-ms"`
	OIDC         oidcFlags     `embed:"" prefix:"oidc-"`
	TURN         turnFlags     `embed:"" prefix:"turn-"`
	Proxies      []string      `help:"Networks of reverse proxies whose Forwarded or X-Forwarded-For is believed." placeholder:"CIDR" name:"trusted-proxy"`
	Snapshots    time.Duration `help:"How often each site sends a still picture for the consoles' wall; 0 turns them off." default:"30s" name:"snapshot-every"`
	LogLevel     string        `help:"debug, info, warn or error." enum:"debug,info,warn,error" default:"info"`
	recordFlags
	keysFlag
	cluster clusterFlags // of serve alone
}

// check refuses flags that do not fit together, or would be ignored.
func (f serverFlags) check() error {
	switch {
	case f.EvidenceEvery > 0 && f.Snapshots == 0:
		return &usageError{"--evidence-every needs --snapshot-every"}
	case (f.OIDC.Issuer != "") != (f.OIDC.Client != ""), f.OIDC.Secret != "" && f.OIDC.Issuer == "":
		return &usageError{"--oidc-issuer and --oidc-client go together, and --oidc-secret needs them"}
	case f.OIDC.Issuer != "" && !isHTTP(f.OIDC.Issuer):
		return &usageError{"--oidc-issuer wants a URL such as https://id.example.vn/realms/office"}
	case strings.ContainsAny(f.TURN.Host, "/\"' ") || strings.Count(f.TURN.Host, ":") == 1:
		return &usageError{"--turn-host wants a name or an address alone"}
	case f.TURN.Host != "" && f.TURN.off():
		return &usageError{"--turn-host needs --turn-udp, --turn-tcp or --turn-tls"}
	}
	return errors.Join(f.recordFlags.check(), checkPublicURL(f.PublicURL))
}

// oidcFlags name an identity provider by which people of the office may log in.
type oidcFlags struct {
	Issuer string `help:"URL of an OpenID Connect provider; its redirect URI is PUBLIC-URL/oidc/callback." placeholder:"URL"`
	Client string `help:"Client id there." placeholder:"ID"`
	Secret string `help:"Client secret there; better as DIEMCAU_OIDC_SECRET." secret:""`
	Claim  string `help:"Which claim is the account's name here: email, preferred_username or sub." default:"email" enum:"email,preferred_username,sub"`
}

// app is a running server: the record, the media plane, the meeting plane and their listeners.
type app struct {
	log       *slog.Logger
	gate      *admission.Gate
	proxies   atomic.Pointer[httpguard.Proxies]
	certs     *certificates // nil without TLS
	store     *store.Store
	shared    *store.Shared // the same, where other nodes have it too
	member    *cluster.Node // this server among them
	media     *mediaPlane
	turn      *turn.Server // nil without one
	webhooks  *webhook.Sender
	anchors   *anchor.Keeper
	backups   *backup.Keeper // nil where none are made
	house     *house
	public    net.Listener
	plain     net.Listener // sends browsers on to https; nil without one
	publicURL string
	admin     net.Listener
	adminFile string
	url       string // of the public listener

	incarnation string // name of this life of this server
	begin       func(ctx context.Context) error
	leading     atomic.Bool        // it has begun, where a node had to become the owner first
	endTail     context.CancelFunc // of tail
	tail        sync.WaitGroup     // follows the ledgers while this node stands by
	draining    chan struct{}      // closed by drain
	drain       func()             // ends the server in good order
}

// newLogger makes the log of a server, and what its level can be changed by.
func newLogger(std streams, level string) (*slog.Logger, *slog.LevelVar) {
	var l slog.LevelVar
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l.Set(slog.LevelInfo)
	}
	return slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: &l, ReplaceAttr: logcut.Attr})), &l
}

// newApp opens everything in the order in which it can fail cheaply: record, ports, sessions.
func newApp(ctx context.Context, f serverFlags, t tlsFlags, addr string, log *slog.Logger) (_ *app, err error) {
	a := &app{log: log, draining: make(chan struct{}), incarnation: signaling.Incarnation(or(f.cluster.Node, defaultNode))}
	a.drain = sync.OnceFunc(func() { close(a.draining) })
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
		}
	}()
	if err := errors.Join(f.check(), f.TURN.check(t.secure())); err != nil {
		return nil, err
	}
	relaxTimers(log)
	if err := a.openRecord(ctx, f); err != nil {
		return nil, err
	}
	reg := prometheus.NewRegistry()
	if err := a.trust(f.Proxies); err != nil {
		return nil, err
	}
	reg.MustRegister(thisBuild().metric(), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	limits := a.admit(log, reg)
	guard := httpapi.NewGuard(log.With("part", "http"), reg, a.proxies.Load())
	if a.certs, err = t.open(f.Data, log, reg); err != nil {
		return nil, err
	}
	if a.public, a.url, err = listen(ctx, addr, a.gate, a.certs); err != nil {
		return nil, err
	}
	if t.RedirectHTTP != "" {
		if a.plain, err = listenPlain(ctx, t.RedirectHTTP, a.gate); err != nil {
			return nil, err
		}
	}
	keys, err := openKeys(ctx, f.dir(f.Data), a.store, log)
	if err != nil {
		return nil, err
	}
	if err := a.join(ctx, f.cluster, keys, reg); err != nil {
		return nil, err
	}
	certificate, err := keys.Text(keyring.DTLS, newCertificate)
	if err != nil {
		return nil, err
	}
	tcp, err := listenMediaTCP(ctx, f, log)
	if err != nil {
		return nil, err
	}
	a.media, err = newMediaPlane(sfu.Config{
		UDP: netip.AddrPortFrom(netip.IPv6Unspecified(), f.UDP), TCP: tcp, PublicIPs: f.PublicIP, PublicIPsOnly: f.PublicIPOnly,
		Loopback: listensOnLoopback(a.public), CertificatePEM: string(certificate),
		SoundPacket: time.Duration(f.SoundMS) * time.Millisecond, Panicked: guard.Panicked,
	}, log.With("part", "sfu"), reg)
	if err != nil {
		return nil, portError(err, fmt.Sprintf("UDP port %d", f.UDP), "--udp")
	}
	if len(t.ACME) > 0 && f.PublicURL == "" {
		f.PublicURL = "https://" + t.ACME[0]
	}
	publicURL, keep, err := choosePublicURL(ctx, a.store, f.PublicURL, a.url)
	if err != nil {
		return nil, err
	}
	a.publicURL = publicURL
	if a.turn, err = openTURN(ctx, f.TURN, a.certs, publicURL, a.media.node, guard.Panicked, log.With("part", "turn"), reg); err != nil {
		return nil, err
	}
	if a.anchors, err = openAnchors(ctx, f, a, guard.Panicked, log, reg); err != nil {
		return nil, err
	}
	if a.backups, err = f.openBackups(a.store, guard.Panicked, log, reg); err != nil {
		return nil, err
	}
	if a.webhooks, err = newWebhooks(f.recordFlags, a.store, guard.Panicked, log.With("part", "webhook"), reg); err != nil {
		return nil, err
	}
	a.house, err = newHouse(signaling.Config{
		Media: a.media, Relays: relays(a.turn), Nodes: a.nodes(), Log: log.With("part", "signaling"),
		Recorded:        func(session string) { a.webhooks.Tell(session); a.anchors.Tell(session); a.house.api.Recorded(session) },
		Unauthenticated: admission.Limits{Unauthenticated: limits.Unauthenticated, PerAddress: limits.PerAddress},
	}, httpapi.Config{
		Webhooks: a.webhooks, Pages: web.Handler(), PublicURL: publicURL, SnapshotEvery: f.Snapshots, NamesKept: f.namesKept(), Pictures: f.pictures(),
		OIDC: httpapi.OIDCConfig{Issuer: f.OIDC.Issuer, ClientID: f.OIDC.Client, ClientSecret: f.OIDC.Secret, Claim: f.OIDC.Claim},
	}, a.store, keys, a.incarnation, reg, guard)
	if err != nil {
		return nil, err
	}
	a.media.report(a.house.live)
	a.begin = func(ctx context.Context) error {
		if err := errors.Join(keep(ctx), a.webhooks.Start(ctx), a.anchors.Start(ctx), a.house.start(ctx)); err != nil {
			return err
		}
		if a.backups != nil {
			a.backups.Start(ctx)
		}
		return nil
	}
	if a.member == nil {
		err = a.begin(ctx)
	}
	if err == nil {
		a.admin, a.adminFile, err = listenAdmin(ctx, f.Data)
	}
	if err == nil && a.member != nil {
		a.standBy(ctx)
	}
	return a, err
}

// openRecord opens the record, for this server alone or shared with others.
func (a *app) openRecord(ctx context.Context, f serverFlags) (err error) {
	a.store, err = openStore(ctx, func(ctx context.Context, dsn string, log *slog.Logger) (*store.Store, error) {
		if !f.cluster.Cluster {
			return store.Open(ctx, dsn, log)
		}
		if a.shared, err = store.OpenShared(ctx, dsn, log); err != nil {
			return nil, err
		}
		return a.shared.Store, nil
	}, f.Data, f.Database, a.log)
	return err
}

// run serves until ctx ends, then closes everything.
func (a *app) run(ctx context.Context) error {
	const drain = 5 * time.Second
	ctx, end := context.WithCancel(ctx)
	defer end()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		select {
		case <-a.draining:
			end()
		case <-ctx.Done():
		}
		return nil
	})
	if a.certs != nil && a.certs.files != nil {
		group.Go(func() error { a.certs.files.watch(ctx); return nil })
	}
	for listener, handler := range a.handlers() {
		srv := httpguard.Server(handler, a.log)
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
	ended := make(chan error, 1)
	go func() { ended <- group.Wait() }()
	select {
	case err := <-ended:
		closed := make(chan error, 1)
		go func() { closed <- a.close() }()
		select {
		case closeErr := <-closed:
			return errors.Join(err, closeErr)
		case lost := <-a.failed():
			return errors.Join(err, a.leave(lost))
		}
	case lost := <-a.failed():
		return a.leave(lost)
	}
}

// leave ends what others see of a node that another may follow. Nothing is waited for that might keep a socket or the stage open:
// they end with the process.
func (a *app) leave(lost error) error {
	signaling.Leave(a.house.live)
	return lost
}

// close ends the parts that were opened, in the opposite order.
func (a *app) close() error {
	var errs []error
	if a.member != nil {
		a.member.Retire()
	}
	if a.endTail != nil {
		a.endTail()
		a.tail.Wait()
	}
	if a.house != nil {
		a.house.close()
	}
	if a.webhooks != nil { // after the last entry
		a.webhooks.Close()
	}
	if a.turn != nil {
		errs = append(errs, a.turn.Close())
	}
	if a.media != nil {
		errs = append(errs, a.media.node.Close())
	}
	for _, l := range []net.Listener{a.admin, a.plain, a.public} {
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
	if a.anchors != nil {
		errs = append(errs, a.anchors.Close())
	}
	if a.backups != nil {
		a.backups.Close()
	}
	if a.member != nil { // after the last entry
		a.member.Close()
	}
	switch {
	case a.shared != nil:
		errs = append(errs, a.shared.Close())
	case a.store != nil:
		errs = append(errs, a.store.Close())
	}
	return errors.Join(errs...)
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

// choosePublicURL chooses the base of links; keep puts it beside the record.
func choosePublicURL(ctx context.Context, s *store.Store, asked, listening string) (use string, keep func(context.Context) error, err error) {
	kept, err := setting(ctx, s, keyPublicURL)
	if err != nil {
		return "", nil, err
	}
	keptAsked, err := setting(ctx, s, keyAskedURL)
	if err != nil {
		return "", nil, err
	}
	use = listening
	how := "no"
	switch {
	case asked != "":
		use, how = asked, "yes"
	case keptAsked == "yes":
		use, how = kept, "yes"
	}
	if err := checkPublicURL(use); err != nil { // kept by a version that did not look
		return "", nil, err
	}
	use = strings.TrimRight(use, "/")
	return use, func(ctx context.Context) error {
		return errors.Join(s.SetSetting(ctx, keyPublicURL, use), s.SetSetting(ctx, keyAskedURL, how))
	}, nil
}

// setting reads a setting; one that was never set is empty.
func setting(ctx context.Context, s *store.Store, name string) (string, error) {
	value, err := s.Setting(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return value, err
}

// newCertificate makes the DTLS certificate of this server: its fingerprint is then the same after a restart.
func newCertificate() ([]byte, error) {
	pem, err := sfu.NewCertificate()
	return []byte(pem), err
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
	house   *house
}

func openOffline(ctx context.Context, dir, database string, keys keysFlag) (*offline, error) {
	log := slog.New(slog.DiscardHandler)
	st, err := openStore(ctx, store.OpenBeside, dir, database, log)
	if err != nil {
		return nil, err
	}
	publicURL, err := keptPublicURL(ctx, st)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	ring, err := openKeys(ctx, keys.dir(dir), st, log)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	reg := prometheus.NewRegistry()
	h, err := newHouse(signaling.Config{Log: log}, httpapi.Config{PublicURL: publicURL}, st, ring, signaling.Incarnation(commandNode), reg,
		httpapi.NewGuard(log, reg, nil))
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return &offline{handler: h.api.AdminHandler(), store: st, house: h}, nil
}

// Close ends the API and unlocks the folder.
func (o *offline) Close() error {
	o.house.close()
	return o.store.Close()
}

func keptPublicURL(ctx context.Context, s *store.Store) (string, error) {
	kept, err := setting(ctx, s, keyPublicURL)
	if kept == "" {
		kept = "http://localhost:8080"
	}
	return kept, err
}
