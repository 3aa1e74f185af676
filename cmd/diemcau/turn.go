package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/diemcau/diemcau/internal/contain"
	"github.com/diemcau/diemcau/sfu"
	"github.com/diemcau/diemcau/sfu/turn"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// turnFlags open a TURN server for networks that let nothing else through.
type turnFlags struct {
	UDP  uint16 `help:"UDP port of a TURN server for closed networks (default: none)." name:"udp" placeholder:"PORT"`
	TCP  uint16 `help:"TCP port of it (default: none)." name:"tcp" placeholder:"PORT"`
	TLS  uint16 `help:"Port of it over TLS, with --tls-cert (default: none)." name:"tls" placeholder:"PORT"`
	Host string `help:"Name or address by which sites reach it (default: that of --public-url)." placeholder:"HOST"`
	Max  int    `help:"Relays that may be open at once; a site on a closed network needs two or three." default:"2000"`
}

func (f turnFlags) off() bool { return f.UDP == 0 && f.TCP == 0 && f.TLS == 0 }

// check refuses what does not fit together.
func (f turnFlags) check(secure bool) error {
	switch {
	case f.TLS != 0 && !secure:
		return &usageError{"--turn-tls needs --tls-cert and --tls-key, or --acme"}
	case f.Max <= 0:
		return &usageError{"--turn-max must be at least 1"}
	}
	return nil
}

// openTURN opens the TURN server that the flags ask for, nil if they ask for none. It relays to the node's port alone.
func openTURN(
	ctx context.Context, f turnFlags, certs *certificates, publicURL string, node *sfu.Node,
	panicked contain.Report, log *slog.Logger, reg prometheus.Registerer,
) (_ *turn.Server, err error) {
	if f.off() {
		return nil, nil
	}
	cfg := turn.Config{Host: f.Host, Max: f.Max, Media: node.LocalAddr(), Announced: node.Announced, Logger: log, Panicked: panicked}
	if certs != nil {
		cfg.Certificate = certs.get
	}
	if cfg.Host == "" {
		u, err := url.Parse(publicURL)
		if err != nil {
			return nil, err
		}
		cfg.Host = u.Hostname()
	}
	var opened []interface{ Close() error }
	defer func() {
		if err != nil {
			for _, l := range opened {
				err = errors.Join(err, l.Close())
			}
		}
	}()
	var lc net.ListenConfig
	if f.UDP != 0 {
		if cfg.UDP, err = lc.ListenPacket(ctx, "udp", fmt.Sprintf(":%d", f.UDP)); err != nil {
			return nil, portError(err, fmt.Sprintf("UDP port %d", f.UDP), "--turn-udp")
		}
		opened = append(opened, cfg.UDP)
	}
	for _, l := range []struct {
		at   *net.Listener
		port uint16
		flag string
	}{{&cfg.TCP, f.TCP, "--turn-tcp"}, {&cfg.TLS, f.TLS, "--turn-tls"}} {
		if l.port == 0 {
			continue
		}
		if *l.at, err = lc.Listen(ctx, "tcp", fmt.Sprintf(":%d", l.port)); err != nil {
			return nil, portError(err, fmt.Sprintf("TCP port %d", l.port), l.flag)
		}
		opened = append(opened, *l.at)
	}
	server, err := turn.New(cfg, reg)
	if err != nil {
		opened = nil // New has closed them
	}
	return server, err
}

// relays is the TURN server as the meeting plane needs it, nil without one.
func relays(s *turn.Server) signaling.Relays {
	if s == nil {
		return nil
	}
	return turnRelays{s}
}

type turnRelays struct{ *turn.Server }

// ICEServers implements signaling.Relays.
func (r turnRelays) ICEServers(owner string) []protocol.ICEServer {
	var list []protocol.ICEServer
	for _, i := range r.Server.ICEServers(owner) {
		list = append(list, protocol.ICEServer{URLs: i.URLs, Username: i.Username, Credential: i.Credential})
	}
	return list
}
