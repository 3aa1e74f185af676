package doctor

import (
	"bytes"
	"context"
	"crypto/x509"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/store"
)

func TestJudgements(t *testing.T) {
	now := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	leaf := func(from, to time.Duration) *x509.Certificate {
		return &x509.Certificate{NotBefore: now.Add(from), NotAfter: now.Add(to), DNSNames: []string{"hop.example.vn"}}
	}
	const day = 24 * time.Hour
	good := store.Durability{Version: 150004, Fsync: true, FullPageWrites: true, SynchronousCommit: "on", MaxConnections: 100, Schema: 13, Known: 13}
	with := func(change func(*store.Durability)) store.Durability { p := good; change(&p); return p }
	here := []netip.Addr{netip.MustParseAddr("192.0.2.7")}
	for name, c := range map[string]struct {
		got  Finding
		want Level
		says string
	}{
		"many descriptors":      {Descriptors(65536), LevelOK, "65536"},
		"few descriptors":       {Descriptors(1024), LevelWarn, "448 sites"},
		"hardly any":            {Descriptors(64), LevelWarn, "0 sites"},
		"large buffers":         {UDPBuffers(8<<20, 8<<20), LevelOK, "8192 kB"},
		"small receive buffer":  {UDPBuffers(212992, 8<<20), LevelWarn, "208 kB"},
		"small send buffer":     {UDPBuffers(8<<20, 212992), LevelWarn, "208 kB"},
		"no segmentation":       {Segmentation(false), LevelWarn, "GSO"},
		"clock":                 {Clock(true, false, now), LevelOK, "2026-11-29"},
		"clock not synced":      {Clock(false, false, now), LevelWarn, "not synchronised"},
		"hardware clock local":  {Clock(true, true, now), LevelWarn, "local time"},
		"certificate":           {Certificate(leaf(-day, 60*day), "hop.example.vn", now), LevelOK, "60 days"},
		"certificate soon over": {Certificate(leaf(-day, 13*day), "hop.example.vn", now), LevelWarn, "13 days"},
		"certificate over":      {Certificate(leaf(-9*day, -time.Second), "", now), LevelFail, "expired"},
		"certificate too early": {Certificate(leaf(day, 9*day), "", now), LevelFail, "only from"},
		"foreign certificate":   {Certificate(leaf(-day, 60*day), "khac.example.vn", now), LevelFail, "not for khac.example.vn"},
		"space":                 {Space(80 << 30), LevelOK, "80.0 GB"},
		"little space":          {Space(1 << 30), LevelWarn, "1.0 GB"},
		"no space":              {Space(1 << 20), LevelFail, "0.0 GB"},
		"fast disk":             {Sync([]time.Duration{3e6, 1e6, 2e6}), LevelOK, "2ms"},
		"slow disk":             {Sync([]time.Duration{30e6, 1e6, 2e6}), LevelWarn, "30ms"},
		"terrible disk":         {Sync([]time.Duration{2e9, 1e6, 2e6}), LevelFail, "2s"},
		"network file system":   {Filesystem("nfs"), LevelFail, "nfs"},
		"layer of a container":  {Filesystem("overlay"), LevelWarn, "overlay"},
		"local file system":     {Filesystem("ext4"), LevelOK, "ext4"},
		"database":              {Database(good), LevelOK, "PostgreSQL 15.4"},
		"old database":          {Database(with(func(p *store.Durability) { p.Version = 120000 })), LevelFail, "too old"},
		"forgetful database":    {Database(with(func(p *store.Durability) { p.Fsync = false })), LevelFail, "fsync"},
		"torn pages":            {Database(with(func(p *store.Durability) { p.FullPageWrites = false })), LevelFail, "full_page_writes"},
		"acknowledges early":    {Database(with(func(p *store.Durability) { p.SynchronousCommit = "off" })), LevelFail, "synchronous_commit"},
		"newer tables":          {Database(with(func(p *store.Durability) { p.Schema = 14 })), LevelFail, "version 14"},
		"few connections":       {Database(with(func(p *store.Durability) { p.MaxConnections = 12 })), LevelWarn, "12 connections"},
		"name":                  {Name("hop.example.vn", here, here), LevelOK, "leads here"},
		"name of an outside":    {Name("hop.example.vn", []netip.Addr{netip.MustParseAddr("203.0.113.7")}, here), LevelWarn, "203.0.113.7"},
		"name of nothing":       {Name("hop.example.vn", nil, here), LevelFail, "nowhere"},
	} {
		if c.got.Level != c.want || !strings.Contains(c.got.Found, c.says) {
			t.Errorf("%s: %v, want %v with %q", name, c.got, c.want, c.says)
		}
		if (c.got.Level > LevelNote) != (c.got.Mend != "") {
			t.Errorf("%s: what is wrong has what mends it, and nothing else: %+v", name, c.got)
		}
	}
}

func TestExamine(t *testing.T) {
	results := Examine(t.Context(), []Check{
		{"one", func(context.Context) Finding { return ok("fine") }},
		{"two", func(ctx context.Context) Finding {
			if _, bounded := ctx.Deadline(); !bounded {
				t.Error("a check may take for ever")
			}
			return Finding{LevelFail, "broken", "mend it"}
		}},
		{"three", func(context.Context) Finding { return note("not used") }},
	})
	if Worst(results) != LevelFail || Worst(results[:1]) != LevelOK {
		t.Errorf("the worst of %v", results)
	}
	var out bytes.Buffer
	if err := Write(&out, results); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ok    one", "FAIL  two", "-> mend it", "note  three"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &out)
		}
	}
}
