package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/diemcau/diemcau/anchor"
	"github.com/diemcau/diemcau/internal/contain"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/webhook"
	"github.com/prometheus/client_golang/prometheus"
)

// anchorFlags say who is told of the heads of ledgers.
type anchorFlags struct {
	AnchorEvery  time.Duration `help:"How often the head of the ledger of a session that goes on is told to webhooks and the time-stamp authority; that of a sealed one is at once." default:"10m" name:"anchor-every"`
	TimestampURL string        `help:"URL of a time-stamp authority (RFC 3161) that stamps the heads of ledgers." placeholder:"URL" name:"timestamp-url"`
}

func (f anchorFlags) check() error {
	if f.AnchorEvery < time.Second {
		return &usageError{"--anchor-every wants a second or more"}
	}
	if f.TimestampURL != "" && !isHTTP(f.TimestampURL) {
		return &usageError{"--timestamp-url wants a URL such as http://tsa.example.vn/tsr"}
	}
	return nil
}

// openAnchors makes what anchors the heads of a server's ledgers.
func openAnchors(ctx context.Context, f serverFlags, a *app, panicked contain.Report, log *slog.Logger, reg prometheus.Registerer) (*anchor.Keeper, error) {
	cfg := anchor.Config{
		Dir: f.Data, Record: a.store, Every: f.AnchorEvery, Log: log.With("part", "anchor"), Registry: reg, Panicked: panicked,
		Due: func(session string) { a.webhooks.TellKind(webhook.KindAnchor, session) },
	}
	if f.TimestampURL != "" {
		cfg.Authority = anchor.NewAuthority(f.TimestampURL)
	}
	keeper, _, err := anchor.Open(ctx, cfg) // what contradicts is logged
	return keeper, err
}

// readAnchors reads files of anchors: JSON, as the file of heads beside a database or what a webhook received, or time
// stamps in DER, which name their authority among notes.
func readAnchors(files []string, caFile string) (list []ledger.Anchor, notes []string, err error) {
	var roots *x509.CertPool
	if caFile != "" {
		text, err := os.ReadFile(caFile)
		if err != nil {
			return nil, nil, err
		}
		if roots = x509.NewCertPool(); !roots.AppendCertsFromPEM(text) {
			return nil, nil, fmt.Errorf("%s holds no certificates (PEM)", caFile)
		}
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, nil, err
		}
		var found []ledger.Anchor
		if len(text) > 0 && text[0] == 0x30 { // a SEQUENCE (X.690)
			one, authority, err := anchor.ReadStamp(text, roots)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", file, err)
			}
			note := fmt.Sprintf("time stamp %s by %s", one.At.UTC().Format(time.RFC3339), authority)
			if roots == nil {
				note += " (not checked: name its authority's certificate with --tsa-ca)"
			}
			found, notes = []ledger.Anchor{one}, append(notes, note)
		} else if found, err = ledger.ParseAnchors(text); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", file, err)
		}
		for i := range found {
			found[i].From = file
		}
		list = append(list, found...)
	}
	if len(files) > 0 && len(list) == 0 {
		return nil, nil, ledger.ErrNoAnchor
	}
	return list, notes, nil
}
