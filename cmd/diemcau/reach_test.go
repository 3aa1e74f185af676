package main

import (
	"strings"
	"testing"
)

func TestOnlyWay(t *testing.T) {
	const sdp = "v=0\r\n" +
		"a=candidate:1 1 udp 2130706431 192.0.2.7 7882 typ host\r\n" +
		"a=candidate:2 1 TCP 1671430143 192.0.2.7 7882 typ host tcptype passive\r\n" +
		"a=end-of-candidates\r\n"
	for way, want := range map[string][2]bool{"udp": {true, false}, "tcp": {false, true}, "turn": {true, true}} {
		got := onlyWay(sdp, way)
		if strings.Contains(got, " udp ") != want[0] || strings.Contains(got, " TCP ") != want[1] || !strings.Contains(got, "a=end-of-candidates\r\n") {
			t.Errorf("%s: %q", way, got)
		}
	}
}

func TestReachBesideAServer(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir)
	code, _, errOut := call(t, "doctor", "--reach", "serve", "--data", dir, "--http", "127.0.0.1:0", "--udp", "0")
	if code != exitBroken || !strings.Contains(errOut, "in use") {
		t.Errorf("%d %s", code, errOut)
	}
}
