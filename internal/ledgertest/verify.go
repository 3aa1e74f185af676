// Package ledgertest checks ledgers in tests.
package ledgertest

import (
	"iter"

	"github.com/diemcau/diemcau/ledger"
)

// Verify reads a session's ledger from its first entry and returns its head. A ledger that is not whole
// gives a *ledger.BrokenError; an error of the sequence itself is passed on. It cannot see that entries are missing
// at the end: that is what the signed trailer of an export is for.
func Verify(entries iter.Seq2[ledger.Entry, error]) (ledger.Head, error) {
	head := ledger.Head{Hash: ledger.Genesis()}
	for e, err := range ledger.Checked(entries) {
		if err != nil {
			return head, err
		}
		head = ledger.Head{Seq: e.Seq, Hash: e.Hash, RecordedAt: e.RecordedAt}
	}
	return head, nil
}
