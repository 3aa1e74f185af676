package servertest

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/alexedwards/argon2id"
	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/account"
	"github.com/diemcau/diemcau/api"
	"github.com/diemcau/diemcau/internal/httpguard"
	"github.com/diemcau/diemcau/keyring"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/signaling"
	"github.com/prometheus/client_golang/prometheus"
)

// Configs are what the sessions and the API of a bed are made of.
func (b *Bed) Configs(publicURL string) (signaling.Config, api.Config) {
	return signaling.Config{
			Record: b.Record, Media: b.Media, Relays: &b.Relays, Log: slog.New(slog.NewTextHandler(lockedWriter{b.LogMu, b.LogText}, nil)),
			Seats: access.NewLimits(max(1, b.seatTimes)), Time: b.Time, Unauthenticated: b.Unauthenticated,
		}, api.Config{
			Record: b.Record, CodeKey: b.CodeKey[:], PublicURL: publicURL, SnapshotEvery: b.SnapshotEvery, NamesKept: b.NamesKept, Pictures: b.Pictures,
			Pages: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("page")) }),
		}
}

// Wire joins sessions and API as cmd does.
func Wire(tb testing.TB, keys *keyring.Ring, live signaling.Config, web api.Config) (*signaling.Server, *api.API, *httpguard.Guard, *link.Tokens) {
	tb.Helper()
	set, err := keys.Keys(keyring.Tokens)
	if err != nil {
		tb.Fatal(err)
	}
	signing, err := link.NewKeys(set.Signing, set.Former...)
	if err != nil {
		tb.Fatal(err)
	}
	reg := prometheus.NewRegistry()
	guard, snapshots, downloads := api.NewGuard(live.Log, reg, nil), api.NewSnapshots(), access.NewDownloads()
	live.Downloads, web.Downloads = downloads, downloads
	live.Registry, live.Node, live.Tokens = reg, ledger.NewNode(signaling.Incarnation("test"), 0), link.NewTokens(signing)
	live.PublicURL, live.SnapshotEvery, live.Over, live.Panicked = web.PublicURL, web.SnapshotEvery, snapshots.Drop, guard.Panicked
	srv, err := signaling.New(live)
	if err != nil {
		tb.Fatal(err)
	}
	web.Live, web.Links, web.Lines, web.Socket, web.Ready = srv.Live(), srv.Links(), srv.Lines(), srv.ServeWS, srv.Ready
	web.Now, web.Dropped, web.Log, web.Registry, web.Guard = srv.Now, srv.Dropped, live.Log, reg, guard
	web.Node, web.Tokens, web.Seats, web.Keys, web.Snapshots = live.Node, live.Tokens, live.Seats, keys, snapshots
	// What a hash costs is account's to test.
	web.Hasher = account.NewHasherOf(2, &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	made, err := api.New(web)
	if err != nil {
		tb.Fatal(err)
	}
	return srv, made, guard, live.Tokens
}
