package api

import (
	"net/http"

	"github.com/diemcau/diemcau/access"
)

// FailLogins counts wrong passwords of a name, given by this machine.
func (s *API) FailLogins(name string, n int) {
	for range n {
		s.office.guesses.byName.Begin(name+pairMark+"127.0.0.1/32", s.now())
	}
}

// Routes returns the patterns of the API.
func (s *API) Routes() []string {
	a := &router{api: s}
	a.register()
	return a.routes
}

// Probe is the API whose handlers answer 204 instead of doing anything: what is left is who may.
func (s *API) Probe(identify func(*http.Request) (access.Identity, error)) http.Handler {
	a := &router{api: s, log: s.log, identify: identify, carry: func(endpointFunc) endpointFunc {
		return func(w http.ResponseWriter, _ *http.Request, _ access.Identity) error {
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
	}}
	return a.register()
}
