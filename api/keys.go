package api

import (
	"crypto/ed25519"
	"errors"
	"net/http"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/keyring"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// keyRoutes enters the requests about the key that signs exported ledgers.
func (a recordAPI) keyRoutes(mux *http.ServeMux) {
	a.route(mux, "GET /api/v1/ledger-key", a.ledgerKey)
	a.route(mux, "POST /api/v1/ledger-key/rotate", a.rotateLedgerKey)
}

// ledgerKey answers with the public key that verifies exported ledgers.
func (a recordAPI) ledgerKey(w http.ResponseWriter, _ *http.Request, _ access.Identity) error {
	text, err := ledger.EncodePublicKey(a.api.ledgerKey.Load().Public())
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	_, _ = w.Write(text)
	return nil
}

// rotateLedgerKey signs with a new key from now on and answers with its public half. The former one is gone: files
// that it signed name its public half.
func (a recordAPI) rotateLedgerKey(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	set, err := keyring.NewSet()
	if err != nil {
		return err
	}
	former := a.api.ledgerKey.Load()
	set.Former = append([]ed25519.PublicKey{former.Public()}, former.Former...)
	if err := a.api.keys.SaveKeys(keyring.Ledger, set); errors.Is(err, keyring.ErrFixed) {
		return fault.New(protocol.Unavailable, err.Error())
	} else if err != nil {
		return err
	}
	a.api.ledgerKey.Store(&set)
	a.log.Info("ledgers are signed by a new key", "by", who.Endpoint)
	return a.ledgerKey(w, r, who)
}
