package sfu

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"

	"github.com/pion/ice/v4"

	"github.com/diemcau/diemcau/sfu/pionlog"
	"github.com/diemcau/diemcau/sfu/transport"
	"github.com/diemcau/diemcau/sfu/transport/lean"
	"github.com/diemcau/diemcau/sfu/transport/peer"
	"github.com/diemcau/diemcau/sfu/udpio"
)

// network is how a node is reached: its one port, and the transports of viewers and publishers on it.
type network struct {
	cfg Config
	log *slog.Logger

	port       *udpio.Port
	addresses  *addresses
	mux        ice.UDPMux
	gate       *peer.Gate   // before the muxes; nil on a virtual network
	tcp        *peer.TCPMux // publishers' share of the TCP port, nil without one
	publishers *publisherAPI
	viewers    transport.Factory
}

// open opens the port, and the transports on it.
func (n *network) open() error {
	pem := n.cfg.CertificatePEM
	if pem == "" {
		var err error
		if pem, err = NewCertificate(); err != nil {
			return fmt.Errorf("certificate: %w", err)
		}
	}
	pair, cert, err := parseCertificate(pem)
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	if n.cfg.net == nil {
		n.port, err = udpio.Listen(udpio.Config{Addr: n.cfg.UDP, Writers: n.cfg.Writers, Logger: n.log})
		if err != nil {
			return err
		}
		if n.addresses, err = newAddresses(n.port.LocalAddr().Addr(), n.cfg, n.log); err != nil {
			return err
		}
		n.gate = peer.NewGate(n.port.Unclaimed(), n.log)
		n.gate.Panicked = n.cfg.Panicked
		n.mux = ice.NewUDPMuxDefault(ice.UDPMuxParams{
			Logger: pionlog.Factory{Logger: n.log}.NewLogger("ice"), UDPConn: n.gate,
		})
	}
	if n.cfg.TCP != nil && n.leanViewers() {
		n.tcp = peer.NewTCPMux(n.cfg.TCP.Addr(), n.log)
	}
	common := peer.Config{
		Mux: n.mux, TCP: n.tcp, Net: n.cfg.net, Loopback: n.cfg.Loopback, Certificate: cert, Logger: n.log,
	}
	if n.publishers, err = newPublisherAPI(common); err != nil {
		return err
	}
	return n.openViewers(common, pair)
}

// leanViewers reports whether viewers have the lean transport, which is also what accepts on the TCP port.
func (n *network) leanViewers() bool {
	return n.cfg.viewers == nil && n.cfg.peers == nil
}

// openViewers opens the viewers' transport: the lean one, but in tests that bring another.
func (n *network) openViewers(common peer.Config, cert tls.Certificate) (err error) {
	switch {
	case n.cfg.viewers != nil:
		n.viewers = n.cfg.viewers
		return nil
	case !n.leanViewers():
		n.viewers, err = n.cfg.peers(common)
		return err
	}
	cfg := lean.Config{
		Port: n.port, TCP: n.cfg.TCP, Addrs: n.addresses.announced, Certificate: cert, Workers: n.cfg.Writers, Logger: n.log,
		Panicked: n.cfg.Panicked,
	}
	if n.tcp != nil {
		cfg.UnclaimedTCP = n.acceptTCP
	}
	n.viewers, err = lean.New(cfg)
	return err
}

// acceptTCP lets a publisher have a TCP connection at whose other end it is.
func (n *network) acceptTCP(c net.Conn, ufrag string) bool {
	proven, err := n.gate.Prove(c, ufrag)
	return err == nil && n.tcp.Take(proven, ufrag)
}

// close ends the transports and closes the port.
func (n *network) close() error {
	var errs []error
	if n.viewers != nil {
		errs = append(errs, n.viewers.Close())
	}
	if n.mux != nil {
		errs = append(errs, n.mux.Close())
	}
	if n.tcp != nil {
		errs = append(errs, n.tcp.Close())
	}
	if n.port != nil {
		errs = append(errs, n.port.Close())
	}
	if n.cfg.TCP != nil { // the lean transport has closed it already, if there is one
		if err := n.cfg.TCP.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// LocalAddr is the address of the UDP port.
func (n *network) LocalAddr() netip.AddrPort {
	if n.port == nil {
		return netip.AddrPort{}
	}
	return n.port.LocalAddr()
}

// Announced are the addresses of the port as viewers are told them now, the preferred first.
func (n *network) Announced() []netip.Addr {
	if n.addresses == nil {
		return nil
	}
	return n.addresses.announced()
}

// announce writes the candidates into an offer of Pion's, in place of those that it has found.
func (n *network) announce(offer string) string {
	if n.addresses == nil {
		return offer
	}
	var tcp uint16
	if n.tcp != nil {
		if a, ok := n.cfg.TCP.Addr().(*net.TCPAddr); ok {
			tcp = uint16(a.Port)
		}
	}
	return peer.Announce(offer, transport.Candidates(n.Announced(), n.LocalAddr().Port(), tcp))
}
