package contain_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/contain"
)

func TestRun(t *testing.T) {
	var log bytes.Buffer
	report := contain.Log(slog.New(slog.NewTextHandler(&log, nil)))
	if err := contain.Run(report, func() error { return io.EOF }); !errors.Is(err, io.EOF) || log.Len() > 0 {
		t.Errorf("%v, %s", err, &log)
	}
	err := contain.Run(report, func() error { panic("of a test") }, "peer", "p1")
	if !errors.Is(err, contain.ErrPanic) || !strings.Contains(log.String(), "peer=p1") || !strings.Contains(log.String(), "contain_test.go") {
		t.Errorf("%v, %s", err, &log)
	}
}
