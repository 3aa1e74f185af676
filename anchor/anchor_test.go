package anchor_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/anchor"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/store"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var t0 = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

// chain makes the entries of a session: convened, then one for each event.
func chain(t *testing.T, session string, events ...meeting.Event) []ledger.Entry {
	t.Helper()
	c := ledger.NewChain(session, ledger.NewNode(session, 0), ledger.Head{})
	var list []ledger.Entry
	for i, ev := range append([]meeting.Event{&meeting.Convened{Title: "T", TimeZone: "UTC"}}, events...) {
		e, err := c.Next(time.Time{}, t0.Add(time.Duration(i)*time.Second), "", ev)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

// record is a store that holds a session.
func record(t *testing.T, dir string, list []ledger.Entry) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), filepath.Join(dir, "diemcau.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	if err := st.CreateSession(t.Context(), store.NewSession{SessionRow: store.SessionRow{ID: list[0].Session, Title: "T", Phase: meeting.PhaseOpen,
		CreatedAt: t0}, Entries: list}); err != nil {
		t.Fatal(err)
	}
	return st
}

func config(t *testing.T, dir string, rec anchor.Record) anchor.Config {
	t.Helper()
	return anchor.Config{Dir: dir, Record: rec, Every: time.Hour, Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry()}
}

// keep opens a keeper, lets it note everything, and closes it.
func keep(t *testing.T, cfg anchor.Config) []*anchor.ContradictionError {
	t.Helper()
	k, list, err := anchor.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(k.Start(t.Context()), k.Close()); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestHeadsNameAShortenedOrRewrittenTail(t *testing.T) {
	whole := chain(t, "s1", &meeting.Opened{}, &meeting.HandRaised{Endpoint: "C1"}, &meeting.HandLowered{Endpoint: "C1"})
	other := chain(t, "s1", &meeting.Opened{}, &meeting.HandRaised{Endpoint: "C2"}, &meeting.HandLowered{Endpoint: "C2"})
	grown := chain(t, "s1", &meeting.Opened{}, &meeting.HandRaised{Endpoint: "C1"}, &meeting.HandLowered{Endpoint: "C1"}, &meeting.HandRaised{Endpoint: "C3"})
	for name, tt := range map[string]struct {
		now  []ledger.Entry
		says string // empty = nothing
	}{
		"the same":  {whole, ""},
		"grown":     {grown, ""},
		"shortened": {whole[:2], "entries 3 to 4"},
		"rewritten": {other, "entry 4 is not the one"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			keep(t, config(t, dir, record(t, t.TempDir(), whole)))
			rec := record(t, t.TempDir(), tt.now)
			for range 2 { // it is said at each start until somebody looked
				list := keep(t, config(t, dir, rec))
				if tt.says == "" && len(list) > 0 || tt.says != "" && (len(list) != 1 || !strings.Contains(list[0].Error(), tt.says)) {
					t.Errorf("%v, want %q", list, tt.says)
				}
			}
		})
	}
	t.Run("gone", func(t *testing.T) {
		dir := t.TempDir()
		keep(t, config(t, dir, record(t, t.TempDir(), whole)))
		empty := record(t, t.TempDir(), chain(t, "s2", &meeting.Opened{}))
		if list := keep(t, config(t, dir, empty)); len(list) != 1 || list[0].Last != 0 {
			t.Errorf("%v", list)
		}
	})
}

