package signaling

import (
	"crypto/ed25519"
	"errors"
	"net/http"

	"github.com/diemcau/diemcau/ledger"
)

// keyRoutes enters the requests about the key that signs exported ledgers.
func (a recordAPI) keyRoutes(mux *http.ServeMux) {
	a.route(mux, "GET /api/v1/ledger-key", anyone, a.ledgerKey)
	a.route(mux, "POST /api/v1/ledger-key/rotate", admins, a.rotateLedgerKey)
}

// ledgerKey answers with the public key that verifies exported ledgers.
func (a recordAPI) ledgerKey(w http.ResponseWriter, _ *http.Request, _ Identity) error {
	public, ok := a.srv.ledgerKey.Load().Public().(ed25519.PublicKey)
	if !ok {
		return errors.New("the ledger key is not Ed25519")
	}
	text, err := ledger.EncodePublicKey(public)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	_, _ = w.Write(text)
	return nil
}

// rotateLedgerKey signs with a new key from now on and answers with its public half. The former one is gone: files
// that it signed name its public half.
func (a recordAPI) rotateLedgerKey(w http.ResponseWriter, r *http.Request, who Identity) error {
	key, err := makeKey(r.Context(), a.srv.record, ledgerKeyEntry)
	if err != nil {
		return err
	}
	a.srv.ledgerKey.Store(&key)
	a.log.Info("ledgers are signed by a new key", "by", who.Endpoint)
	return a.ledgerKey(w, r, who)
}
