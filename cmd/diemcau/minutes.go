package main

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

type sessionMinutesCmd struct {
	ID     string `arg:"" help:"Session id."`
	Out    string `help:"File to write, or - for standard output." required:"" placeholder:"FILE"`
	Lang   string `help:"Language." enum:"vi,en" default:"vi"`
	Format string `help:"docx, to be completed in Word, or pdf." enum:"docx,pdf" default:"docx"`
	target
}

// Run writes the minutes as they stand; a failed export leaves no half file.
func (c *sessionMinutesCmd) Run(ctx context.Context, std streams) error {
	return c.download(ctx, std, c.Out, "/api/v1/sessions/"+url.PathEscape(c.ID)+"/minutes."+c.Format+"?lang="+c.Lang)
}

// download writes what a path answers to a file, or to standard output for -.
func (t target) download(ctx context.Context, std streams, out, path string) error {
	fetch := func(w io.Writer) error {
		return t.withAPI(ctx, func(a *api) error {
			body, err := a.do(ctx, http.MethodGet, path, "", nil)
			if err != nil {
				return err
			}
			defer body.Close()
			_, err = io.Copy(w, body)
			return err
		})
	}
	if out == "-" {
		return fetch(std.out)
	}
	return writeFile(ctx, out, fetch)
}

// send puts a file to a path.
func (t target) send(ctx context.Context, file, path, contentType string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	return t.withAPI(ctx, func(a *api) error {
		body, err := a.do(ctx, http.MethodPut, path, contentType, f)
		if err != nil {
			return err
		}
		return body.Close()
	})
}

type sessionNotesCmd struct {
	ID string `arg:"" help:"Session id."`
	target
}

// Run prints the API's answer.
func (c *sessionNotesCmd) Run(ctx context.Context, std streams) error {
	return c.print(ctx, std, "/api/v1/sessions/"+url.PathEscape(c.ID)+"/notes")
}

type sessionParticularsCmd struct {
	ID   string `arg:"" help:"Session id."`
	File string `arg:"" help:"JSON file, as of document particulars show; without one they are printed." type:"existingfile" optional:""`
	target
}

// Run replaces the particulars as a whole, or prints them.
func (c *sessionParticularsCmd) Run(ctx context.Context, std streams) error {
	path := "/api/v1/sessions/" + url.PathEscape(c.ID) + "/particulars"
	if c.File == "" {
		return c.print(ctx, std, path)
	}
	return c.send(ctx, c.File, path, "application/json")
}

// changeParticularsCmd has a flag for each text of the particulars.
type changeParticularsCmd struct {
	changeFlags
	Authority      *string  `help:"The body above the issuing one."`
	Body           *string  `help:"The issuing body."`
	Number         *string  `help:"Number and sign of the report, such as 12/BC-VP."`
	MinutesNumber  *string  `help:"Number and sign of the minutes, such as 5/BB-VP."`
	Place          *string  `help:"Where the documents are issued."`
	Addressee      *string  `help:"To whom the report is addressed."`
	Recipient      []string `help:"Who gets a copy; once for each, in the place of all." sep:"none"`
	ChairName      *string  `help:"Who chaired."`
	ChairTitle     *string  `help:"Their title."`
	SecretaryName  *string  `help:"Who kept the minutes."`
	SecretaryTitle *string  `help:"Their title."`
}

// Run changes the particulars that are given. If somebody else is faster it fails, and nothing is overwritten.
func (c *changeParticularsCmd) Run(ctx context.Context, _ streams) error {
	given := map[string]any{}
	for name, value := range map[string]*string{
		"authority": c.Authority, "body": c.Body, "number": c.Number, "minutes_number": c.MinutesNumber, "place": c.Place, "addressee": c.Addressee,
		"chair.name": c.ChairName, "chair.title": c.ChairTitle, "secretary.name": c.SecretaryName, "secretary.title": c.SecretaryTitle,
	} {
		if value != nil {
			given[name] = strings.TrimSpace(*value)
		}
	}
	if len(c.Recipient) > 0 {
		given["recipients"] = c.Recipient
	}
	if len(given) == 0 {
		return &usageError{"nothing to change is given"}
	}
	return c.withAPI(ctx, func(a *api) error {
		var now struct {
			Version     int            `json:"version"`
			Particulars map[string]any `json:"particulars"`
		}
		if err := a.getJSON(ctx, c.path("/particulars"), &now); err != nil {
			return err
		}
		for name, value := range given {
			into := now.Particulars
			if who, part, nested := strings.Cut(name, "."); nested {
				person, _ := into[who].(map[string]any)
				if person == nil {
					person = map[string]any{}
				}
				into[who], into, name = person, person, part
			}
			into[name] = value
		}
		now.Particulars["base"] = now.Version
		return a.sendQuiet(ctx, http.MethodPut, c.path("/particulars"), now.Particulars)
	})
}

// documentCmd is what the documents of this office look like and begin with.
type documentCmd struct {
	Template struct {
		Get   templateGetCmd   `cmd:"" help:"Write the template that minutes are made from, to change it in Word."`
		Set   templateSetCmd   `cmd:"" help:"Make minutes from the office's own template."`
		Reset templateResetCmd `cmd:"" help:"Go back to the template that comes with the program."`
	} `cmd:"" help:"The template of minutes."`
	Particulars struct {
		Show particularsShowCmd `cmd:"" help:"Print what new drafts begin with, as JSON."`
		Set  particularsSetCmd  `cmd:"" help:"Replace it."`
	} `cmd:"" help:"Issuing body, place, chair and secretary that new drafts begin with."`
}

type templateGetCmd struct {
	Out     string `help:"File to write, or - for standard output." required:"" placeholder:"FILE"`
	Lang    string `help:"Language of the one that comes with the program." enum:"vi,en" default:"vi"`
	Shipped bool   `help:"The one that comes with the program, even if the office has its own."`
	target
}

// Run writes the template.
func (c *templateGetCmd) Run(ctx context.Context, std streams) error {
	q := url.Values{"lang": {c.Lang}}
	if c.Shipped {
		q.Set("shipped", "1")
	}
	return c.download(ctx, std, c.Out, "/api/v1/minutes-template?"+q.Encode())
}

type templateSetCmd struct {
	File string `arg:"" help:"Word file (DOCX) with names such as {{chu_tri}} in it." type:"existingfile"`
	target
}

// Run keeps the template.
func (c *templateSetCmd) Run(ctx context.Context, _ streams) error {
	return c.send(ctx, c.File, "/api/v1/minutes-template", "application/vnd.openxmlformats-officedocument.wordprocessingml.document")
}

type templateResetCmd struct{ target }

// Run forgets the office's own template.
func (c *templateResetCmd) Run(ctx context.Context, _ streams) error {
	return c.withAPI(ctx, func(a *api) error {
		body, err := a.do(ctx, http.MethodDelete, "/api/v1/minutes-template", "", nil)
		if err != nil {
			return err
		}
		return body.Close()
	})
}

type particularsShowCmd struct{ target }

// Run prints the API's answer.
func (c *particularsShowCmd) Run(ctx context.Context, std streams) error {
	return c.print(ctx, std, "/api/v1/particulars")
}

type particularsSetCmd struct {
	File string `arg:"" help:"JSON file." type:"existingfile"`
	target
}

// Run replaces the particulars of the office.
func (c *particularsSetCmd) Run(ctx context.Context, _ streams) error {
	return c.send(ctx, c.File, "/api/v1/particulars", "application/json")
}
