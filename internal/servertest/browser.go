package servertest

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
)

// Browser is a person of the office at a browser of their own.
type Browser struct {
	*Bed
	Client *http.Client
	origin string // that pages of this server have
}

func (b *Bed) Browser() *Browser {
	b.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	return &Browser{Bed: b, Client: &http.Client{Jar: jar, Transport: b.HTTP.Client().Transport}, origin: b.HTTP.URL}
}

// Ask makes a request and returns status and body; header overrides are pairs.
func (p *Browser) Ask(method, path, body string, header ...string) (int, string) {
	p.Helper()
	r, err := http.NewRequestWithContext(p.Context(), method, p.HTTP.URL+path, strings.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	r.Header.Set("Origin", p.origin)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := p.Client.Do(r)
	if err != nil {
		p.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.Fatal(err)
	}
	return resp.StatusCode, string(text)
}
