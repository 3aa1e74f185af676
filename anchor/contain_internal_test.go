package anchor

import (
	"log/slog"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/store"
	"github.com/prometheus/client_golang/prometheus"
)

// upset is an authority whose answer makes its reader panic.
type upset struct{}

func (upset) RoundTrip(*http.Request) (*http.Response, error) { panic("of a test") }

// The answer of a time-stamp authority that the program stumbles over is counted as other faults are, and asked for again.
func TestPanicOfAStampIsCounted(t *testing.T) {
	rec, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "diemcau.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rec.Close() })
	faults := 0
	k, _, err := Open(t.Context(), Config{
		Dir: t.TempDir(), Record: rec, Every: 1 << 40, Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(),
		Authority: &Authority{url: "http://tsa.example.vn", client: &http.Client{Transport: upset{}}}, Panicked: func(any, ...any) { faults++ },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if k.send(t.Context(), ledger.Anchor{Session: "s1", Seq: 1, Head: "00"}) {
		t.Error("it counts as stamped")
	}
	if faults != 1 {
		t.Errorf("%d faults counted", faults)
	}
}
