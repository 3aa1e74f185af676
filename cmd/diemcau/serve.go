package main

import (
	"context"
	"crypto/tls"
	"fmt"
)

type serveCmd struct {
	HTTP    string `help:"Address of pages, API and WebSocket." default:":8080" name:"http" placeholder:"ADDR"`
	TLSCert string `help:"Certificate chain (PEM): the same address then serves https." name:"tls-cert" placeholder:"FILE" type:"path"`
	TLSKey  string `help:"Private key (PEM) of --tls-cert." name:"tls-key" placeholder:"FILE" type:"path"`
	serverFlags
}

// check refuses flags that do not fit together.
func (c *serveCmd) check() error {
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return &usageError{"--tls-cert and --tls-key go together"}
	}
	return c.serverFlags.check()
}

// Run serves until it is told to stop.
func (c *serveCmd) Run(ctx context.Context, std streams) error {
	if err := c.check(); err != nil {
		return err
	}
	var cert *tls.Certificate
	if c.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return fmt.Errorf("the certificate cannot be used: %w", err)
		}
		cert = &pair
	}
	a, err := newApp(ctx, c.serverFlags, c.HTTP, cert, newLogger(std, c.LogLevel))
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(std.out, "listening %s\n", a.url); err != nil {
		return err
	}
	return a.run(ctx)
}
