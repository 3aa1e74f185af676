package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/diemcau/diemcau/internal/httpguard"
	"github.com/diemcau/diemcau/sfu"
	"github.com/diemcau/diemcau/sfu/turn"
	"github.com/diemcau/diemcau/store"
	"github.com/diemcau/diemcau/web"
)

const (
	reachFor     = 15 * time.Minute // that the page waits for its helper
	reachTries   = 60               // connections that one call of the command opens
	afterAll     = time.Second
	maxReachBody = 64 << 10 // bytes; an answer in SDP
)

// reach holds the ports of a server that does not run, for a page that somebody outside opens: it tries every way that media
// would go and says which of them lead here.
type reach struct {
	token   string
	node    *sfu.Node
	turn    *turn.Server // nil without one
	out     io.Writer
	done    context.CancelFunc
	ways    []string
	mu      sync.Mutex
	viewers map[string]*sfu.Viewer
	all     bool // was reached
}

// errUnreached says that a way does not lead here.
var errUnreached = errors.New("not every way leads here from outside: look at the firewall, NAT and --public-ip")

// reach runs the page until its helper has tried every way.
func (c *serveCmd) reach(ctx context.Context, std streams) (err error) {
	if running, err := c.running(ctx); err != nil || running {
		return errors.Join(err, fmt.Errorf("%w: %s (a session's technical check goes the same ways while it runs)", store.ErrInUse, c.Data))
	}
	ctx, cancel := context.WithTimeout(ctx, reachFor)
	defer cancel()
	r := &reach{token: rand.Text(), out: std.out, done: cancel, viewers: map[string]*sfu.Viewer{}}
	a := &app{log: slog.New(slog.DiscardHandler)}
	defer func() { err = errors.Join(err, a.close()) }()
	if err := c.openReach(ctx, a, r); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(std.out, "ask somebody outside to open %s/reach#%s\n", a.publicURL, r.token); err != nil {
		return err
	}
	srv := httpguard.Server(r, a.log)
	stopped := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stopped()
	if err := srv.Serve(a.public); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.all {
		return errUnreached
	}
	return nil
}

// openReach opens what a server would.
func (c *serveCmd) openReach(ctx context.Context, a *app, r *reach) (err error) {
	reg := prometheus.NewRegistry()
	if err := a.trust(c.Proxies); err != nil {
		return err
	}
	a.admit(a.log, reg)
	if a.certs, err = c.open(c.Data, a.log, reg); err != nil {
		return err
	}
	if a.public, a.url, err = listen(ctx, c.HTTP, a.gate, a.certs); err != nil {
		return err
	}
	if a.publicURL = c.PublicURL; a.publicURL == "" {
		a.publicURL = a.url
	}
	tcp, err := listenMediaTCP(ctx, c.serverFlags, a.log)
	if err != nil {
		return err
	}
	certificate, err := newCertificate()
	if err != nil {
		return err
	}
	a.media, err = newMediaPlane(sfu.Config{
		UDP: netip.AddrPortFrom(netip.IPv6Unspecified(), c.UDP), TCP: tcp, PublicIPs: c.PublicIP, PublicIPsOnly: c.PublicIPOnly,
		Loopback: listensOnLoopback(a.public), CertificatePEM: string(certificate),
	}, a.log, reg)
	if err != nil {
		return portError(err, fmt.Sprintf("UDP port %d", c.UDP), "--udp")
	}
	panicked := func(any, ...any) {}
	if a.turn, err = openTURN(ctx, c.TURN, a.certs, a.publicURL, a.media.node, panicked, a.log, reg); err != nil {
		return err
	}
	r.node, r.turn, r.ways = a.media.node, a.turn, []string{"udp"}
	if tcp != nil {
		r.ways = append(r.ways, "tcp")
	}
	if a.turn != nil {
		r.ways = append(r.ways, "turn")
	}
	return nil
}

// ServeHTTP serves the page and the three questions that it asks.
func (r *reach) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodPost {
		w.Header().Set("Cache-Control", "no-store")
		web.Handler().ServeHTTP(w, req)
		return
	}
	token, _ := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	if subtle.ConstantTimeCompare([]byte(token), []byte(r.token)) != 1 {
		http.Error(w, "another link", http.StatusForbidden)
		return
	}
	var body struct {
		Way, ID, SDP string
		Reached      []string // ways over which the browser was connected
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, req.Body, maxReachBody)).Decode(&body); err != nil {
		http.Error(w, "JSON is wanted", http.StatusBadRequest)
		return
	}
	var answer any
	err := errors.New("no such question")
	switch req.URL.Path {
	case "/api/v1/reach/ways":
		answer, err = map[string][]string{"ways": r.ways}, nil
	case "/api/v1/reach/begin":
		answer, err = r.begin(body.Way)
	case "/api/v1/reach/answer":
		answer, err = map[string]bool{}, r.answer(body.ID, body.SDP)
	case "/api/v1/reach/end":
		answer, err = map[string]bool{}, nil
		r.end(req.RemoteAddr, body.Reached)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // who went away reads nothing
}

// begin opens a connection that can go one way only.
func (r *reach) begin(way string) (any, error) {
	if !slices.Contains(r.ways, way) {
		return nil, fmt.Errorf("no way %q", way)
	}
	id := rand.Text()
	v, err := r.node.Stage("reach").OpenViewer(sfu.ViewerParams{ID: id, Owner: id, Slots: sfu.StageSlots})
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	full := len(r.viewers) >= reachTries
	if !full {
		r.viewers[id] = v
	}
	r.mu.Unlock()
	if full {
		v.Close()
		return nil, errors.New("too many tries; start the command again")
	}
	offer := map[string]any{"id": id, "sdp": onlyWay(v.Offer(), way)}
	if way == "turn" {
		offer["iceServers"] = relays(r.turn).ICEServers(id)
	}
	return offer, nil
}

// onlyWay leaves of an offer's candidates those of a transport; TURN relays to all.
func onlyWay(sdp, way string) string {
	if way == "turn" {
		return sdp
	}
	var kept strings.Builder
	for line := range strings.Lines(sdp) {
		fields := strings.Fields(line) // a=candidate:1 1 udp 2130706431 …
		if strings.HasPrefix(line, "a=candidate:") && len(fields) > 2 && !strings.EqualFold(fields[2], way) {
			continue
		}
		kept.WriteString(line)
	}
	return kept.String()
}

func (r *reach) answer(id, sdp string) error {
	r.mu.Lock()
	v := r.viewers[id]
	r.mu.Unlock()
	if v == nil {
		return errors.New("no such connection")
	}
	return v.Answer(sdp)
}

// end prints what a browser has reached, and ends the command when that is everything.
func (r *reach) end(from string, reached []string) {
	if host, _, err := net.SplitHostPort(from); err == nil {
		from = host
	}
	all := true
	for _, way := range r.ways {
		verdict := "reached"
		if !slices.Contains(reached, way) {
			verdict, all = "NOT reached", false
		}
		fmt.Fprintf(r.out, "%-4s %s, tried from %s\n", strings.ToUpper(way), verdict, from)
	}
	if all {
		r.mu.Lock()
		r.all = true
		r.mu.Unlock()
		time.AfterFunc(afterAll, r.done) // once the page has its answer
	}
}