// A killed process leaves a torn line; what is before it counts.
func TestATornLineOfHeads(t *testing.T) {
	dir := t.TempDir()
	whole := chain(t, "s1", &meeting.Opened{}, &meeting.HandRaised{Endpoint: "C1"})
	keep(t, config(t, dir, record(t, t.TempDir(), whole)))
	path := filepath.Join(dir, anchor.HeadsFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(text, `{"session":"s1","se`...), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, log := config(t, dir, record(t, t.TempDir(), whole[:1])), &bytes.Buffer{}
	cfg.Log = slog.New(slog.NewTextHandler(log, nil))
	if list := keep(t, cfg); len(list) != 1 {
		t.Errorf("%v", list)
	}
	if !strings.Contains(log.String(), "the last line of the file of heads was cut") {
		t.Errorf("nobody is told of the torn line: %s", log)
	}
	if err := os.WriteFile(path, []byte("rubbish\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := anchor.Open(t.Context(), config(t, dir, record(t, t.TempDir(), whole))); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("rubbish: %v", err)
	}
}

// authority is a time-stamp authority that openssl ts answers for. ca is its root certificate (PEM).
func authority(t *testing.T) (url, dir string) {
	t.Helper()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("needs openssl")
	}
	dir = t.TempDir()
	run := func(ctx context.Context, args ...string) error {
		cmd := exec.CommandContext(ctx, openssl, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("openssl %v: %w: %s", args, err, out)
		}
		return nil
	}
	config := `
[req]
distinguished_name = dn
prompt = no
[dn]
CN = Time-stamp authority of a test
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[tsa]
default_tsa = tsa1
[tsa1]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
certs = ca.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
`
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "conf"), []byte(config), 0o600),
		os.WriteFile(filepath.Join(dir, "serial"), []byte("01\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-config",
			"conf", "-extensions", "ca", "-subj", "/CN=Root of a test"},
		{"req", "-newkey", "rsa:2048", "-nodes", "-keyout", "tsa.key", "-out", "tsa.csr", "-config", "conf"},
		{"x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "tsa.pem", "-days", "30", "-extfile", "conf",
			"-extensions", "leaf"},
	} {
		if err := run(t.Context(), args...); err != nil {
			t.Fatal(err)
		}
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := io.ReadAll(r.Body)
		if err == nil && r.Header.Get("Content-Type") != "application/timestamp-query" {
			err = errors.New("no query")
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "query"), query, 0o600)
		}
		if err == nil {
			err = run(r.Context(), "ts", "-reply", "-config", "conf", "-queryfile", "query", "-out", "reply")
		}
		answer, readErr := os.ReadFile(filepath.Join(dir, "reply"))
		if err = errors.Join(err, readErr); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		w.Write(answer)
	}))
	t.Cleanup(func() { srv.Close(); http.DefaultClient.CloseIdleConnections() })
	return srv.URL, dir
}

// The head of a sealed session is stamped at once; openssl and this package agree on what the stamp says, and a ledger
// that was written anew contradicts it.
func TestTimeStampsOfOpenSSL(t *testing.T) {
	url, ca := authority(t)
	dir := t.TempDir()
	whole := chain(t, "s1", &meeting.Opened{}, &meeting.HandRaised{Endpoint: "C1"}, &meeting.Sealed{By: "@secretary"})
	cfg := config(t, dir, record(t, t.TempDir(), whole))
	told := make(chan string, 8)
	cfg.Authority, cfg.Due = anchor.NewAuthority(url), func(session string) { told <- session }
	k, _, err := anchor.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-told; got != "s1" {
		t.Errorf("told of %q", got)
	}
	file := filepath.Join(dir, anchor.StampsDir, "s1-4.tsr")
	var stamp []byte
	for deadline := time.Now().Add(time.Minute); ; {
		if stamp, err = os.ReadFile(file); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond) // polls
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	head := whole[3].Hash
	out, err := exec.CommandContext(t.Context(), "openssl", "ts", "-verify", "-digest", head, "-in", file, "-CAfile",
		filepath.Join(ca, "ca.pem")).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Verification: OK") {
		t.Errorf("openssl says %v: %s", err, out)
	}
	pem, err := os.ReadFile(filepath.Join(ca, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	a, who, err := anchor.ReadStamp(stamp, roots)
	if err != nil || a.Head != head || time.Since(a.At) > time.Hour || !strings.Contains(who, "Time-stamp authority") {
		t.Errorf("%+v by %q, %v", a, who, err)
	}
	if _, _, err := anchor.ReadStamp(stamp, x509.NewCertPool()); err == nil {
		t.Error("an authority that nobody vouches for was taken")
	}
	if _, _, err := anchor.ReadStamp(bytes.Replace(stamp, []byte(head[:0]+string(mustHex(t, head))), bytes.Repeat([]byte{1}, 32), 1), roots); err == nil {
		t.Error("a stamp with another hash was taken")
	}
}

func mustHex(t *testing.T, text string) []byte {
	t.Helper()
	var out []byte
	if _, err := fmt.Sscanf(text, "%x", &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAnAuthorityThatAnswersRubbish(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter){
		"nothing": func(http.ResponseWriter) {},
		"rubbish": func(w http.ResponseWriter) { w.Write([]byte("rubbish")) },
		"an error": func(w http.ResponseWriter) {
			http.Error(w, "no", http.StatusForbidden)
		},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w) }))
		if _, err := anchor.NewAuthority(srv.URL).Stamp(t.Context(), ledger.Genesis()); err == nil {
			t.Errorf("%s was taken for a stamp", name)
		}
		srv.Close()
	}
}

func FuzzReadStamp(f *testing.F) {
	f.Add([]byte{0x30, 0x03, 0x02, 0x01, 0x00})
	f.Fuzz(func(t *testing.T, der []byte) {
		if _, _, err := anchor.ReadStamp(der, x509.NewCertPool()); err == nil {
			t.Fatal("a stamp that nobody vouches for was taken")
		}
	})
}
