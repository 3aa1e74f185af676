//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/admission"
)

// TestFewDescriptors fills servers that may open few files with connections of sites: the next one is refused in
// words, health checks are answered all the same whatever else comes, the log says why, and room that is given back is
// given on.
func TestFewDescriptors(t *testing.T) {
	bin := buildBinary(t)
	for _, limit := range []int{256, 1500} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			if admission.Descriptors() < 2*limit {
				t.Skipf("this process may open %d files, and needs about %d", admission.Descriptors(), 2*limit)
			}
			units := strings.Builder{}
			units.WriteString("code,parent_code,level,name\nTW,,central,Trung ương\nP58,TW,province,Tỉnh Ninh Thuận\n")
			for i := range limit / 10 {
				fmt.Fprintf(&units, "C%d,P58,commune,Xã %d\n", i, i)
			}
			dir := t.TempDir()
			must(t, "roster", "import", write(t, "units.csv", units.String()), "--data", dir)
			links := create(t, "--data", dir)
			p := startUnder(t, []string{"sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, limit), bin}, "--data", dir)
			if !strings.Contains(p.log.String(), "the limit of open files is low") {
				t.Errorf("no warning at the start: %s", p.log)
			}
			room := metricsOf(t, p.url)["diemcau_sockets_limit"]
			if room <= 0 || room >= float64(limit) {
				t.Fatalf("room for %v connections", room)
			}

			var held []net.Conn
			let := func() {
				for _, c := range held {
					c.Close()
				}
			}
			defer let()
			refusal := ""
			for i := 0; refusal == "" && i < limit; i++ {
				c, status, body := ask(t, p.url, token(links.Endpoints[i/16%len(links.Endpoints)].Link))
				held = append(held, c)
				if status != http.StatusOK {
					refusal = fmt.Sprint(status, " ", body)
				}
			}
			if !strings.Contains(refusal, "503 the server has no room") {
				t.Errorf("with %d connections the next one was told %q", len(held), refusal)
			}
			if n := float64(len(held)); n < room-32 || n > room+1 {
				t.Errorf("refused at %d connections; there is room for %v", len(held), room)
			}
			for range 100 { // silent ones
				c, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
				if err != nil {
					t.Fatal(err)
				}
				held = append(held, c)
			}
			for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
				if status, body := get(t, p.url+path, ""); status != http.StatusOK {
					t.Errorf("%s: %d %s", path, status, body)
				}
			}
			if n := metricsOf(t, p.url)[`diemcau_requests_cut_total{reason="crowded"}`]; n == 0 {
				t.Error("the refusal was not counted")
			}
			if !strings.Contains(p.log.String(), "connections are refused: all that the limit of open files allows are taken") {
				t.Errorf("the log does not say it: %s", p.log)
			}
			let()
			for { // until the server has seen that they are closed; the test's own deadline bounds it
				c, status, _ := ask(t, p.url, token(links.Endpoints[0].Link))
				c.Close()
				if status == http.StatusOK {
					break
				}
			}
		})
	}
}

// ask sends a request of a site over a connection of its own, which stays open.
func ask(t *testing.T, url, token string) (c net.Conn, status int, body string) {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(c, "GET /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", token); err != nil {
		return c, 0, err.Error()
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return c, 0, err.Error()
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return c, 0, err.Error()
	}
	return c, resp.StatusCode, string(text)
}
