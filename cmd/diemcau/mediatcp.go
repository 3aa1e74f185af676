package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
)

// listenMediaTCP opens the port for sites without UDP. One that was not asked for by number is done without when
// another program has it.
func listenMediaTCP(ctx context.Context, f serverFlags, log *slog.Logger) (net.Listener, error) {
	port := f.UDP
	if f.TCP != nil {
		if port = *f.TCP; port == 0 {
			return nil, nil
		}
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", fmt.Sprintf(":%d", port))
	switch {
	case err == nil:
		return l, nil
	case f.TCP != nil:
		return nil, portError(err, fmt.Sprintf("TCP port %d", port), "--tcp")
	}
	log.Warn("no media over TCP: the port is not to be had; choose another with --tcp", "port", port, "err", err)
	return nil, nil
}
