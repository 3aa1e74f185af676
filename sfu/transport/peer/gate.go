package peer

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"

	"github.com/diemcau/diemcau/internal/contain"
)

const (
	// gatePaths bounds the addresses that a peer may come from at once.
	gatePaths = 16
	// gateAmplification bounds what an address is sent before it is proven, by what came from it (RFC 9000 8.1).
	gateAmplification = 3
	// checkEvery is the least time between two checks of one address.
	checkEvery = 50 * time.Millisecond
	// streamFirst is how long a TCP connection may take to answer a check.
	streamFirst = 10 * time.Second
	maxFrame    = 1600
)

var errUnproven = errors.New("peer: no answer to a check")

// Gate stands before the UDP and TCP muxes of PeerConnections, which are ICE-lite and take an authentic request as
// proof of where its sender is. It lets a request through only from an address that has answered a check of the
// server's own, as package lean does for viewers: otherwise one that is spoofed, or seen on the way and replayed,
// would lead a peer's feedback elsewhere.
type Gate struct {
	net.PacketConn
	ports ice.AddrPortReaderWriter // the same
	log   *slog.Logger
	held  atomic.Uint64
	// Panicked is told what a packet made the gate panic with, which is dropped; by default it is logged. It is set first.
	Panicked contain.Report

	mu     sync.Mutex
	peers  map[string]*gated // by the ufrag that the server chose
	checks map[transaction]*gatedPath
}

type transaction [stun.TransactionIDSize]byte

// gated is one PeerConnection.
type gated struct {
	ufrag, pwd             string // the server's
	remoteUfrag, remotePwd string // empty until the answer
	paths                  []*gatedPath
}

// gatedPath is an address from which there was an authentic request.
type gatedPath struct {
	peer    *gated
	addr    netip.AddrPort
	proven  bool
	credit  int
	check   transaction // zero for none
	checked time.Time
	request []byte // that waits for the proof
}

// NewGate stands before conn, which has the methods of ice.AddrPortReaderWriter.
func NewGate(conn net.PacketConn, log *slog.Logger) *Gate {
	ports, _ := conn.(ice.AddrPortReaderWriter)
	return &Gate{
		PacketConn: conn, ports: ports, log: log, Panicked: contain.Log(log), peers: map[string]*gated{}, checks: map[transaction]*gatedPath{},
	}
}

// Held counts the requests that were not let through, or not at once.
func (g *Gate) Held() uint64 { return g.held.Load() }

// Offered makes the gate look after a PeerConnection by its offer; it returns what Answered and Forget know it by.
func (g *Gate) Offered(sdp string) (ufrag string) {
	p := &gated{ufrag: attribute(sdp, "ice-ufrag"), pwd: attribute(sdp, "ice-pwd")}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.peers[p.ufrag] = p
	return p.ufrag
}

// Answered tells how the peer is to answer checks.
func (g *Gate) Answered(ufrag, sdp string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p := g.peers[ufrag]; p != nil && p.remotePwd == "" {
		p.remoteUfrag, p.remotePwd = attribute(sdp, "ice-ufrag"), attribute(sdp, "ice-pwd")
		for _, path := range p.paths { // it was faster than its answer
			g.sendCheck(path, time.Now())
		}
	}
}

// Forget ends looking after a PeerConnection.
func (g *Gate) Forget(ufrag string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p := g.peers[ufrag]; p != nil {
		for _, path := range p.paths {
			delete(g.checks, path.check)
		}
		delete(g.peers, ufrag)
	}
}

// attribute is the first of a name in an SDP.
func attribute(sdp, name string) string {
	for line := range strings.Lines(sdp) {
		if v, ok := strings.CutPrefix(line, "a="+name+":"); ok {
			return strings.TrimRight(v, "\r\n")
		}
	}
	return ""
}

// ReadFromAddrPort waits for a packet that is let through.
func (g *Gate) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		n, from, err := g.ports.ReadFromAddrPort(b)
		if err != nil {
			return n, from, err
		}
		if out := g.filter(b[:n], from, time.Now()); out != nil {
			return copy(b, out), from, nil
		}
	}
}

// WriteToAddrPort sends a packet.
func (g *Gate) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return g.ports.WriteToAddrPort(b, to)
}

