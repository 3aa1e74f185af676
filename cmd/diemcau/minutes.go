package main

import (
	"context"
	"io"
	"net/http"
	"net/url"
)

type sessionMinutesCmd struct {
	ID   string `arg:"" help:"Session id."`
	Out  string `help:"File to write, or - for standard output." required:"" placeholder:"FILE"`
	Lang string `help:"Language." enum:"vi,en" default:"vi"`
	target
}

// Run writes the minutes as they stand; a failed export leaves no half file.
func (c *sessionMinutesCmd) Run(ctx context.Context, std streams) error {
	fetch := func(w io.Writer) error {
		return c.withAPI(ctx, func(a *api) error {
			body, err := a.do(ctx, http.MethodGet, "/api/v1/sessions/"+url.PathEscape(c.ID)+"/minutes.docx?lang="+c.Lang, "", nil)
			if err != nil {
				return err
			}
			defer body.Close()
			_, err = io.Copy(w, body)
			return err
		})
	}
	if c.Out == "-" {
		return fetch(std.out)
	}
	return writeFile(ctx, c.Out, fetch)
}
