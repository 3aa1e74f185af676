package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"os"

	"github.com/diemcau/diemcau/ledger"
)

type attendanceVerifyCmd struct {
	File   string   `arg:"" help:"Exported ledger (JSONL)." type:"path"`
	Anchor []string `help:"What others were told of its head: the file of heads of another day or copy, messages of a webhook, or a time stamp (RFC 3161, DER)." placeholder:"FILE" type:"path" sep:"none"`
	TSACA  string   `help:"Certificate (PEM) of the authority of time stamps." name:"tsa-ca" placeholder:"FILE" type:"path"`
	PubKey string   `help:"Public key (PEM) that should have signed it." name:"pubkey" placeholder:"FILE" type:"path"`
}

// Run checks the ledger offline: no server, no database.
func (c *attendanceVerifyCmd) Run(_ context.Context, std streams) error {
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
