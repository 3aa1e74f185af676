package webhook

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/diemcau/diemcau/store"
	"github.com/prometheus/client_golang/prometheus"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// special are the networks that are no part of the public Internet, and those by which such an address could be
// written differently (IANA special-purpose registries, RFC 6890). A target there has to be allowed.
func special() []netip.Prefix {
	var list []netip.Prefix
	for _, p := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10",
		"fec0::/10", "ff00::/8",
	} {
		list = append(list, netip.MustParsePrefix(p))
	}
	return list
}

// Reachable reports whether a target at an address may be connected to: public addresses, and those in allow.
func Reachable(ip netip.Addr, allow []netip.Prefix) error {
	ip = ip.Unmap().WithZone("")
	for _, p := range allow {
		if p.Contains(ip) {
			return nil
		}
	}
	for _, p := range special() {
		if p.Contains(ip) {
			return fmt.Errorf("%s is no public address; allow it with --webhook-allow %s", ip, netip.PrefixFrom(ip, ip.BitLen()))
		}
	}
	return nil
}

// newClient makes a client that connects to allowed addresses alone. The address is looked at when the connection is
// made, so a name that resolves differently by then gains nothing. It follows no redirection, which would take a signed
// message to somebody else, and uses no proxy, which would resolve the name by itself.
func newClient(allow []netip.Prefix) *http.Client {
	dialer := &net.Dialer{Timeout: answerWithin, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		return Reachable(at.Addr(), allow)
	}}
	return &http.Client{
		Timeout:       answerWithin,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: answerWithin,
			MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
		},
	}
}

// send makes one attempt, signed as the Standard Webhooks specification 1.0 has it.
func (s *Sender) send(ctx context.Context, t *target, letter store.DeadLetter) error {
	now := time.Now() // of the machine: the receiver compares it with its own clock
	signature, err := t.signer.Sign(letter.ID, now, letter.Body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(letter.Body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(standardwebhooks.HeaderWebhookID, letter.ID)
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, fmt.Sprint(now.Unix()))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("it answered %s", resp.Status)
	}
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16))
	return err
}

// metrics count what becomes of attempts and messages.
type metrics struct{ delivered, failed, givenUp prometheus.Counter }

func newMetrics(reg prometheus.Registerer) *metrics {
	attempts := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "diemcau_webhook_attempts_total",
		Help: "Attempts to deliver a message to another program."}, []string{"result"})
	givenUp := prometheus.NewCounter(prometheus.CounterOpts{Name: "diemcau_webhook_given_up_total",
		Help: "Messages to other programs that became dead letters."})
	reg.MustRegister(attempts, givenUp)
	return &metrics{attempts.WithLabelValues("delivered"), attempts.WithLabelValues("failed"), givenUp}
}
