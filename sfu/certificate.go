package sfu

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"time"

	"github.com/pion/webrtc/v4"
)

// certificateLife is long: browsers check the fingerprint that the offer named, not the dates.
const certificateLife = 10 * 365 * 24 * time.Hour

// NewCertificate makes a DTLS certificate and its key, in PEM, to be kept and given to every run.
func NewCertificate() (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return "", err
	}
	now := time.Now()
	template := x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "diemcau"},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(certificateLife),
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		return "", err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, block := range []pem.Block{{Type: "CERTIFICATE", Bytes: der}, {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := pem.Encode(&out, &block); err != nil {
			return "", err
		}
	}
	return out.String(), nil
}

// parseCertificate reads what NewCertificate made, for both kinds of transport.
func parseCertificate(text string) (tls.Certificate, webrtc.Certificate, error) {
	pair, err := tls.X509KeyPair([]byte(text), []byte(text))
	if err != nil {
		return pair, webrtc.Certificate{}, err
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return pair, webrtc.Certificate{}, errors.New("not an ECDSA key")
	}
	return pair, webrtc.CertificateFromX509(key, pair.Leaf), nil
}
