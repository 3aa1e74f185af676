package main

import (
	"context"

	"github.com/diemcau/diemcau/access"
	httpapi "github.com/diemcau/diemcau/api"
	"github.com/diemcau/diemcau/internal/httpguard"
	"github.com/diemcau/diemcau/keyring"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/store"
	"github.com/prometheus/client_golang/prometheus"
)

// house is the meeting plane: the live sessions, and the API above them.
type house struct {
	guard *httpguard.Guard
	live  *signaling.Server
	api   *httpapi.API
}

// newHouse joins sessions and API over one record, as one life of a server. live and web hold what each alone needs; the
// rest is given to both here.
func newHouse(
	live signaling.Config, web httpapi.Config, st *store.Store, ring *keyring.Ring, incarnation string, reg *prometheus.Registry, guard *httpguard.Guard,
) (*house, error) {
	set, err := ring.Keys(keyring.Tokens)
	if err != nil {
		return nil, err
	}
	keys, err := link.NewKeys(set.Signing, set.Former...)
	if err != nil {
		return nil, err
	}
	downloads := access.NewDownloads()
	h := &house{guard: guard}
	node, tokens, seats, snapshots := ledger.NewNode(incarnation, 0), link.NewTokens(keys), access.NewLimits(1), httpapi.NewSnapshots()

	live.Record, live.Registry, live.Node, live.Tokens, live.Seats = st, reg, node, tokens, seats
	live.Downloads, web.Downloads = downloads, downloads
	live.PublicURL, live.SnapshotEvery = web.PublicURL, web.SnapshotEvery
	live.Over, live.Panicked = snapshots.Drop, h.guard.Panicked
	if h.live, err = signaling.New(live); err != nil {
		return nil, err
	}

	if web.CodeKey, err = ring.Random(keyring.Codes, link.CodeKeySize); err != nil {
		return nil, err
	}
	web.Record, web.Registry, web.Node, web.Tokens, web.Seats, web.Snapshots, web.Keys = st, reg, node, tokens, seats, snapshots, ring
	web.Log, web.Guard = live.Log, h.guard
	web.Live, web.Links, web.Lines = h.live.Live(), h.live.Links(), h.live.Lines()
	web.Now, web.Dropped, web.Socket, web.Ready = h.live.Now, h.live.Dropped, h.live.ServeWS, h.live.Ready
	if h.api, err = httpapi.New(web); err != nil {
		return nil, err
	}
	return h, nil
}

// start takes over the sessions and begins what is done daily.
func (h *house) start(ctx context.Context) error {
	if err := h.live.Start(ctx); err != nil {
		return err
	}
	h.api.Start(ctx)
	return nil
}

func (h *house) close() {
	h.api.Close()
	h.live.Close()
}
