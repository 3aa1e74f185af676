package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/diemcau/diemcau/internal/admission"
	"github.com/diemcau/diemcau/internal/httpguard"
)

// trust sets the proxies whose word about their clients counts.
func (a *app) trust(list []string) error {
	proxies, err := httpguard.ParseProxies(list)
	if err != nil {
		return &usageError{"--trusted-proxy: " + err.Error()}
	}
	a.proxies.Store(proxies)
	if a.house != nil {
		a.house.guard.SetProxies(proxies)
	}
	return nil
}

// admit makes the gate before all listeners, by what the limit of open files allows.
func (a *app) admit(log *slog.Logger, reg prometheus.Registerer) admission.Limits {
	descriptors := admission.Descriptors()
	limits := admission.LimitsFor(descriptors)
	limits.Spared = func(from netip.Addr) bool { return a.proxies.Load().Trusts(from) }
	if descriptors < admission.Few {
		log.Warn("the limit of open files is low: no more sites than this can connect (raise it with ulimit -n, or LimitNOFILE= in the unit)",
			"limit", descriptors, "connections", limits.Total-limits.Reserved)
	}
	a.gate = admission.New(limits, log.With("part", "admission"))
	reg.MustRegister(a.gate)
	return limits
}

// listen opens the public address and returns the URL that reaches it from this machine.
func listen(ctx context.Context, addr string, gate *admission.Gate, certs *certificates) (net.Listener, string, error) {
	var lc net.ListenConfig
	raw, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, "", portError(err, "address "+addr, "--http")
	}
	l, scheme := gate.Listen(raw), "http"
	if certs != nil {
		scheme = "https"
		l = tls.NewListener(l, certs.config())
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

// listenPlain opens the address that sends browsers on to https.
func listenPlain(ctx context.Context, addr string, gate *admission.Gate) (net.Listener, error) {
	var lc net.ListenConfig
	raw, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, portError(err, "address "+addr, "--redirect-http")
	}
	return gate.Listen(raw), nil
}

// handlers says what each listener serves.
func (a *app) handlers() map[net.Listener]http.Handler {
	all := map[net.Listener]http.Handler{
		a.public: a.elsewhere(a.house.api.Handler()), a.admin: withProfiles(a.withNode(a.onlyOwning(a.house.api.AdminHandler()))),
	}
	if a.plain != nil {
		onward := redirect(a.publicURL)
		if a.certs.acme != nil {
			onward = a.certs.acme.HTTPHandler(onward)
		}
		all[a.plain] = a.house.guard.Wrap(onward)
	}
	return all
}

// redirect sends requests for http to the public URL. Whatever Host a request names, it goes nowhere else.
func redirect(publicURL string) http.Handler {
	base, err := url.Parse(publicURL)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err != nil || base.Scheme != "https" {
			http.Error(w, "this address is served by https", http.StatusUpgradeRequired)
			return
		}
		to := url.URL{Scheme: base.Scheme, Host: base.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
		http.Redirect(w, r, to.String(), http.StatusPermanentRedirect)
	})
}
