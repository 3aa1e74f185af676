package api

import (
	"context"
	"crypto/ed25519"
	"errors"
	"net/http"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/keyring"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// keyRoutes enters the requests about the keys that sign exported ledgers and tokens.
func (a keysAPI) keyRoutes(mux *http.ServeMux) {
	a.route(mux, "GET /api/v1/token-keys", a.listTokenKeys)
	a.route(mux, "POST /api/v1/token-keys/rotate", a.rotateTokenKey)
	a.route(mux, "DELETE /api/v1/token-keys/{kid}", a.retireTokenKey)
	a.route(mux, "GET /api/v1/ledger-key", a.ledgerKey)
	a.route(mux, "POST /api/v1/ledger-key/rotate", a.rotateLedgerKey)
}

// ledgerKey answers with the public key that verifies exported ledgers.
func (a keysAPI) ledgerKey(w http.ResponseWriter, _ *http.Request, _ access.Identity) error {
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
func (a keysAPI) rotateLedgerKey(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	set, err := keyring.NewSet()
	if err != nil {
		return err
	}
	former := a.api.ledgerKey.Load()
	set.Former = append([]ed25519.PublicKey{former.Public()}, former.Former...)
	if err := a.api.keys.SaveKeys(keyring.Ledger, set); errors.Is(err, keyring.ErrFixed) {
		return fault.New(protocol.CodeUnavailable, err.Error())
	} else if err != nil {
		return err
	}
	a.api.ledgerKey.Store(&set)
	a.log.Info("ledgers are signed by a new key", "by", who.Endpoint)
	return a.ledgerKey(w, r, who)
}

// listTokenKeys answers with the keys of links and administrators' tokens that are in force.
func (a keysAPI) listTokenKeys(w http.ResponseWriter, _ *http.Request, _ access.Identity) error {
	writeJSON(w, http.StatusOK, struct {
		Keys []tokenKey `json:"keys"`
	}{a.api.tokenKeys.list()})
	return nil
}

// rotateTokenKey signs links and tokens with a new key from now on. Those given out before open as they did.
func (a keysAPI) rotateTokenKey(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	if err := a.api.tokenKeys.rotate(); err != nil {
		return err
	}
	a.log.Info("links and tokens are signed by a new key", "kid", a.api.tokenKeys.force.ID(), "by", who.Endpoint)
	return a.listTokenKeys(w, r, who)
}

// retireTokenKey ends the links and tokens that a former key signed, and the connections that were opened by them.
func (a keysAPI) retireTokenKey(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	kid := r.PathValue("kid")
	if err := a.api.tokenKeys.retire(kid); err != nil {
		return err
	}
	a.log.Warn("links and tokens of a former key open nothing any more", "kid", kid, "by", who.Endpoint)
	a.api.links.EndRetired(context.WithoutCancel(r.Context()))
	w.WriteHeader(http.StatusNoContent)
	return nil
}
