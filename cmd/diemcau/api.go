package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
)

// adminSocket is the file in the data folder on which a running server takes commands from its own machine.
const adminSocket = "admin.sock"

// target says which server or data folder a command works on. A command speaks the HTTP API in each case:
// to a far server, to the live one of the folder through its socket, or to one made for the call.
type target struct {
	Data     string `help:"Data folder." default:"./data" placeholder:"DIR" type:"path"`
	Database string `help:"postgres:// URL of the record, if it is not in the data folder." placeholder:"URL"`
	Server   string `help:"URL of a running server, instead of a data folder." placeholder:"URL"`
	Token    string `help:"Administrator's token for --server." placeholder:"TOKEN" secret:""`
	keysFlag
}

// api is a caller of the HTTP API.
type api struct {
	client *http.Client
	base   string
	token  string
	close  func() error
}

// open connects to the target.
func (t target) open(ctx context.Context) (*api, error) {
	if t.Server != "" {
		u, err := url.Parse(t.Server)
		if err != nil || u.Host == "" {
			return nil, &usageError{"--server wants a URL such as https://hop.example.vn"}
		}
		if t.Token == "" {
			return nil, &usageError{"--server needs --token or DIEMCAU_TOKEN; make one with `diemcau admin token` on the server"}
		}
		return &api{client: http.DefaultClient, base: strings.TrimSuffix(t.Server, "/"), token: t.Token, close: func() error { return nil }}, nil
	}
	live, err := dialAdmin(ctx, t.Data)
	if live != nil || err != nil {
		return live, err
	}
	off, err := openOffline(ctx, t.Data, t.Database, t.keysFlag)
	if err != nil {
		return nil, err
	}
	local := &inProcess{handler: off.handler}
	return &api{client: &http.Client{Transport: local}, base: "http://offline", close: func() error {
		local.wait()
		return off.Close()
	}}, nil
}

// dialAdmin connects to the live server of a data folder; nil without an error means that there is none.
func dialAdmin(ctx context.Context, dir string) (*api, error) {
	path, done, err := socketPath(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
	conn, err := dial(ctx, "", "")
	if err != nil {
		done()
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
			return nil, nil
		}
		return nil, fmt.Errorf("cannot reach the running server: %w", err)
	}
	conn.Close()
	transport := &http.Transport{DialContext: dial}
	return &api{client: &http.Client{Transport: transport}, base: "http://admin", close: func() error {
		transport.CloseIdleConnections()
		done()
		return nil
	}}, nil
}

// do sends a request and returns the body of a good answer; a refusal becomes an error that says why.
func (a *api) do(ctx context.Context, method, path, contentType string, body io.Reader) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, body)
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode < 300 {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	return nil, refusal(resp.Status, text)
}

// refusal reads the API's error body.
func refusal(status string, body []byte) error {
	var e struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
		Rows   []struct {
			Row     int    `json:"row"`
			Column  string `json:"column"`
			Problem string `json:"problem"`
			Value   string `json:"value"`
		} `json:"rows"`
	}
	if json.Unmarshal(body, &e) != nil || e.Code == "" {
		return fmt.Errorf("the server answered %s", status)
	}
	text := e.Code
	if e.Detail != "" {
		text = e.Detail
	}
	for _, r := range e.Rows {
		text += strings.TrimRight(fmt.Sprintf("\nrow %d %s: %s %q", r.Row, r.Column, r.Problem, r.Value), ` "`)
	}
	return &refusedError{e.Code, text}
}

// refusedError is a refusal of the API.
type refusedError struct{ code, text string }

func (e *refusedError) Error() string { return e.text }

// asking makes a request whose start may lie in the past by mistake. Then it asks whether it is meant, and makes the request
// once more; where nobody can be asked, it says how to do without.
func asking(std streams, past bool, request func(past bool) error) error {
	err := request(past)
	var refused *refusedError
	if !errors.As(err, &refused) || refused.code != "past_start" {
		return err
	}
	if !std.ask("That start is in the past. Is it meant?") {
		return fmt.Errorf("%w; --past says so", err)
	}
	return request(true)
}

// postJSON sends in and decodes the answer into out.
func (a *api) postJSON(ctx context.Context, path string, in, out any) error {
	return a.sendJSON(ctx, http.MethodPost, path, in, out)
}

// sendJSON is postJSON with another method. Where out is nil, no answer is read.
func (a *api) sendJSON(ctx context.Context, method, path string, in, out any) error {
	data, err := json.Marshal(in)
	if err != nil {
		return err
	}
	body, err := a.do(ctx, method, path, "application/json", bytes.NewReader(data))
	if err != nil {
		return err
	}
	defer body.Close()
	if out == nil {
		return nil
	}
	return json.NewDecoder(body).Decode(out)
}
