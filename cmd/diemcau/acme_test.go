package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/acme"
)

const acmeName = "hop.example.vn"

// authority is a certificate authority as RFC 8555 describes it, as far as one name, one account and one kind of
// challenge need it. It trusts signatures, but looks at the challenge itself.
type authority struct {
	*httptest.Server
	t         *testing.T
	challenge string // tls-alpn-01 or http-01
	key       *ecdsa.PrivateKey
	root      *x509.Certificate

	mu     sync.Mutex
	target string // address where the name is served, for this challenge
	thumb  string // of the account's key
	proven bool
	issued []byte // PEM
	certs  int
}

func newAuthority(t *testing.T, challenge string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	ca := &authority{t: t, challenge: challenge, key: key, root: root}
	ca.Server = httptest.NewServer(http.HandlerFunc(ca.serve))
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections() // the client of package acme
		ca.Close()
	})
	return ca
}

const challengeToken = "a-token-of-the-test-authority-12"

func (ca *authority) serve(w http.ResponseWriter, r *http.Request) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	w.Header().Set("Replay-Nonce", rand.Text())
	var signed struct{ Protected, Payload string }
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(r.Body).Decode(&signed); err != nil {
			ca.t.Error(err)
		}
	}
	payload, err := base64.RawURLEncoding.DecodeString(signed.Payload)
	if err != nil {
		ca.t.Error(err)
	}
	status, answer := http.StatusOK, any(nil)
	switch r.URL.Path {
	case "/directory":
		answer = map[string]string{"newNonce": ca.URL + "/nonce", "newAccount": ca.URL + "/account", "newOrder": ca.URL + "/new-order"}
	case "/account":
		ca.thumb = thumbprint(ca.t, signed.Protected)
		w.Header().Set("Location", ca.URL+"/account/1")
		status, answer = http.StatusCreated, map[string]string{"status": "valid"}
	case "/new-order":
		ca.proven = false
		status, answer = http.StatusCreated, ca.order(w)
	case "/order":
		answer = ca.order(w)
	case "/authorization":
		answer = map[string]any{
			"status": ca.state(), "identifier": map[string]string{"type": "dns", "value": acmeName}, "challenges": []any{ca.offered()},
		}
	case "/challenge":
		ca.proven = ca.prove()
		answer = ca.offered()
	case "/finalize":
		ca.sign(payload)
		answer = ca.order(w)
	case "/certificate":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		_, _ = w.Write(ca.issued)
		return
	case "/nonce":
	default:
		status = http.StatusNotFound
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if answer != nil {
		_ = json.NewEncoder(w).Encode(answer)
	}
}

func (ca *authority) state() string {
	if ca.proven {
		return "valid"
	}
	return "pending"
}

func (ca *authority) offered() map[string]string {
	return map[string]string{"type": ca.challenge, "url": ca.URL + "/challenge", "token": challengeToken, "status": ca.state()}
}

func (ca *authority) order(w http.ResponseWriter) map[string]any {
	w.Header().Set("Location", ca.URL+"/order")
	o := map[string]any{"status": "pending", "authorizations": []string{ca.URL + "/authorization"}, "finalize": ca.URL + "/finalize"}
	switch {
	case ca.issued != nil:
		o["status"], o["certificate"] = "valid", ca.URL+"/certificate"
	case ca.proven:
		o["status"] = "ready"
	}
	return o
}

// prove looks for the answer to the challenge where the name is served: RFC 8555 8.3, RFC 8737 3.
func (ca *authority) prove() bool {
	want := challengeToken + "." + ca.thumb
	if ca.challenge == "http-01" {
		req, err := http.NewRequest(http.MethodGet, "http://"+ca.target+"/.well-known/acme-challenge/"+challengeToken, nil)
		if err != nil {
			ca.t.Error(err)
			return false
		}
		req.Host = acmeName
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		if err != nil {
			ca.t.Error(err)
			return false
		}
		defer resp.Body.Close()
		got, _ := io.ReadAll(resp.Body)
		return string(got) == want
	}
	c, err := tls.Dial("tcp", ca.target, &tls.Config{ServerName: acmeName, NextProtos: []string{acme.ALPNProto},
		InsecureSkipVerify: true}) //nolint:gosec // what it shows is compared
	if err != nil {
		ca.t.Error(err)
		return false
	}
	defer c.Close()
	state := c.ConnectionState()
	sum := sha256.Sum256([]byte(want))
	value, _ := asn1.Marshal(sum[:])
	for _, ext := range state.PeerCertificates[0].Extensions {
		if ext.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}) {
			return state.NegotiatedProtocol == acme.ALPNProto && bytes.Equal(ext.Value, value)
		}
	}
	return false
}

func (ca *authority) sign(payload []byte) {
	var req struct {
		CSR string `json:"csr"`
	}
	_ = json.Unmarshal(payload, &req)
	der, _ := base64.RawURLEncoding.DecodeString(req.CSR)
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil || !ca.proven {
		ca.t.Errorf("a certificate is asked for: %v, proven %v", err, ca.proven)
		return
	}
	ca.certs++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(1 + ca.certs)), Subject: pkix.Name{CommonName: acmeName}, DNSNames: csr.DNSNames,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	leaf, err := x509.CreateCertificate(rand.Reader, template, ca.root, csr.PublicKey, ca.key)
	if err != nil {
		ca.t.Error(err)
		return
	}
	for _, der := range [][]byte{leaf, ca.root.Raw} {
		ca.issued = append(ca.issued, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
}

// thumbprint is that of the key in a protected header (RFC 7638).
func thumbprint(t *testing.T, protected string) string {
	t.Helper()
	raw, _ := base64.RawURLEncoding.DecodeString(protected)
	var header struct{ JWK struct{ X, Y string } }
	if err := json.Unmarshal(raw, &header); err != nil {
		t.Error(err)
	}
	x, _ := base64.RawURLEncoding.DecodeString(header.JWK.X)
	y, _ := base64.RawURLEncoding.DecodeString(header.JWK.Y)
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	if err != nil {
		t.Error(err)
		return ""
	}
	thumb, err := acme.JWKThumbprint(public)
	if err != nil {
		t.Error(err)
	}
	return thumb
}

// A server gets its certificate by ACME over either port, keeps it where nobody else can read it, and needs no
// authority when it starts again.
func TestACME(t *testing.T) {
	for _, challenge := range []string{"tls-alpn-01", "http-01"} {
		t.Run(challenge, func(t *testing.T) {
			ca := newAuthority(t, challenge)
			dir := t.TempDir()
			plain := "127.0.0.1:" + freePort(t)
			flags := []string{"--tcp", "0", "--acme", acmeName, "--acme-directory", ca.URL + "/directory", "--redirect-http", plain}
			url, stop := serve(t, dir, flags...)
			address := strings.TrimPrefix(url, "https://")
			ca.mu.Lock()
			if ca.target = address; challenge == "http-01" {
				ca.target = plain
			}
			ca.mu.Unlock()
			first := shownBy(t, address, ca.root)
			stop()

			files, err := os.ReadDir(filepath.Join(dir, "acme"))
			if err != nil || len(files) == 0 {
				t.Fatalf("nothing is kept: %v", err)
			}
			for _, f := range files {
				if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("%s: %v, %v", f.Name(), info.Mode(), err)
				}
			}
			ca.Close()
			url, _ = serve(t, dir, flags...)
			if again := shownBy(t, strings.TrimPrefix(url, "https://"), ca.root); again != first || ca.certs != 1 {
				t.Errorf("after a restart: certificate %d, before %d; %d were issued", again, first, ca.certs)
			}
		})
	}
}

// shownBy returns the number of the certificate that a server shows for the name; the authority has to have signed it.
func shownBy(t *testing.T, address string, root *x509.Certificate) int64 {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(root)
	d := tls.Dialer{NetDialer: &net.Dialer{Timeout: time.Minute},
		Config: &tls.Config{ServerName: acmeName, RootCAs: roots}} //nolint:gosec // TLS 1.2 by default
	c, err := d.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64() //nolint:forcetypeassert // as dialled
}
