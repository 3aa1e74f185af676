package main

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
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

// Profiles are for whoever may read the data folder, and for nobody else.
func TestProfilesAreOnTheAdminSocketAlone(t *testing.T) {
	dir := t.TempDir()
	url, stop := serve(t, dir)
	defer stop()
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/profile?seconds=1"} {
		if status, text := get(t, url+path, ""); status != http.StatusNotFound {
			t.Errorf("%s is open to all: %d %.100s", path, status, text)
		}
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(dir, "admin.sock"))
	}}}
	answer, err := client.Get("http://./debug/pprof/heap?gc=1")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("on the admin socket: %d", answer.StatusCode)
	}
}
