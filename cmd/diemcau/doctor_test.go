package main

import (
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/doctor"
)

// examined runs the command and returns its findings by check.
func examined(t *testing.T, args ...string) (found map[string]doctor.Finding, exit int) {
	t.Helper()
	var results []struct {
		Check, Level, Found, Mend string
	}
	code, out, _ := call(t, append([]string{"doctor", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &results); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	found = map[string]doctor.Finding{}
	for _, r := range results {
		level := map[string]doctor.Level{"ok": doctor.LevelOK, "note": doctor.LevelNote, "warn": doctor.LevelWarn, "fail": doctor.LevelFail}[r.Level]
		found[r.Check] = doctor.Finding{Level: level, Found: r.Found, Mend: r.Mend}
	}
	return found, code
}

func TestDoctorNamesWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	found, code := examined(t, "serve", "--data", nowhere, "--http", taken.Addr().String(), "--udp", "0", "--tcp", "0",
		"--database", "postgres://somebody:geheim@127.0.0.1:1/x", "--tls-cert", nowhere, "--tls-key", nowhere, "--public-url", "https://127.0.0.1")
	if code != exitBroken {
		t.Errorf("exit %d", code)
	}
	for check, says := range map[string]string{
		"pages": "taken by another program", "record": "PostgreSQL", "certificate": "no such file", "file system": "no such file", "disk": "no such file",
	} {
		if f := found[check]; f.Level != doctor.LevelFail || !strings.Contains(f.Found, says) || f.Mend == "" {
			t.Errorf("%s: %+v, want a failure with %q", check, f, says)
		}
	}
	if strings.Contains(found["record"].Found, "geheim") {
		t.Errorf("the password is told: %s", found["record"].Found)
	}
	if found["public URL"].Level != doctor.LevelOK {
		t.Errorf("public URL: %+v", found["public URL"])
	}
}

func TestDoctorOfAGoodMachine(t *testing.T) {
	found, _ := examined(t, "serve", "--data", t.TempDir(), "--http", "127.0.0.1:0", "--udp", "0", "--database", startPostgres(t).Database(t))
	for _, check := range []string{"record", "pages", "disk space"} {
		if f := found[check]; f.Level != doctor.LevelOK {
			t.Errorf("%s: %+v", check, f)
		}
	}
	if f := found["record"]; !strings.Contains(f.Found, "tables of version 0") {
		t.Errorf("record: %+v; nothing is made there", f)
	}
}

func TestDoctorBesideItsServer(t *testing.T) {
	dir := t.TempDir()
	url, stop := serve(t, dir)
	defer stop()
	found, _ := examined(t, "serve", "--data", dir, "--http", strings.TrimPrefix(url, "http://"), "--udp", "0")
	if f := found["pages"]; f.Level != doctor.LevelOK || !strings.Contains(f.Found, "while this server runs") {
		t.Errorf("pages: %+v", f)
	}
}
