package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/diemcau/diemcau/cluster"
	"github.com/diemcau/diemcau/keyring"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/store"
)

// defaultNode is the name of a server that was given none.
const defaultNode = "central"

// clusterFlags make a server one of several central nodes.
type clusterFlags struct {
	Node    string `help:"Name of this server in ledgers, and among the nodes that share a record." default:"central" placeholder:"NAME"`
	Cluster bool   `help:"Share the record of --database with other nodes: one runs the sessions, the others stand by and take over when it is gone."`
	NodeURL string `help:"URL of this node's own pages; with it pages go to another node by themselves." placeholder:"URL" name:"node-url"`
}

// check refuses flags that do not fit together.
func (f clusterFlags) check(database string) error {
	const longest = 40
	switch {
	case f.Node == "" || len(f.Node) > longest || strings.ContainsFunc(f.Node, notInName):
		return &usageError{fmt.Sprintf("--node wants at most %d letters, digits, dots and hyphens", longest)}
	case f.Cluster && database == "":
		return &usageError{store.ErrNotShared.Error()}
	case f.NodeURL != "" && !f.Cluster:
		return &usageError{"--node-url needs --cluster"}
	}
	return checkPublicURL(f.NodeURL)
}

func notInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.'
}

// join announces this server to the other nodes, if there are to be any.
func (a *app) join(ctx context.Context, f clusterFlags, ring *keyring.Ring, reg *prometheus.Registry) error {
	if a.shared == nil {
		return nil
	}
	keys := func() (string, error) { return digestOf(ring) }
	others, err := a.shared.Nodes(ctx)
	if err != nil {
		return err
	}
	if len(others) == 0 { // of the first node the others get their keys
		if err := makeKeys(ring); err != nil {
			return err
		}
	}
	a.member, err = cluster.Join(ctx, cluster.Config{
		Record: a.shared, Log: a.log.With("part", "cluster"), Registry: reg, Keys: keys, Own: a.own,
		Self: store.NodeRow{Name: f.Node, Incarnation: a.incarnation, URL: strings.TrimRight(f.NodeURL, "/")},
	})
	return err
}

func or(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}

// sharedKeys are the files that are the same on every node.
func sharedKeys() []string { return []string{keyring.Tokens, keyring.Ledger, keyring.Codes} }

// digestOf tells whether nodes have the same keys, and nothing about the keys. Of keys that are not there it is empty.
func digestOf(ring *keyring.Ring) (string, error) {
	sum := sha256.New()
	for _, name := range sharedKeys() {
		secret, err := ring.Load(name)
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		one := sha256.Sum256(secret)
		sum.Write(one[:])
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// makeKeys makes those that are missing.
func makeKeys(ring *keyring.Ring) error {
	_, tokens := ring.Keys(keyring.Tokens)
	_, ledgers := ring.Keys(keyring.Ledger)
	_, codes := ring.Random(keyring.Codes, link.CodeKeySize)
	return errors.Join(tokens, ledgers, codes)
}

// standBy follows the ledgers until this node owns the record, or the end.
func (a *app) standBy(ctx context.Context) {
	ctx, a.endTail = context.WithCancel(context.WithoutCancel(ctx))
	a.tail.Go(func() { signaling.StandBy(ctx, a.house.live) })
	a.member.Start(ctx)
}

// own begins the work of the node that owns the record.
func (a *app) own(epoch int64) error {
	a.endTail()
	a.tail.Wait()
	a.house.live.Own(epoch)
	err := a.begin(context.Background())
	a.leading.Store(err == nil)
	return err
}

// nodes are the other central nodes; nil for a server that has its record for itself.
func (a *app) nodes() signaling.Nodes {
	if a.member == nil {
		return nil
	}
	return a.member
}

// failed gives the error for which a node has to end at once; nothing for a server that has its record for itself.
func (a *app) failed() <-chan error {
	if a.member == nil {
		return nil
	}
	return a.member.Failed()
}

// elsewhere sends who asks a node that stands by to the one that owns the record. Pages whose owner is not heard are let wait
// here for what comes.
func (a *app) elsewhere(next http.Handler) http.Handler {
	if a.member == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.leading.Load() || servedByAll(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		owner := a.member.Owner()
		asked := strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/oidc/")
		switch {
		// A token does not follow a redirect to another host: programs are told where to ask instead.
		case owner != "" && !r.URL.Query().Has(signaling.MovedParameter) && r.Header.Get("Authorization") == "":
			http.Redirect(w, r, owner+r.URL.RequestURI(), http.StatusTemporaryRedirect)
		case asked:
			standingBy(w, owner)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// servedByAll says which paths a node answers that stands by.
func servedByAll(path string) bool {
	return path == "/healthz" || path == "/readyz" || path == "/metrics" || path == "/ws" || strings.HasPrefix(path, "/static/")
}

// onlyOwning refuses commands on the machine of a node that stands by.
func (a *app) onlyOwning(next http.Handler) http.Handler {
	if a.member == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.leading.Load() || !strings.HasPrefix(r.URL.Path, "/api/") {
			next.ServeHTTP(w, r)
			return
		}
		standingBy(w, a.member.Owner())
	})
}

func standingBy(w http.ResponseWriter, owner string) {
	detail := "this node stands by, and no owner of the record is heard"
	if owner != "" {
		detail = "this node stands by; the record is owned by " + owner
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
	fmt.Fprintf(w, "{\"code\":\"restarting\",\"detail\":%q}\n", detail)
}
