package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/internal/fault"

	"github.com/diemcau/diemcau/internal/httpguard"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/prepare"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Handler serves everything that comes over TCP: pages, /ws, the API for bearers of tokens, health and metrics.
func (s *API) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", s.serveReady)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /ws", s.socket)
	mux.HandleFunc("GET /oidc/login", s.office.serveOIDCLogin)
	mux.HandleFunc("GET /oidc/callback", s.office.serveOIDCCallback)
	mux.Handle("/api/v1/", s.logged(newRouter(s, s.bearer)))
	if s.pages != nil {
		mux.Handle("/", s.pages)
		mux.HandleFunc("GET /j/{code...}", func(w http.ResponseWriter, r *http.Request) {
			// One page for all codes; what stands in the address the page reads itself.
			page := r.Clone(r.Context())
			page.URL.Path = "/j"
			s.pages.ServeHTTP(w, page)
		})
	}
	return s.guard.Wrap(s.secured(plain(mux)))
}

// NewGuard makes what stands before all handlers.
func NewGuard(log *slog.Logger, reg prometheus.Registerer, proxies *httpguard.Proxies) *httpguard.Guard {
	return httpguard.New(httpguard.Config{
		Log: log, Registry: reg, Proxies: proxies, Healthy: isHealthCheck,
		Internal: func(w http.ResponseWriter) {
			writeJSON(w, http.StatusInternalServerError, apiError{Code: string(protocol.CodeInternal)})
		},
	})
}

// isHealthCheck says which requests are answered when there is room for no other.
func isHealthCheck(path string) bool {
	return path == "/healthz" || path == "/readyz" || path == "/metrics"
}

// plain refuses addresses with the character U+0000, which no name of ours has and PostgreSQL takes in no text.
func plain(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.ContainsRune(r.URL.Path, 0) || strings.Contains(r.URL.RawQuery, "%00") || strings.ContainsRune(r.URL.RawQuery, 0) {
			writeJSON(w, http.StatusBadRequest, apiError{Code: string(protocol.CodeBadRequest), Detail: "the character U+0000 has no place in a text"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// localAdmin is the administrator of the machine, who needs no token.
const localAdmin = "local"

func localIdentity() access.Identity {
	return access.Identity{Holder: link.Holder{Endpoint: localAdmin, Role: link.RoleAdmin}}
}

// AdminHandler serves the API to the administrator of the machine. Who can reach it is trusted, so it belongs
// on a Unix socket that only he can open. It works without Start.
func (s *API) AdminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", newRouter(s, func(*http.Request) (access.Identity, error) { return localIdentity(), nil }))
	mux.HandleFunc("GET /readyz", s.serveReady)
	return s.guard.Wrap(s.logged(plain(mux)))
}

// bearer identifies a request by its token, or by the cookie of a person who is logged in.
func (s *API) bearer(r *http.Request) (access.Identity, error) {
	if r.Header.Get("Authorization") == "" {
		if who, err := s.office.identify(r); who.Account != nil || err != nil {
			return who, err
		}
	}
	return s.links.Identify(r.Context(), access.Bearer(r))
}

func (s *API) serveReady(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	if err := s.ready(ctx); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Write([]byte("ready\n"))
}

// secured sets the headers that bound what a page of this server may do (CSP Level 3, Permissions Policy).
func (s *API) secured(next http.Handler) http.Handler {
	connect := "'self'"
	if u, err := url.Parse(s.publicURL); err == nil && u.Host != "" {
		// Older Safari does not count WebSockets of the same host as 'self'.
		connect += " ws://" + u.Host + " wss://" + u.Host
	}
	policy := "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src " + connect +
		"; style-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self), geolocation=()")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if reachedByTLS(s.publicURL) {
			h.Set("Strict-Transport-Security", "max-age=31536000") // RFC 6797
		}
		next.ServeHTTP(w, r)
	})
}

// logged writes one line per request. The query is left out, and tokens are never in the path.
func (s *API) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		rec := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(rec, r)
		level := slog.LevelInfo
		if rec.status < http.StatusBadRequest && (r.Method == http.MethodGet || strings.HasPrefix(r.URL.Path, "/api/v1/me/")) {
			level = slog.LevelDebug // thousands of pages read and post pictures
		}
		s.log.Log(r.Context(), level, "request", "method", r.Method, "path", r.URL.Path, "status", rec.status, "took",
			time.Since(begun).Round(time.Millisecond))
	})
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// apiError is the body of a refused request.
type apiError struct {
	Code   string     `json:"code"`
	Detail string     `json:"detail,omitempty"`
	Rows   []rowError `json:"rows,omitempty"` // of a refused roster

	Problems []prepare.Problem `json:"problems,omitempty"` // of a draft that cannot be convened

	HelpPhone string `json:"help_phone,omitempty"` // for who is withdrawn or removed
}

// rowError is what is wrong with one row of a roster.
type rowError struct {
	Row     int    `json:"row"` // the heading is row 1
	Column  string `json:"column,omitempty"`
	Problem string `json:"problem"`
	Value   string `json:"value,omitempty"`
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that went away is no fault
}

// writeError answers with what the outside may see of an error, and logs what it may not.
func writeError(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	f := fault.Of(err)
	if f.Status == http.StatusInternalServerError && !errors.Is(err, context.Canceled) {
		log.Error("request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	}
	body := apiError{Code: f.Code, Detail: f.Detail}
	var rows *rosterError
	if errors.As(err, &rows) {
		body.Rows = rows.rows
	}
	var draft *draftError
	if errors.As(err, &draft) {
		body.Problems = draft.problems
	}
	var out *shutOutError
	if errors.As(err, &out) {
		body.HelpPhone = out.helpPhone
	}
	writeJSON(w, f.Status, body)
}
