package api_test

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/diemcau/diemcau/internal/postgrestest"
	"github.com/diemcau/diemcau/internal/servertest"
	"go.uber.org/goleak"
)

// postgres is a server for the tests that want one, started by the first of them.
var (
	postgres        = sync.OnceValues(postgrestest.Start)
	postgresStarted atomic.Bool
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if postgresStarted.Load() {
			server, err := postgres()
			if err == nil {
				err = server.Stop()
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, "PostgreSQL:", err)
				code = 1
			}
		}
		os.Exit(code)
	}))
}

// onBoth runs a test on SQLite and on PostgreSQL, which is skipped where it is not installed.
func onBoth(t *testing.T, test func(b *servertest.Bed)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { test(servertest.NewBed(t, "")) })
	t.Run("PostgreSQL", func(t *testing.T) {
		postgresStarted.Store(true)
		server, err := postgres()
		if err != nil {
			t.Fatal(err)
		}
		test(servertest.NewBedOn(t, server.Database(t), ""))
	})
}
