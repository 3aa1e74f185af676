package api

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/internal/fault"
)

// Two answers are made at once, some wait, and who comes after them is refused with a time to come again, and counted.
func TestFiguresAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dropped := 0
		s := &API{figures: newSummariser(nil, nil, nil), dropped: func(reason string) {
			if reason == dropFigures {
				dropped++
			}
		}}
		var mu sync.Mutex
		going, most, release := 0, 0, make(chan struct{})
		count := func(change int) {
			mu.Lock()
			defer mu.Unlock()
			going += change
			most = max(most, going)
		}
		answer := figuresAPI{&router{api: s}}.bounded(func(*figuresAnswer, *http.Request, access.Identity) error {
			count(1)
			<-release
			count(-1)
			return nil
		})
		ask := func(ctx context.Context) (*httptest.ResponseRecorder, error) {
			w := httptest.NewRecorder()
			return w, answer(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil), access.Identity{})
		}
		done := make(chan error, figuresAtOnce+figuresWaiting)
		for range figuresAtOnce + figuresWaiting {
			go func() { _, err := ask(t.Context()); done <- err }()
			synctest.Wait()
		}
		w, err := ask(t.Context())
		if f := fault.Of(err); f.Status != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || dropped != 1 {
			t.Errorf("one too many: %v, %d dropped", err, dropped)
		}
		for range cap(done) {
			release <- struct{}{}
			if err := <-done; err != nil {
				t.Error(err)
			}
			synctest.Wait()
		}
		if most != figuresAtOnce {
			t.Errorf("%d at once", most)
		}
		// Who gives up while waiting takes no place.
		for range figuresAtOnce {
			go func() { _, _ = ask(t.Context()) }()
			synctest.Wait()
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, err := ask(ctx); done <- err }()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		for range figuresAtOnce {
			release <- struct{}{}
		}
		synctest.Wait()
		if len(s.figures.places) != 0 || s.figures.waiting.Load() != 0 {
			t.Errorf("%d places and %d waiting are left", len(s.figures.places), s.figures.waiting.Load())
		}
	})
}