// ReadFrom is ReadFromAddrPort with a net.Addr.
func (g *Gate) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := g.ReadFromAddrPort(b)
	if err != nil {
		return 0, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// filter returns what is let through of a packet: itself, or the request that it is the proof for, or nil.
func (g *Gate) filter(b []byte, from netip.AddrPort, now time.Time) (through []byte) {
	defer func() {
		if p := recover(); p != nil {
			g.Panicked(p, "from", from)
			through = nil
		}
	}()
	if !stun.IsMessage(b) {
		return b
	}
	m := &stun.Message{Raw: bytes.Clone(b)}
	if m.Decode() != nil {
		return b // whoever reads it does not take it
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch m.Type {
	case stun.BindingRequest:
		return g.request(m, from, now)
	case stun.BindingSuccess:
		return g.answer(m, from)
	}
	return b
}

// request holds one that comes from an address that is not proven, and checks that.
func (g *Gate) request(m *stun.Message, from netip.AddrPort, now time.Time) []byte {
	p := g.peers[ufragOf(m)]
	switch {
	case p == nil:
		return m.Raw // nobody's that the gate looks after
	case stun.MessageIntegrity(p.pwd).Check(m) != nil:
		g.held.Add(1)
		return nil
	}
	path := p.path(from)
	if path == nil {
		path = g.add(p, from)
	}
	if path.proven {
		return m.Raw
	}
	g.held.Add(1)
	path.request = bytes.Clone(m.Raw)
	path.credit += gateAmplification * len(m.Raw)
	if now.Sub(path.checked) >= checkEvery {
		g.sendCheck(path, now)
	}
	return nil
}

func ufragOf(m *stun.Message) string {
	name, _ := m.Get(stun.AttrUsername)
	ufrag, _, _ := bytes.Cut(name, []byte{':'})
	return string(ufrag)
}

func (p *gated) path(from netip.AddrPort) *gatedPath {
	if i := slices.IndexFunc(p.paths, func(path *gatedPath) bool { return path.addr == from }); i >= 0 {
		return p.paths[i]
	}
	return nil
}

// add makes the path of an address, in place of the oldest that is not proven, or else of the oldest.
func (g *Gate) add(p *gated, from netip.AddrPort) *gatedPath {
	if len(p.paths) == gatePaths {
		i := max(0, slices.IndexFunc(p.paths, func(path *gatedPath) bool { return !path.proven }))
		delete(g.checks, p.paths[i].check)
		p.paths = slices.Delete(p.paths, i, i+1)
	}
	path := &gatedPath{peer: p, addr: from}
	p.paths = append(p.paths, path)
	return path
}

// sendCheck sends a check of an address, the same one each time.
func (g *Gate) sendCheck(path *gatedPath, now time.Time) {
	if path.proven || path.peer.remotePwd == "" {
		return
	}
	if path.check == (transaction{}) {
		_, _ = rand.Read(path.check[:]) // never fails
		g.checks[path.check] = path
	}
	m, err := path.peer.buildCheck(path.check)
	if err != nil || len(m.Raw) > path.credit {
		return
	}
	path.checked = now
	path.credit -= len(m.Raw)
	if _, err := g.ports.WriteToAddrPort(m.Raw, path.addr); err != nil {
		g.log.Debug("STUN check", "err", err)
	}
}

// buildCheck makes a connectivity check of a controlled agent (RFC 8445 7.2.2).
func (p *gated) buildCheck(id transaction) (*stun.Message, error) {
	const priority = 110<<24 | 65535<<8 | 255 // of a peer-reflexive candidate
	return stun.Build(
		stun.NewTransactionIDSetter(id), stun.BindingRequest, stun.NewUsername(p.remoteUfrag+":"+p.ufrag),
		ice.PriorityAttr(priority), ice.AttrControlled(binary.BigEndian.Uint64(id[:])),
		stun.MessageIntegrity(p.remotePwd), stun.Fingerprint,
	)
}

// answer proves an address, and lets the request through that waited for it.
func (g *Gate) answer(m *stun.Message, from netip.AddrPort) []byte {
	path := g.checks[m.TransactionID]
	if path == nil {
		return m.Raw
	}
	if path.addr != from || stun.MessageIntegrity(path.peer.remotePwd).Check(m) != nil {
		g.held.Add(1)
		return nil
	}
	delete(g.checks, path.check)
	path.proven, path.check = true, transaction{}
	request := path.request
	path.request = nil
	return request
}

// Prove checks the peer at the other end of a TCP connection, whose first frame (RFC 4571) names ufrag and is not yet
// read. It returns the connection as it is to be read on.
func (g *Gate) Prove(c net.Conn, ufrag string) (net.Conn, error) {
	g.mu.Lock()
	p := g.peers[ufrag]
	g.mu.Unlock()
	if p == nil {
		return c, nil
	}
	if err := c.SetReadDeadline(time.Now().Add(streamFirst)); err != nil {
		return nil, err
	}
	var id transaction
	_, _ = rand.Read(id[:]) // never fails
	r, buf := bufio.NewReaderSize(c, maxFrame+2), make([]byte, maxFrame)
	var first []byte // request
	for range 100 {
		b, err := readFrame(r, buf)
		if err != nil {
			return nil, err
		}
		m := &stun.Message{Raw: bytes.Clone(b)}
		if m.Decode() != nil {
			return nil, errUnproven
		}
		g.mu.Lock()
		known := *p
		g.mu.Unlock()
		own, remote := stun.MessageIntegrity(known.pwd).Check(m) == nil, stun.MessageIntegrity(known.remotePwd).Check(m) == nil
		check, err := known.buildCheck(id)
		answered := known.remotePwd != ""
		switch {
		case err != nil:
			return nil, err
		case m.Type == stun.BindingSuccess && m.TransactionID == id && answered && remote && first != nil:
			return &stream{Conn: c, r: io.MultiReader(bytes.NewReader(frame(first)), r)}, c.SetReadDeadline(time.Time{})
		case m.Type != stun.BindingRequest || !own:
			return nil, errUnproven
		}
		first = m.Raw
		if answered {
			if _, err := c.Write(frame(check.Raw)); err != nil {
				return nil, err
			}
		}
	}
	return nil, errUnproven
}

func readFrame(r io.Reader, buf []byte) ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(size[:]))
	if n == 0 || n > len(buf) {
		return nil, errUnproven
	}
	_, err := io.ReadFull(r, buf[:n])
	return buf[:n], err
}

func frame(b []byte) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...) }

// stream is a TCP connection of which something was read that is read again.
type stream struct {
	net.Conn
	r io.Reader
}

func (s *stream) Read(b []byte) (int, error) { return s.r.Read(b) }
