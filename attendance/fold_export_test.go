package attendance

import (
	"errors"
	"iter"

	"github.com/diemcau/diemcau/ledger"
)

// Fold reads a session's ledger into a report. The same entries give the same report whatever their order
// after the first, so entries that arrive late are counted where they belong.
func Fold(entries iter.Seq2[ledger.Entry, error], opts FoldOptions) (*Report, error) {
	b := NewBuilder()
	for e, err := range entries {
		if err != nil {
			return nil, err
		}
		if err := b.Add(e); err != nil {
			return nil, err
		}
	}
	if !b.convened {
		return nil, errors.New("the ledger has no entries")
	}
	return b.Report(opts), nil
}
