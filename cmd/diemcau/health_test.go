package main

import (
	"strings"
	"testing"
)

func TestHealth(t *testing.T) {
	dir := t.TempDir()
	if code, _, errOut := call(t, "health", "--data", dir); code != exitBroken || !strings.Contains(errOut, errNoServer.Error()) {
		t.Errorf("without a server: %d %s", code, errOut)
	}
	_, stop := serve(t, dir)
	if out := must(t, "health", "--data", dir); out != "ready\n" {
		t.Errorf("beside a server: %q", out)
	}
	stop()
	if code, _, _ := call(t, "health", "--data", dir); code != exitBroken {
		t.Errorf("after it: %d", code)
	}
}
