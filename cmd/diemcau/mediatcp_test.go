package main

import (
	"log/slog"
	"net"
	"strings"
	"testing"
)

func TestMediaTCP(t *testing.T) {
	taken, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	busy, zero := uint16(taken.Addr().(*net.TCPAddr).Port), uint16(0)
	for _, tt := range []struct {
		name  string
		flags serverFlags
		opens bool
		fails string
	}{
		{"any number", serverFlags{}, true, ""},
		{"the number of --udp is taken", serverFlags{UDP: busy}, false, ""},
		{"the number asked for is taken", serverFlags{TCP: &busy}, false, "--tcp"},
		{"none", serverFlags{UDP: busy, TCP: &zero}, false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, err := listenMediaTCP(t.Context(), tt.flags, slog.New(slog.DiscardHandler))
			if l != nil {
				_ = l.Close()
			}
			if (l != nil) != tt.opens {
				t.Errorf("listener %v", l)
			}
			if (err != nil) != (tt.fails != "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
				t.Errorf("error %v", err)
			}
		})
	}
}
