package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

type keysCmd struct {
	List   keysListCmd   `cmd:"" help:"List the keys of links and administrators' tokens that are in force."`
	Rotate keysRotateCmd `cmd:"" help:"Sign links and tokens with a new key; those given out before open until the former key is retired."`
	Retire keysRetireCmd `cmd:"" help:"End all links and administrators' tokens that a former key signed."`
}

// tokenKeys are what the API answers, the one that signs first.
type tokenKeys struct {
	Keys []struct {
		Kid   string `json:"kid"`
		Signs bool   `json:"signs"`
	} `json:"keys"`
}

func (k tokenKeys) print(std streams) error {
	for _, key := range k.Keys {
		what := "still opens what it signed"
		if key.Signs {
			what = "signs new links and tokens"
		}
		if _, err := fmt.Fprintf(std.out, "%s  %s\n", key.Kid, what); err != nil {
			return err
		}
	}
	return nil
}

type keysListCmd struct{ target }

// Run prints the keys, one a line.
func (c *keysListCmd) Run(ctx context.Context, std streams) error {
	return c.withAPI(ctx, func(a *api) error {
		var keys tokenKeys
		if err := a.sendJSON(ctx, http.MethodGet, "/api/v1/token-keys", nil, &keys); err != nil {
			return err
		}
		return keys.print(std)
	})
}

type keysRotateCmd struct{ target }

// Run makes another key sign and prints those in force.
func (c *keysRotateCmd) Run(ctx context.Context, std streams) error {
	return c.withAPI(ctx, func(a *api) error {
		var keys tokenKeys
		if err := a.postJSON(ctx, "/api/v1/token-keys/rotate", nil, &keys); err != nil {
			return err
		}
		if err := keys.print(std); err != nil {
			return err
		}
		_, err := fmt.Fprint(std.err, "Links, printed sheets and administrators' tokens of the former keys open as before.\n"+
			"When new ones are given out, end the former ones with `diemcau keys retire ID`. Keep a copy of the new key file.\n")
		return err
	})
}

type keysRetireCmd struct {
	Kid string `arg:"" name:"id" help:"Id of the key, as keys list prints it."`
	Yes bool   `help:"Do not ask."`
	target
}

// Run retires the key, and says what that ends.
func (c *keysRetireCmd) Run(ctx context.Context, std streams) error {
	const ends = "ends every link and administrator's token that it signed, and throws out who came in by them; printed sheets with such links are void.\n" +
		"Short codes, logins of people and what another key signed go on."
	if !c.Yes && !std.ask("Retiring "+c.Kid+" "+ends+"\nRetire it?") {
		return errors.New("nothing was changed: retiring it " + strings.ReplaceAll(ends, "\n", " ") + " --yes retires it without a question")
	}
	return c.withAPI(ctx, func(a *api) error {
		body, err := a.do(ctx, http.MethodDelete, "/api/v1/token-keys/"+url.PathEscape(c.Kid), "", nil)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(std.err, "%s is retired: that %s\n", c.Kid, ends)
		return errors.Join(err, body.Close())
	})
}
