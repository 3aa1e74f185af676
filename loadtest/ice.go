package loadtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
)

const (
	// checkTimeout is how long the first round of checks waits for each candidate; it doubles with each round.
	checkTimeout    = 50 * time.Millisecond
	checkTimeoutMax = 800 * time.Millisecond
	// preference is how many rounds are for the preferred address alone, about 1.5 s: a busy server answers late,
	// and a path that is worse or about to vanish must not win by that.
	preference = 5
	// hostPriority is that of a host candidate of component 1 (RFC 8445 5.1.2.1).
	hostPriority = 126<<24 | 65535<<8 | 255
)

var errNoPath = errors.New("no candidate of the server answers")

// agent is a client's ICE (RFC 8445): one socket for each of the server's candidates until one of them answers.
// It controls unless the server is a full agent, which as the offerer controls itself.
type agent struct {
	ufrag, pwd             string
	remoteUfrag, remotePwd string
	controlling            bool
	tie                    uint64
}

func newAgent(o *offer) *agent {
	a := &agent{remoteUfrag: o.ufrag, remotePwd: o.pwd, controlling: o.lite, ufrag: rand.Text()[:8], pwd: rand.Text()}
	var tie [8]byte
	_, _ = rand.Read(tie[:]) // never fails
	a.tie = binary.BigEndian.Uint64(tie[:])
	return a
}

// request is a connectivity check.
func (a *agent) request(nominate bool) (*stun.Message, error) {
	setters := []stun.Setter{
		stun.BindingRequest, stun.TransactionID, stun.NewUsername(a.remoteUfrag + ":" + a.ufrag), ice.PriorityAttr(hostPriority),
	}
	switch {
	case !a.controlling:
		setters = append(setters, ice.AttrControlled(a.tie))
	case nominate:
		setters = append(setters, ice.AttrControlling(a.tie), ice.UseCandidate())
	default:
		setters = append(setters, ice.AttrControlling(a.tie))
	}
	return stun.Build(append(setters, stun.NewShortTermIntegrity(a.remotePwd), stun.Fingerprint)...)
}

// respond answers a check of the server, nil when it is not for us.
func (a *agent) respond(req *stun.Message, from netip.AddrPort) (response []byte, nominated bool) {
	if stun.NewShortTermIntegrity(a.pwd).Check(req) != nil {
		return nil, false
	}
	m, err := stun.Build(req, stun.BindingSuccess,
		&stun.XORMappedAddress{IP: from.Addr().AsSlice(), Port: int(from.Port())},
		stun.NewShortTermIntegrity(a.pwd), stun.Fingerprint)
	if err != nil {
		return nil, false
	}
	return m.Raw, req.Contains(stun.AttrUseCandidate)
}

// accepts reports whether m is the server's good answer to a request.
func (a *agent) accepts(m, request *stun.Message) bool {
	return m.Type == stun.BindingSuccess && m.TransactionID == request.TransactionID &&
		stun.NewShortTermIntegrity(a.remotePwd).Check(m) == nil
}

// path is a candidate pair under check.
type path struct {
	conn      *net.UDPConn
	remote    netip.AddrPort
	request   *stun.Message
	valid     bool
	nominated bool // by a controlling server
}

// connect finds a path to the server and returns its socket, connected to that one address. Candidates at prefer,
// where the signalling was reached, are tried first, and for a while alone.
func (a *agent) connect(ctx context.Context, candidates []netip.AddrPort, prefer netip.Addr) (*net.UDPConn, error) {
	var paths, preferred []*path
	var chosen *path
	defer func() {
		for _, p := range paths {
			if p != chosen {
				p.conn.Close()
			}
		}
	}()
	for _, c := range candidates {
		// An address family that this machine does not have is no fault.
		conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(c))
		if err != nil {
			continue
		}
		request, err := a.request(false)
		if err != nil {
			conn.Close()
			return nil, err
		}
		p := &path{conn: conn, remote: c, request: request}
		paths = append(paths, p)
		if c.Addr() == prefer {
			preferred = append(preferred, p)
		}
	}
	timeout := checkTimeout
	for round := 0; len(paths) > 0; round++ {
		try := paths
		if len(preferred) > 0 && round < preference {
			try = preferred
		}
		for _, p := range try {
			ok, err := a.check(ctx, p, timeout)
			if err != nil {
				return nil, err
			}
			if ok {
				chosen = p
				return p.conn, p.conn.SetReadDeadline(time.Time{})
			}
		}
		timeout = min(2*timeout, checkTimeoutMax)
	}
	return nil, errNoPath
}

// check sends the check of a path and waits for it to become usable: valid and nominated by one of the two.
func (a *agent) check(ctx context.Context, p *path, timeout time.Duration) (bool, error) {
	// A refused port shows at the next call; the server may not be listening yet.
	_, _ = p.conn.Write(p.request.Raw)
	deadline := time.Now().Add(timeout)
	var buf [1500]byte
	for {
		if err := ctx.Err(); err != nil {
			return false, fmt.Errorf("%w: %w", errNoPath, err)
		}
		until := deadline
		if d, ok := ctx.Deadline(); ok && d.Before(until) {
			until = d
		}
		if err := p.conn.SetReadDeadline(until); err != nil {
			return false, err
		}
		n, err := p.conn.Read(buf[:])
		if err != nil {
			if time.Now().Before(until) {
				time.Sleep(time.Millisecond) // refused: do not spin
				continue
			}
			if err := ctx.Err(); err != nil {
				return false, fmt.Errorf("%w: %w", errNoPath, err)
			}
			return false, nil
		}
		m := &stun.Message{Raw: bytes.Clone(buf[:n])}
		if m.Decode() != nil {
			continue
		}
		switch {
		case m.Type == stun.BindingRequest:
			response, nominated := a.respond(m, p.remote)
			if response == nil {
				continue
			}
			p.nominated = p.nominated || nominated
			if _, err := p.conn.Write(response); err != nil {
				continue
			}
		case a.accepts(m, p.request) && !p.valid:
			p.valid = true
			if a.controlling {
				// Regular nomination (RFC 8445 8.1.1), as browsers do.
				if p.request, err = a.request(true); err != nil {
					return false, err
				}
				_, _ = p.conn.Write(p.request.Raw)
				continue
			}
		case a.accepts(m, p.request):
			p.nominated = true
		}
		if p.valid && p.nominated {
			return true, nil
		}
	}
}
