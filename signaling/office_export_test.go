package signaling

import (
	"net/http"

	"github.com/alexedwards/argon2id"
	"github.com/diemcau/diemcau/account"
)

// CheapPasswords makes hashing fast: its cost is account's to test.
func (s *Server) CheapPasswords() {
	s.office.hasher = account.NewHasherOf(hashesAtOnce, &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
}

// FailLogins counts wrong passwords of a name, given by this machine.
func (s *Server) FailLogins(name string, n int) {
	for range n {
		s.office.guesses.byName.Begin(name+pairMark+"127.0.0.1/32", s.clock.Now())
	}
}

// APIRoutes returns the requests of the API by pattern, each with who may make it; nil = without a token.
func (s *Server) APIRoutes() map[string]func(Identity, *http.Request) bool {
	_, routes := newRoutes(s, nil)
	list := map[string]func(Identity, *http.Request) bool{}
	for pattern, allowed := range routes {
		list[pattern] = allowed
	}
	return list
}
