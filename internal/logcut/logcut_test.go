package logcut_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/diemcau/diemcau/internal/logcut"
)

type stringer struct{ s string }

func (s stringer) String() string { return s.s }

func TestEveryAttributeIsCut(t *testing.T) {
	long := strings.Repeat("Điểm Cầu ", 1<<17)
	for name, attr := range map[string]any{
		"string":  slog.String("k", long),
		"error":   slog.Any("k", errors.New(long)),
		"bytes":   slog.Any("k", []byte(long)),
		"slice":   slog.Any("k", []string{long}),
		"value":   slog.Any("k", stringer{long}),
		"group":   slog.Group("g", slog.String("k", long), slog.Any("e", errors.New(long))),
		"key":     slog.String(long, "v"),
		"stack":   slog.String(logcut.StackKey, long),
		"nothing": slog.Any("k", nil),
	} {
		for format, handler := range map[string]func(*bytes.Buffer) slog.Handler{
			"text": func(b *bytes.Buffer) slog.Handler {
				return slog.NewTextHandler(b, &slog.HandlerOptions{ReplaceAttr: logcut.Attr})
			},
			"json": func(b *bytes.Buffer) slog.Handler {
				return slog.NewJSONHandler(b, &slog.HandlerOptions{ReplaceAttr: logcut.Attr})
			},
		} {
			var out bytes.Buffer
			slog.New(handler(&out)).With("with", long).Info(long, attr)
			if out.Len() > 40<<10 || name != "stack" && out.Len() > 8<<10 {
				t.Errorf("%s as %s has %d bytes", name, format, out.Len())
			}
			if !utf8.Valid(out.Bytes()) {
				t.Errorf("%s as %s is no UTF-8", name, format)
			}
		}
	}
}

func TestShortStaysAsItIs(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: logcut.Attr}))
	log.Warn("a line", "n", 5, "err", errors.New("no such session"), "ok", true)
	if got := out.String(); !strings.Contains(got, `level=WARN msg="a line" n=5 err="no such session" ok=true`) {
		t.Error(got)
	}
}
