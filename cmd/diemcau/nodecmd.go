package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// nodeCmd is about central nodes that share a record: docs/cluster.md.
type nodeCmd struct {
	List  nodeListCmd  `cmd:"" help:"List the central nodes that share the record."`
	Drain nodeDrainCmd `cmd:"" help:"Hand the sessions of this machine's server over to a node that stands by, and end it, for an update."`
}

type nodeListCmd struct {
	Data string `help:"Data folder of the server." default:"./data" placeholder:"DIR" type:"path"`
}

// Run prints a line for each node.
func (c *nodeListCmd) Run(ctx context.Context, std streams) error {
	var list []nodeState
	if err := withServer(ctx, c.Data, func(a *api) error { return a.getJSON(ctx, "/node", &list) }); err != nil {
		return err
	}
	for _, n := range list {
		if _, err := fmt.Fprintf(std.out, "%s\t%s\t%s\n", n.Name, n.State, or(n.URL, "-")); err != nil {
			return err
		}
	}
	return nil
}

type nodeDrainCmd struct {
	Data string `help:"Data folder of the server." default:"./data" placeholder:"DIR" type:"path"`
}

// Run returns when the server has ended.
func (c *nodeDrainCmd) Run(ctx context.Context, std streams) error {
	err := withServer(ctx, c.Data, func(a *api) error { return a.sendQuiet(ctx, http.MethodPost, "/node/drain", struct{}{}) })
	for err == nil {
		select {
		case <-time.After(50 * time.Millisecond):
			err = withServer(ctx, c.Data, func(*api) error { return nil })
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if !errors.Is(err, errNoServer) {
		return err
	}
	_, err = fmt.Fprintln(std.out, "drained")
	return err
}

// withServer asks the server of a data folder; errNoServer if there is none.
func withServer(ctx context.Context, dir string, ask func(*api) error) error {
	live, err := dialAdmin(ctx, dir)
	if err != nil {
		return err
	}
	if live == nil {
		return fmt.Errorf("%w: %s", errNoServer, dir)
	}
	return errors.Join(ask(live), live.close())
}

// nodeState is a node as it is listed.
type nodeState struct {
	Name  string `json:"name"`
	URL   string `json:"url,omitempty"`
	State string `json:"state"` // owner, stands by, silent
}

// states lists this node and the others.
func (a *app) states() []nodeState {
	now := time.Now()
	own := nodeState{Name: a.member.Name(), State: "stands by"}
	if a.member.Owning() {
		own.State = "owner"
	}
	list := []nodeState{own}
	for _, p := range a.member.Peers() {
		s := nodeState{Name: p.Name, URL: p.URL, State: "silent"}
		switch {
		case a.member.IsOwner(p):
			s.State = "owner"
		case p.Here(now):
			s.State = "stands by"
		}
		list = append(list, s)
	}
	return list
}

// withNode adds what is asked of a central node to the API of the admin socket.
func (a *app) withNode(api http.Handler) http.Handler {
	if a.member == nil {
		return api
	}
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.HandleFunc("GET /node", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(a.states()) // who does not read it has gone
	})
	mux.HandleFunc("POST /node/drain", func(w http.ResponseWriter, _ *http.Request) {
		goesOn := func(s nodeState) bool { return s.State != "silent" }
		if !slices.ContainsFunc(a.states()[1:], goesOn) {
			http.Error(w, `{"code":"conflict","detail":"no other node is there to go on"}`, http.StatusConflict)
			return
		}
		w.WriteHeader(http.StatusAccepted)
		a.drain()
	})
	return mux
}
