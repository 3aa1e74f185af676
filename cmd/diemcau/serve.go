package main

import (
	"context"
	"errors"
	"fmt"
)

type serveCmd struct {
	HTTP string `help:"Address of pages, API and WebSocket." default:":8080" name:"http" placeholder:"ADDR"`
	tlsFlags
	serverFlags
}

// check refuses flags that do not fit together.
func (c *serveCmd) check() error { return errors.Join(c.tlsFlags.check(), c.serverFlags.check()) }

// Run serves until it is told to stop.
func (c *serveCmd) Run(ctx context.Context, std streams) error {
	if err := c.check(); err != nil {
		return err
	}
	a, err := newApp(ctx, c.serverFlags, c.tlsFlags, c.HTTP, newLogger(std, c.LogLevel))
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(std.out, "listening %s\n", a.url); err != nil {
		return err
	}
	return a.run(ctx)
}
