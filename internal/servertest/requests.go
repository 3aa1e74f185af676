package servertest

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/signaling/client"
)

// Request makes one over TCP and returns status and body.
func (b *Bed) Request(method, path, token, body string) (int, string) {
	b.Helper()
	return b.RequestWithin(b.Context(), method, path, token, body)
}

func (b *Bed) RequestWithin(ctx context.Context, method, path, token, body string) (int, string) {
	b.Helper()
	r, err := http.NewRequestWithContext(ctx, method, b.HTTP.URL+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return b.send(r)
}

// send sends a request and reads its answer.
func (b *Bed) send(r *http.Request) (int, string) {
	b.Helper()
	resp, err := b.HTTP.Client().Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// From sends a request as a proxy of this machine does for a client.
func (b *Bed) From(client, method, path, body string) (int, string) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), method, b.HTTP.URL+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Forwarded-For", client)
	return b.send(req)
}

// CloseCode is the code by which a WebSocket was closed (RFC 6455 7.4), 0 of another error.
func CloseCode(err error) int {
	var end *client.CloseError
	if errors.As(err, &end) {
		return end.Code
	}
	return 0
}

// Get asks for a path as the holder of a token.
func Get(t *testing.T, b *Bed, path, token string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.HTTP.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close(); http.DefaultClient.CloseIdleConnections() })
	return resp
}

// SocketURL is the address of the WebSocket.
func SocketURL(b *Bed) string { return "ws" + strings.TrimPrefix(b.HTTP.URL, "http") + "/ws" }

// Picture is a JPEG in base64, as pages send it.
func Picture(t *testing.T, width, height int) string {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, image.NewGray(image.Rect(0, 0, width, height)), nil); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
