package main

import (
	"net/http"
	"net/http/pprof"
)

// withProfiles adds the runtime's profiles under /debug/pprof/ to the API of the admin socket, for whoever may read
// the data folder: `curl --unix-socket DIR/admin.sock http://./debug/pprof/profile?seconds=10`.
func withProfiles(api http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
