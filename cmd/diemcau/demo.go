package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	roster "github.com/diemcau/diemcau/configs/roster"
)

type demoCmd struct {
	HTTP string `help:"Address of pages, API and WebSocket." default:"127.0.0.1:8080" name:"http" placeholder:"ADDR"`
	serverFlags
}

const (
	demoUnits = "P56/*,P66/*" // everything below the sample's two provinces
	demoSites = 3             // links printed
)

// Run starts a server with the sample roster and one session that is open for joining.
func (c *demoCmd) Run(ctx context.Context, std streams) error {
	log, _ := newLogger(std, c.LogLevel)
	a, err := newApp(ctx, c.serverFlags, tlsFlags{}, c.HTTP, log)
	if err != nil {
		return err
	}
	local := &api{client: &http.Client{Transport: &inProcess{handler: a.house.api.AdminHandler()}}, base: "http://demo"}
	links, err := prepareDemo(ctx, local)
	if err != nil {
		return fmt.Errorf("%w; closing: %w", err, a.close())
	}
	password, err := demoAdmin(ctx, local)
	if err != nil {
		return fmt.Errorf("%w; closing: %w", err, a.close())
	}
	fmt.Fprintf(std.out, "listening %s\n\n", a.url)
	if password != "" {
		fmt.Fprintf(std.out, "office     %s/office  (name %s, password %s)\n", a.url, demoName, password)
	}
	if err := links.print(std.out, demoSites); err != nil {
		return err
	}
	fmt.Fprintf(std.out, "\nOpen the host's link, then a site's in another window. Ctrl-C ends the demonstration.\n")
	return a.run(ctx)
}

const demoName = "admin"

// demoAdmin makes an administrator; empty if a demonstration before this one did.
func demoAdmin(ctx context.Context, local *api) (password string, err error) {
	body, err := local.do(ctx, http.MethodGet, "/api/v1/accounts", "", nil)
	if err != nil {
		return "", err
	}
	defer body.Close()
	var there struct {
		Accounts []struct{} `json:"accounts"`
	}
	if err := json.NewDecoder(body).Decode(&there); err != nil || len(there.Accounts) > 0 {
		return "", err
	}
	password = newPassword()
	return password, createAccount(ctx, local, demoName, "", "admin", "", password)
}

// prepareDemo imports the sample roster and convenes a session.
func prepareDemo(ctx context.Context, local *api) (*sessionLinks, error) {
	body, err := local.do(ctx, http.MethodPost, "/api/v1/roster", "text/csv", bytes.NewReader(roster.Demo))
	if err != nil {
		return nil, err
	}
	body.Close()
	var raw json.RawMessage
	req := createRequest{
		Title: "Phiên họp trực tuyến Ban Chỉ đạo (thử nghiệm " + time.Now().Format("02/01/2006") + ")", Units: demoUnits, Start: "now",
	}
	if err := local.postJSON(ctx, "/api/v1/sessions", req, &raw); err != nil {
		return nil, err
	}
	var links sessionLinks
	return &links, json.Unmarshal(raw, &links)
}
