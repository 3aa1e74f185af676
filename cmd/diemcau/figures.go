package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// figuresCmd is about many sessions at once.
type figuresCmd struct {
	Show    figuresShowCmd    `cmd:"" help:"Print attendance over the sessions of a period as JSON."`
	Export  figuresExportCmd  `cmd:"" help:"Write it as a workbook or a PDF."`
	Compare figuresCompareCmd `cmd:"" help:"Print a session beside the one before it as JSON."`
	Rebuild figuresRebuildCmd `cmd:"" help:"Make the figures anew from the ledgers."`
}

// figuresFlags choose figures.
type figuresFlags struct {
	From  string `help:"Only sessions that began on this day or later." placeholder:"YYYY-MM-DD"`
	To    string `help:"Only sessions that began on this day or before." placeholder:"YYYY-MM-DD"`
	Unit  string `help:"Only this unit and all below it." placeholder:"CODE"`
	Each  bool   `help:"A row for each unit that has a site, instead of those directly below."`
	Order string `help:"Which rows come first: code, absent or late." enum:"code,absent,late" default:"code"`
	target
}

func (f *figuresFlags) query() (url.Values, error) {
	zone, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	if err != nil {
		return nil, err
	}
	q := url.Values{}
	for name, day := range map[string]string{"from": f.From, "to": f.To} {
		if day == "" {
			continue
		}
		at, err := time.ParseInLocation(time.DateOnly, day, zone)
		if err != nil {
			return nil, &usageError{"--" + name + " wants a day such as 2026-12-31"}
		}
		if name == "to" {
			at = at.AddDate(0, 0, 1)
		}
		q.Set(name, at.Format(time.RFC3339))
	}
	if f.Unit != "" {
		q.Set("unit", f.Unit)
	}
	if f.Each {
		q.Set("each", "1")
	}
	if f.Order != "code" {
		q.Set("order", f.Order)
	}
	return q, nil
}

type figuresShowCmd struct{ figuresFlags }

// Run prints the API's answer.
func (c *figuresShowCmd) Run(ctx context.Context, std streams) error {
	q, err := c.query()
	if err != nil {
		return err
	}
	return c.print(ctx, std, "/api/v1/figures?"+q.Encode())
}

type figuresExportCmd struct {
	Out    string `help:"File to write, or - for standard output." required:"" placeholder:"FILE"`
	Format string `help:"xlsx or pdf." enum:"xlsx,pdf" default:"xlsx"`
	Lang   string `help:"Language." enum:"vi,en" default:"vi"`
	figuresFlags
}

// Run writes the file; a failed export leaves no half file.
func (c *figuresExportCmd) Run(ctx context.Context, std streams) error {
	q, err := c.query()
	if err != nil {
		return err
	}
	q.Set("lang", c.Lang)
	fetch := func(w io.Writer) error {
		return c.withAPI(ctx, func(a *api) error {
			body, err := a.do(ctx, http.MethodGet, "/api/v1/figures."+c.Format+"?"+q.Encode(), "", nil)
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

type figuresCompareCmd struct {
	Session string `arg:"" help:"Session id."`
	Unit    string `help:"Only this unit and all below it." placeholder:"CODE"`
	target
}

// Run prints the API's answer.
func (c *figuresCompareCmd) Run(ctx context.Context, std streams) error {
	return c.print(ctx, std, "/api/v1/figures/compare?"+url.Values{"session": {c.Session}, "unit": {c.Unit}}.Encode())
}

type figuresRebuildCmd struct{ target }

// Run rebuilds the table and prints of how many sessions.
func (c *figuresRebuildCmd) Run(ctx context.Context, std streams) error {
	return c.withAPI(ctx, func(a *api) error {
		var answer struct {
			Sessions int `json:"sessions"`
		}
		if err := a.postJSON(ctx, "/api/v1/figures/rebuild", struct{}{}, &answer); err != nil {
			return err
		}
		_, err := fmt.Fprintf(std.out, "%d sessions\n", answer.Sessions)
		return err
	})
}
