// Package httpguard stands between a listener and the handlers of an HTTP server: it knows who asks through proxies,
// bounds what a request may send and how long it may take, and turns a panic into a plain answer.
package httpguard

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/diemcau/diemcau/internal/admission"
	"github.com/diemcau/diemcau/internal/contain"
)

// Bounds of a request.
const (
	headerWithin = 10 * time.Second // for the header, and for a TLS handshake
	maxHeader    = 16 << 10
	idleWithin   = 2 * time.Minute // between two requests
	// UnauthenticatedBody is how many bytes may be sent by who has not been let in.
	UnauthenticatedBody = 64 << 10
	bodyWithin          = 10 * time.Second // for the first bytes, and
	bodyRate            = 4 << 10          // a second for the rest
	writeWithin         = 30 * time.Second // for each piece of an answer
	writePiece          = 32 << 10
)

// Guard is what stands before the handlers.
type Guard struct {
	log      *slog.Logger
	proxies  atomic.Pointer[Proxies]
	healthy  func(path string) bool
	panics   prometheus.Counter
	refused  *prometheus.CounterVec
	internal func(http.ResponseWriter) // answers for a handler that panicked

	bodyWithin, writeWithin time.Duration // the constants, but in tests
}

// Config is what a Guard is made of.
type Config struct {
	Log      *slog.Logger
	Registry prometheus.Registerer
	Proxies  *Proxies // may be nil
	// Healthy says which paths are answered on the last connections that there is room for.
	Healthy func(path string) bool
	// Internal answers a request whose handler panicked before it had answered.
	Internal func(http.ResponseWriter)
}

// New makes a guard.
func New(cfg Config) *Guard {
	g := &Guard{
		log: cfg.Log, healthy: cfg.Healthy, internal: cfg.Internal, bodyWithin: bodyWithin, writeWithin: writeWithin,
		panics: prometheus.NewCounter(prometheus.CounterOpts{Name: "diemcau_panics_total",
			Help: "Faults of the program: each ended the request, connection, message or turn that met it."}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "diemcau_requests_cut_total", Help: "Requests that were cut by a bound, by which.",
		}, []string{"reason"}),
	}
	g.SetProxies(cfg.Proxies)
	cfg.Registry.MustRegister(g.panics, g.refused)
	return g
}

// SetProxies changes whose word about clients counts.
func (g *Guard) SetProxies(p *Proxies) { g.proxies.Store(p) }

// Trusts reports whether an address is a proxy's.
func (g *Guard) Trusts(a netip.Addr) bool { return g.proxies.Load().Trusts(a) }

// Server makes an HTTP server whose connections are bounded in header and silence. Its handler is to be wrapped.
func Server(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerWithin, MaxHeaderBytes: maxHeader, IdleTimeout: idleWithin,
		ConnContext: admission.WithTicket, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// Wrap guards a handler.
func (g *Guard) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		ticket := admission.FromContext(ctx)
		ticket.Touch()
		if ticket.Crowded() && !g.healthy(r.URL.Path) {
			g.refused.WithLabelValues("crowded").Inc()
			w.Header().Set("Connection", "close")
			w.Header().Set("Retry-After", "10")
			http.Error(w, "the server has no room for more connections", http.StatusServiceUnavailable)
			return
		}
		r = r.WithContext(withClient(ctx, g.proxies.Load().Client(r)))
		control := http.NewResponseController(w)
		if r.Body != nil && r.Body != http.NoBody {
			b := &body{ReadCloser: r.Body, control: control, guard: g, left: UnauthenticatedBody, begun: time.Now()}
			_ = control.SetReadDeadline(b.begun.Add(g.bodyWithin))
			r.Body = b
		}
		out := &response{ResponseWriter: w, control: control, within: g.writeWithin}
		defer g.recovered(out, r)
		next.ServeHTTP(out, r)
		out.extend() // what is buffered is sent after this
	})
}

// Admit lets the rest of a request be larger than an unauthenticated one: up to so many bytes in all.
func Admit(r *http.Request, most int64) {
	if b, ok := r.Body.(*body); ok {
		b.left = most - b.got
	}
}

// recovered answers for a handler that panicked.
func (g *Guard) recovered(out *response, r *http.Request) {
	p := recover()
	switch p {
	case nil:
		return
	case http.ErrAbortHandler:
		panic(p)
	}
	g.Panicked(p, "method", r.Method, "path", r.URL.Path)
	if out.begun || out.hijacked {
		panic(http.ErrAbortHandler) // nobody may take it for whole
	}
	clear(out.Header())
	g.internal(out)
}

// Panicked logs and counts what recover returned; it is called before the stack is left.
func (g *Guard) Panicked(p any, where ...any) {
	g.panics.Inc()
	contain.Log(g.log)(p, where...)
}

// body is a request's, bounded in size and time.
type body struct {
	io.ReadCloser
	control *http.ResponseController
	guard   *Guard
	begun   time.Time
	got     int64
	left    int64
	err     error
}

// Read implements io.Reader. The time for the next bytes grows with those that came.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left+1)])
	b.got += int64(n)
	b.left -= int64(n)
	switch {
	case b.left < 0:
		b.err = &http.MaxBytesError{Limit: b.got + b.left}
		b.guard.refused.WithLabelValues("body").Inc()
		return n + int(b.left), b.err
	case errors.Is(err, io.EOF):
		_ = b.control.SetReadDeadline(time.Time{}) // else the wait for the next request were taken for its end
	case err != nil:
		b.err = err
		b.guard.refused.WithLabelValues("slow").Inc()
	default:
		_ = b.control.SetReadDeadline(b.begun.Add(b.guard.bodyWithin + time.Duration(b.got)*time.Second/bodyRate))
	}
	return n, err
}

// response sends in pieces, each of which has its time.
type response struct {
	http.ResponseWriter
	control  *http.ResponseController
	within   time.Duration // for each piece
	cut      atomic.Bool
	begun    bool
	hijacked bool
}

func (w *response) extend() {
	if !w.hijacked {
		_ = w.control.SetWriteDeadline(time.Now().Add(w.within))
		w.hold()
	}
}

// hold lets nothing more be sent once the answer is cut. Whichever of cut and deadline is set later, the deadline is past.
func (w *response) hold() {
	if w.cut.Load() {
		_ = w.control.SetWriteDeadline(time.Unix(1, 0))
	}
}

var errCut = errors.New("the answer was cut")

// Cut ends the answer to a request that runs, from another goroutine: what was not sent yet is not, and the connection ends
// with it, so nobody takes the answer for whole. It does nothing to an answer that no Guard stands before.
func Cut(w http.ResponseWriter) {
	for {
		switch v := w.(type) {
		case *response:
			v.cut.Store(true)
			v.hold()
			return
		case interface{ Unwrap() http.ResponseWriter }:
			w = v.Unwrap()
		default:
			return
		}
	}
}

// WriteHeader implements http.ResponseWriter.
func (w *response) WriteHeader(status int) {
	if status >= http.StatusOK {
		w.begun = true
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (w *response) Write(p []byte) (n int, err error) {
	w.begun = true
	for {
		if w.cut.Load() {
			return n, errCut
		}
		w.extend()
		piece := p[:min(len(p), writePiece)]
		m, err := w.ResponseWriter.Write(piece)
		n, p = n+m, p[len(piece):]
		if err != nil || len(p) == 0 {
			return n, err
		}
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }
