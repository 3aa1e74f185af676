package anchor

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	_ "crypto/sha512" // time-stamp authorities sign with it
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"
)

const (
	stampWithin = 20 * time.Second
	maxStamp    = 256 << 10
)

// Authority is a time-stamp authority over HTTP (RFC 3161 3.4).
type Authority struct {
	url    string
	client *http.Client
}

// NewAuthority names an authority by its URL.
func NewAuthority(url string) *Authority {
	return &Authority{url: url, client: &http.Client{Timeout: stampWithin}}
}

// Stamp has the hash of an entry stamped and returns the response (DER), which is about this hash and this request.
func (a *Authority) Stamp(ctx context.Context, head string) ([]byte, error) {
	hash, err := hex.DecodeString(head)
	if err != nil {
		return nil, err
	}
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))
	if err != nil {
		return nil, err
	}
	// The hash of an entry is a SHA-256 digest, so it is itself what is stamped.
	query, err := (&timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: hash, Certificates: true, Nonce: nonce}).Marshal()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, bytes.NewReader(query))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/timestamp-query")
	resp, err := a.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answered %s", resp.Status)
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxStamp))
	if err != nil {
		return nil, err
	}
	stamp, err := parse(answer)
	switch {
	case err != nil:
		return nil, err
	case !bytes.Equal(stamp.HashedMessage, hash) || stamp.HashAlgorithm != crypto.SHA256:
		return nil, errors.New("it stamped something else")
	case stamp.Nonce == nil || stamp.Nonce.Cmp(nonce) != 0:
		return nil, errors.New("it answered another request")
	}
	return answer, nil
}

// parse reads a response, or a token alone, whose signature must fit a certificate in it. The library's reader of BER
// panics where a length leads beyond the end: what is no DER does not come that far, and what it still stumbles over is
// an error like any other.
func parse(der []byte) (stamp *timestamp.Timestamp, err error) {
	defer func() {
		if why := recover(); why != nil {
			stamp, err = nil, fmt.Errorf("no time stamp: %v", why)
		}
	}()
	var outer asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &outer); err != nil || len(rest) > 0 {
		return nil, errors.Join(errors.New("no time stamp: it is no DER"), err)
	}
	stamp, err = timestamp.ParseResponse(der)
	if err != nil {
		if token, tokenErr := timestamp.Parse(der); tokenErr == nil {
			stamp, err = token, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("no time stamp: %w", err)
	}
	if len(stamp.Certificates) == 0 { // nobody's signature was checked then
		return nil, errors.New("the time stamp holds no certificate of its authority")
	}
	return stamp, nil
}

// ReadStamp reads a time stamp (RFC 3161, DER; a response or a token alone) as an anchor. Its authority has to be one that
// roots vouch for at the time of the stamp. Without roots, the signature has to fit the certificate in the stamp, which
// anybody can make: the reader has to look at Authority.
func ReadStamp(der []byte, roots *x509.CertPool) (a ledger.Anchor, authority string, err error) {
	stamp, err := parse(der)
	if err != nil {
		return a, "", err
	}
	if stamp.HashAlgorithm != crypto.SHA256 {
		return a, "", errors.New("the time stamp is not about a SHA-256 hash")
	}
	p7, err := pkcs7.Parse(stamp.RawToken)
	if err != nil {
		return a, "", err
	}
	signer := p7.GetOnlySigner()
	if signer == nil {
		return a, "", errors.New("the time stamp has not one signer")
	}
	if roots != nil {
		between := x509.NewCertPool()
		for _, cert := range p7.Certificates {
			between.AddCert(cert)
		}
		_, err := signer.Verify(x509.VerifyOptions{
			Roots: roots, Intermediates: between, CurrentTime: stamp.Time, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
		})
		if err != nil {
			return a, "", fmt.Errorf("the authority of the time stamp: %w", err)
		}
	}
	return ledger.Anchor{Head: hex.EncodeToString(stamp.HashedMessage), At: stamp.Time}, signer.Subject.String(), nil
}
