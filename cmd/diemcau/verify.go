package main

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"github.com/diemcau/diemcau/ledger"
)

type attendanceVerifyCmd struct {
	File   string   `arg:"" help:"Exported ledger (JSONL)." type:"path"`
	Anchor []string `help:"What others were told of its head: the file of heads of another day or copy, messages of a webhook, or a time stamp (RFC 3161, DER)." placeholder:"FILE" type:"path" sep:"none"`
	TSACA  string   `help:"Certificate (PEM) of the authority of time stamps." name:"tsa-ca" placeholder:"FILE" type:"path"`
	PubKey string   `help:"Public key (PEM) that should have signed it." name:"pubkey" placeholder:"FILE" type:"path"`
	Record bool     `help:"Ask the record of --data or --server as well, which has to have all entries of the file and must not contradict its own ledger."`
	target
}

// Run checks the ledger offline: no server, no database, unless the record is to be asked.
func (c *attendanceVerifyCmd) Run(ctx context.Context, std streams) error {
	var key ed25519.PublicKey
	if c.PubKey != "" {
		text, err := os.ReadFile(c.PubKey)
		if err != nil {
			return err
		}
		if key, err = ledger.DecodePublicKey(text); err != nil {
			return fmt.Errorf("%s: %w", c.PubKey, err)
		}
	}
	anchors, notes, err := readAnchors(c.Anchor, c.TSACA)
	if err != nil {
		return err
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	v, err := ledger.Verify(f, key, anchors...)
	if err != nil {
		return fmt.Errorf("%s is broken: %w", c.File, err)
	}
	if c.Record {
		if err := c.askRecord(ctx, v); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(std.out, "whole: session %s, %d entries, head %s, signed by key %s", v.Session, v.Count, v.Head, v.Fingerprint)
	if err == nil && v.Erased > 0 {
		_, err = fmt.Fprintf(std.out, ", personal data of %d entries erased", v.Erased)
	}
	if err == nil && len(anchors) > 0 {
		_, err = fmt.Fprintf(std.out, ", as %d anchors say", v.Anchors)
	}
	if err == nil {
		_, err = fmt.Fprintln(std.out)
	}
	for _, note := range notes {
		if err == nil {
			_, err = fmt.Fprintln(std.out, note)
		}
	}
	return err
}

// askRecord compares a ledger with that of the record, which has to have all of its entries, and what the record lists of the
// session with its ledger there.
func (c *attendanceVerifyCmd) askRecord(ctx context.Context, v ledger.Verified) error {
	session := v.Session
	return c.withAPI(ctx, func(a *api) error {
		body, err := a.do(ctx, http.MethodGet, "/api/v1/sessions", "", nil)
		if err != nil {
			return err
		}
		defer body.Close()
		var list struct {
			Sessions []struct{ ID, Contradiction string }
		}
		if err := json.NewDecoder(body).Decode(&list); err != nil {
			return err
		}
		for _, s := range list.Sessions {
			if s.ID == session && s.Contradiction != "" {
				return fmt.Errorf("session %s: %s", session, s.Contradiction)
			}
			if s.ID == session {
				return asInRecord(ctx, a, v)
			}
		}
		return fmt.Errorf("the record has no session %s", session)
	})
}

// asInRecord checks that a ledger is the beginning of that in the record.
func asInRecord(ctx context.Context, a *api, v ledger.Verified) error {
	body, err := a.do(ctx, http.MethodGet, "/api/v1/sessions/"+url.PathEscape(v.Session)+"/ledger.jsonl", "", nil)
	if err != nil {
		return fmt.Errorf("the ledger in the record: %w", err)
	}
	defer body.Close()
	if _, err := ledger.Verify(body, nil, ledger.Anchor{Session: v.Session, Seq: v.Count, Head: v.Head, From: "the file"}); err != nil {
		return fmt.Errorf("the ledger in the record is another one: %w", err)
	}
	return nil
}
