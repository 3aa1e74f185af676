package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

type serveCmd struct {
	HTTP string `help:"Address of pages, API and WebSocket." default:":8080" name:"http" placeholder:"ADDR"`
	tlsFlags
	serverFlags
	clusterFlags
}

// check refuses flags that do not fit together.
func (c *serveCmd) check() error {
	return errors.Join(c.tlsFlags.check(), c.serverFlags.check(), c.clusterFlags.check(c.Database))
}

// Run serves until it is told to stop.
func (c *serveCmd) Run(ctx context.Context, std streams) error {
	if err := c.check(); err != nil {
		return err
	}
	c.cluster = c.clusterFlags
	log, level := newLogger(std, c.LogLevel)
	a, err := newApp(ctx, c.serverFlags, c.tlsFlags, c.HTTP, log)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(std.out, "listening %s\n", a.url); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	var reloading sync.WaitGroup
	reloading.Go(func() { c.reloadOnHangup(ctx, a, std, level) })
	err = a.run(ctx)
	stop()
	reloading.Wait()
	return err
}
