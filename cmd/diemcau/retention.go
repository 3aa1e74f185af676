package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"time"

	httpapi "github.com/diemcau/diemcau/api"
	"github.com/diemcau/diemcau/internal/contain"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/store"
	"github.com/diemcau/diemcau/webhook"
)

// recordFlags say where a server keeps its record, for how long, and who else hears of it.
type recordFlags struct {
	Database      string        `help:"postgres:// URL of the record (default: SQLite in the data folder)." placeholder:"URL"`
	NamesKept     int           `help:"Days after the last entry of a session that is over until names of people, telephone numbers and messages are erased from it; 0 keeps them." name:"names-kept-days" placeholder:"DAYS"`
	EvidenceEvery time.Duration `help:"How often a still picture of each site is kept as evidence while a session is live; 0 keeps none. Needs --snapshot-every." name:"evidence-every"`
	EvidenceKept  int           `help:"Days until a picture kept as evidence is erased." default:"30" name:"evidence-kept-days" placeholder:"DAYS"`
	Webhook       []string      `help:"URLs that are told who joined and left, and that a session was sealed." placeholder:"URL"`
	anchorFlags
	backupFlags
	WebhookSecret string   `help:"Secret that signs what they are told: whsec_ and base64." placeholder:"SECRET" secret:""`
	WebhookAllow  []string `help:"Private networks in which those URLs may be, such as 10.1.2.0/24; public addresses always may." placeholder:"CIDR"`
}

// check refuses flags that do not fit together.
func (f recordFlags) check() error {
	if f.NamesKept < 0 {
		return &usageError{"--names-kept-days wants 0 or more"}
	}
	if f.EvidenceEvery != 0 && f.EvidenceEvery < time.Minute || f.EvidenceKept < 1 {
		return &usageError{"--evidence-every wants a minute or more, --evidence-kept-days a day or more"}
	}
	if len(f.WebhookAllow) > 0 && len(f.Webhook) == 0 {
		return &usageError{"--webhook-allow needs --webhook"}
	}
	if (len(f.Webhook) > 0) != (f.WebhookSecret != "") {
		return &usageError{"--webhook and --webhook-secret go together"}
	}
	_, err := f.webhookTargets()
	return errors.Join(err, f.anchorFlags.check(), f.backupFlags.check(f.Database), checkDatabase(f.Database))
}

// webhookTargets are the programs that are told, and where they may be.
func (f recordFlags) webhookTargets() (cfg webhook.Config, err error) {
	for _, net := range f.WebhookAllow {
		p, err := netip.ParsePrefix(net)
		if err != nil {
			return cfg, &usageError{"--webhook-allow wants networks such as 10.1.2.0/24"}
		}
		cfg.Allow = append(cfg.Allow, p.Masked())
	}
	for _, hook := range f.Webhook {
		u, err := url.Parse(hook)
		if err != nil || !isHTTP(hook) {
			return cfg, &usageError{"--webhook wants a URL such as https://log.example.vn/attendance"}
		}
		if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
			if err := webhook.Reachable(ip, cfg.Allow); err != nil {
				return cfg, &usageError{"--webhook " + hook + ": " + err.Error()}
			}
		}
		cfg.Targets = append(cfg.Targets, webhook.Target{URL: hook, Secret: f.WebhookSecret})
	}
	return cfg, nil
}

// newWebhooks makes what tells other programs.
func newWebhooks(f recordFlags, s *store.Store, panicked contain.Report, log *slog.Logger, reg prometheus.Registerer) (*webhook.Sender, error) {
	cfg, err := f.webhookTargets()
	if err != nil {
		return nil, err
	}
	cfg.Record, cfg.Log, cfg.Registry, cfg.Panicked = s, log, reg, panicked
	cfg.Sources = []webhook.Source{webhook.Presence(s), webhook.Anchors(s, f.AnchorEvery, time.Now)}
	return webhook.New(cfg)
}

func (f recordFlags) pictures() httpapi.Pictures {
	return httpapi.Pictures{Every: f.EvidenceEvery, Kept: time.Duration(f.EvidenceKept) * 24 * time.Hour}
}

func (f recordFlags) namesKept() time.Duration { return time.Duration(f.NamesKept) * 24 * time.Hour }

// openStore opens the record: that of the database's URL, or the one in the data folder. open is store.Open for a server,
// store.OpenBeside for a command.
func openStore(ctx context.Context, open openRecord, dir, database string, log *slog.Logger) (*store.Store, error) {
	if err := checkDatabase(database); err != nil {
		return nil, err
	}
	if database == "" {
		return open(ctx, filepath.Join(dir, "diemcau.db"), log)
	}
	// The folder still holds the admin socket; without SQLite's lock a living one tells that it is in use.
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	live, err := dialAdmin(ctx, dir)
	if err != nil {
		return nil, err
	}
	if live != nil {
		return nil, fmt.Errorf("%w: %s", errInUse(live), dir)
	}
	return open(ctx, database, log)
}

type openRecord func(ctx context.Context, dsn string, log *slog.Logger) (*store.Store, error)

// errInUse closes the connection to the server that uses a folder.
func errInUse(live *api) error {
	if err := live.close(); err != nil {
		return err
	}
	return store.ErrInUse
}

type adminEraseCmd struct {
	Session string `help:"Id of a session that is over." placeholder:"ID"`
	Before  string `help:"All sessions that are over and recorded nothing since then." placeholder:"RFC3339"`
	target
}

// Run erases names and prints how many entries were concerned.
func (c *adminEraseCmd) Run(ctx context.Context, std streams) error {
	var path string
	switch {
	case (c.Session == "") == (c.Before == ""):
		return &usageError{"either --session or --before is wanted"}
	case c.Session != "":
		path = "/api/v1/sessions/" + url.PathEscape(c.Session) + "/names"
	default:
		if _, err := time.Parse(time.RFC3339, c.Before); err != nil {
			return &usageError{"--before wants a time such as 2026-12-01T00:00:00+07:00"}
		}
		path = "/api/v1/names?" + url.Values{"before": {c.Before}}.Encode()
	}
	return c.withAPI(ctx, func(a *api) error {
		var answer struct {
			Entries int64 `json:"entries"`
		}
		if err := a.sendJSON(ctx, http.MethodDelete, path, nil, &answer); err != nil {
			return err
		}
		_, err := fmt.Fprintf(std.out, "names erased from %d entries\n", answer.Entries)
		return err
	})
}

type adminRotateCmd struct{ target }

// Run makes the new key and prints its public half, and its fingerprint to publish.
func (c *adminRotateCmd) Run(ctx context.Context, std streams) error {
	return c.withAPI(ctx, func(a *api) error {
		body, err := a.do(ctx, http.MethodPost, "/api/v1/ledger-key/rotate", "", nil)
		if err != nil {
			return err
		}
		defer body.Close()
		text, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		key, err := ledger.DecodePublicKey(text)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(std.out, "%sfingerprint %s\n", text, ledger.Fingerprint(key))
		return err
	})
}
