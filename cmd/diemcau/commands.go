package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// withAPI opens the target, calls f and closes it again.
func (t target) withAPI(ctx context.Context, f func(*api) error) error {
	a, err := t.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(f(a), a.close())
}

type rosterCmd struct {
	Import   rosterImportCmd   `cmd:"" help:"Import the tree of units from a CSV or XLSX file, all or nothing."`
	Template rosterTemplateCmd `cmd:"" help:"Write a workbook in which to fill in the units."`

	Add     unitAddCmd     `cmd:"" help:"Add a unit."`
	Rename  unitRenameCmd  `cmd:"" help:"Rename a unit."`
	Move    unitMoveCmd    `cmd:"" help:"Put a unit, with all below it, below another one."`
	Merge   unitMergeCmd   `cmd:"" help:"Merge a unit into another one, or say what a former one became part of."`
	Changes unitChangesCmd `cmd:"" help:"List what happened to single units."`
}

type rosterImportCmd struct {
	File    string `arg:"" help:"CSV or XLSX with the columns code,parent_code,level,name." type:"path"`
	Preview bool   `help:"Print as JSON what would change, and change nothing."`
	target
}

// Run imports the file and prints how many units there are now.
func (c *rosterImportCmd) Run(ctx context.Context, std streams) error {
	types := map[string]string{".csv": "text/csv", ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
	contentType, ok := types[strings.ToLower(filepath.Ext(c.File))]
	if !ok {
		return &usageError{"the file's name must end in .csv or .xlsx"}
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	return c.withAPI(ctx, func(a *api) error {
		path := "/api/v1/roster"
		if c.Preview {
			path += "/preview"
		}
		body, err := a.do(ctx, http.MethodPost, path, contentType, f)
		if err != nil {
			return fmt.Errorf("nothing was imported from %s: %w", filepath.Base(c.File), err)
		}
		defer body.Close()
		if c.Preview {
			_, err := io.Copy(std.out, body)
			return err
		}
		var answer struct {
			Units int `json:"units"`
		}
		if err := json.NewDecoder(body).Decode(&answer); err != nil {
			return err
		}
		_, err = fmt.Fprintf(std.out, "%d units\n", answer.Units)
		return err
	})
}

type sessionCmd struct {
	Create sessionCreateCmd `cmd:"" help:"Convene a session and print its links."`
	List   sessionListCmd   `cmd:"" help:"List the sessions."`

	Draft      sessionDraftCmd      `cmd:"" help:"Sessions that are being prepared."`
	Sheet      sessionSheetCmd      `cmd:"" help:"Print the short links of the sites as CSV, for mail merge."`
	Rehearsals sessionRehearsalsCmd `cmd:"" help:"Print which sites rehearsed, and how it went."`
	Link       sessionLinkCmd       `cmd:"" help:"Reissue or revoke the link of one endpoint."`
	Change     sessionChangeCmd     `cmd:"" help:"Change what was convened: title, agenda, help phone, rules, sites."`
	Move       sessionMoveCmd       `cmd:"" help:"Give a session that has not begun another time."`
	CallOff    sessionCallOffCmd    `cmd:"" help:"Cancel a session that has not begun."`
	Minutes    sessionMinutesCmd    `cmd:"" help:"Write the minutes of a session as a Word file or a PDF."`
	Notes      sessionNotesCmd      `cmd:"" help:"Print the secretaries' notes of a session as JSON."`

	Particulars sessionParticularsCmd `cmd:"" help:"Replace what the documents of a session say about it: number, body, chair, secretary."`
}

type sessionCreateCmd struct {
	Title     string   `help:"Title of the session." required:""`
	Units     string   `help:"Units to convene: codes, or CODE/* for all below CODE, separated by commas." required:"" placeholder:"C13999,P58/*"`
	Guests    []string `help:"Names of guests without a unit." sep:"none"`
	Operators []string `help:"Units whose own operators see and steer them and all below: CODE or CODE=NAME, separated by commas." placeholder:"P58,P67=NAME"`
	Start     string   `help:"When it starts (RFC 3339), or now to open it for joining at once." default:"now"`
	Past      bool     `help:"The start may lie in the past: it is no mistake, do not ask." aliases:"past-start"`
	TimeZone  string   `help:"IANA time zone of the session's reports." default:"Asia/Ho_Chi_Minh"`
	Countdown int      `help:"Seconds from the grant of the floor to being on air." default:"3"`
	JSON      bool     `help:"Print JSON." name:"json"`

	Particulars string `help:"What its documents say about it, as document particulars show prints; otherwise the office's." type:"existingfile" placeholder:"FILE"`
	target
}

// createRequest is the body of POST /api/v1/sessions.
type createRequest struct {
	Title      string  `json:"title"`
	Units      string  `json:"units"`
	Guests     []guest `json:"guests,omitempty"`
	Start      string  `json:"start"`
	TimeZone   string  `json:"time_zone,omitempty"`
	CountdownS *int    `json:"countdown_s,omitempty"`
	AllowPast  bool    `json:"allow_past,omitempty"`

	Operators []delegate `json:"operators,omitempty"`

	Particulars json.RawMessage `json:"particulars,omitempty"`
}

// delegate is an operator who steers the sites in and below a unit.
type delegate struct {
	Scope string `json:"scope"`
	Name  string `json:"name,omitempty"` // empty = the unit's
}

// delegates reads the values of --operators.
func delegates(values []string) ([]delegate, error) {
	var list []delegate
	for _, value := range values {
		scope, name, _ := strings.Cut(value, "=")
		if strings.TrimSpace(scope) == "" {
			return nil, &usageError{"--operators wants codes of units, or CODE=NAME"}
		}
		list = append(list, delegate{Scope: strings.TrimSpace(scope), Name: strings.TrimSpace(name)})
	}
	return list, nil
}

// guest is a seat without a unit.
type guest struct {
	Name string `json:"name"`
}

// sessionLinks is what a created session answers, as DESIGN's contract has it.
type sessionLinks struct {
	ID    string `json:"id"`
	Links struct {
		Host      string `json:"host"`
		Operator  string `json:"operator"`
		Secretary string `json:"secretary"`
		Room      string `json:"room,omitempty"`
		Room2     string `json:"room2,omitempty"`
	} `json:"links"`
	Endpoints []seatLink `json:"endpoints"`
	Operators []seatLink `json:"operators"` // delegated; unit is the scope
}

type seatLink struct {
	Code string `json:"code"`
	Unit string `json:"unit"`
	Name string `json:"name"`
	Link string `json:"link"`
}

// Run creates the session.
func (c *sessionCreateCmd) Run(ctx context.Context, std streams) error {
	if c.Start != "now" {
		if _, err := time.Parse(time.RFC3339, c.Start); err != nil {
			return &usageError{"--start wants a time such as 2026-12-01T08:00:00+07:00, or now"}
		}
	}
	if c.Countdown < 0 || c.Countdown > 60 {
		return &usageError{"--countdown wants 0 to 60 seconds"}
	}
	operators, err := delegates(c.Operators)
	if err != nil {
		return err
	}
	guests := make([]guest, len(c.Guests))
	for i, name := range c.Guests {
		guests[i].Name = name
	}
	var particulars []byte
	if c.Particulars != "" {
		if particulars, err = os.ReadFile(c.Particulars); err != nil {
			return err
		}
		if !json.Valid(particulars) {
			return &usageError{c.Particulars + " is no JSON"}
		}
	}
	return c.withAPI(ctx, func(a *api) error {
		var raw json.RawMessage
		req := createRequest{Title: c.Title, Units: c.Units, Guests: guests, Start: c.Start, TimeZone: c.TimeZone, CountdownS: &c.Countdown,
			Operators: operators, Particulars: particulars}
		err := asking(std, c.Past, func(past bool) error {
			req.AllowPast = past
			return a.postJSON(ctx, "/api/v1/sessions", req, &raw)
		})
		if err != nil {
			return err
		}
		if c.JSON {
			_, err := fmt.Fprintln(std.out, strings.TrimSpace(string(raw)))
			return err
		}
		var links sessionLinks
		if err := json.Unmarshal(raw, &links); err != nil {
			return err
		}
		return links.print(std.out, len(links.Endpoints))
	})
}

// print writes the links for a person, at most a number of sites.
func (l *sessionLinks) print(w io.Writer, sites int) error {
	var b strings.Builder
	fmt.Fprintf(&b, "session    %s\nhost       %s\noperator   %s\nsecretary  %s\n", l.ID, l.Links.Host, l.Links.Operator, l.Links.Secretary)
	if l.Links.Room != "" {
		fmt.Fprintf(&b, "room       %s\nroom 2     %s\n", l.Links.Room, l.Links.Room2)
	}
	for _, o := range l.Operators {
		fmt.Fprintf(&b, "operator   %s (%s)\n", o.Link, o.Name)
	}
	for _, e := range l.Endpoints[:min(sites, len(l.Endpoints))] {
		fmt.Fprintf(&b, "\n%s (%s)\n  %s\n", e.Name, e.Code, e.Link)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

type sessionListCmd struct{ target }

// Run prints the API's list, one JSON object a line.
func (c *sessionListCmd) Run(ctx context.Context, std streams) error {
	return c.withAPI(ctx, func(a *api) error {
		body, err := a.do(ctx, http.MethodGet, "/api/v1/sessions", "", nil)
		if err != nil {
			return err
		}
		defer body.Close()
		_, err = io.Copy(std.out, body)
		return err
	})
}

type attendanceCmd struct {
	Export attendanceExportCmd `cmd:"" help:"Write the attendance report of a session to a file."`
	Show   attendanceShowCmd   `cmd:"" help:"Print the attendance report of a session."`
	Verify attendanceVerifyCmd `cmd:"" help:"Check an exported ledger offline: exit 0 whole, 1 broken."`
}

// reportFlags choose a report.
type reportFlags struct {
	Session string `help:"Session id." required:"" placeholder:"ID"`
	Format  string `help:"csv, xlsx, pdf, docx, json, or jsonl for the ledger itself." enum:"csv,xlsx,pdf,docx,json,jsonl" default:"csv"`
	Table   string `help:"Which table: sites or intervals." enum:"sites,intervals" default:"sites"`
	Lang    string `help:"Language of headers." enum:"vi,en" default:"en"`
	target
}

func (f *reportFlags) fetch(ctx context.Context, w io.Writer) error {
	path := "/api/v1/sessions/" + url.PathEscape(f.Session)
	if f.Format == "jsonl" {
		path += "/ledger.jsonl"
	} else {
		path += "/attendance." + f.Format + "?" + url.Values{"table": {f.Table}, "lang": {f.Lang}}.Encode()
	}
	return f.withAPI(ctx, func(a *api) error {
		body, err := a.do(ctx, http.MethodGet, path, "", nil)
		if err != nil {
			return err
		}
		defer body.Close()
		_, err = io.Copy(w, body)
		return err
	})
}

type attendanceExportCmd struct {
	Out string `help:"File to write, or - for standard output." required:"" placeholder:"FILE"`
	reportFlags
}

// Run writes the report; a failed export leaves no half file.
func (c *attendanceExportCmd) Run(ctx context.Context, std streams) error {
	if c.Out == "-" {
		return c.fetch(ctx, std.out)
	}
	return writeFile(ctx, c.Out, func(w io.Writer) error { return c.fetch(ctx, w) })
}

type attendanceShowCmd struct{ reportFlags }

// Run prints the report.
func (c *attendanceShowCmd) Run(ctx context.Context, std streams) error { return c.fetch(ctx, std.out) }

type adminCmd struct {
	Create  adminCreateCmd  `cmd:"" help:"Make an account of the office; its password is read from standard input."`
	Token   adminTokenCmd   `cmd:"" help:"Make an administrator's token for --server and the HTTP API."`
	Tokens  adminTokensCmd  `cmd:"" help:"List administrators' tokens, or end one of them."`
	Rotate  adminRotateCmd  `cmd:"" name:"rotate-ledger-key" help:"Sign exported ledgers with a new key; prints its public half and fingerprint."`
	NewKeys adminNewKeysCmd `cmd:"" name:"new-keys" help:"Make the keys that are missing, after they were lost: links given out before are void then."`
	Erase   adminEraseCmd   `cmd:"" name:"erase-names" help:"Erase names of people, telephone numbers and messages from sessions that are over."`
}

type adminTokensCmd struct {
	Revoke string `help:"End the token of this id; unnumbered ends all from before they had ids." placeholder:"ID"`
	target
}

// Run lists the tokens as JSON, or ends one.
func (c *adminTokensCmd) Run(ctx context.Context, std streams) error {
	if c.Revoke == "" {
		return c.print(ctx, std, "/api/v1/tokens")
	}
	return c.withAPI(ctx, func(a *api) error {
		return a.sendJSON(ctx, http.MethodDelete, "/api/v1/tokens/"+url.PathEscape(c.Revoke), nil, nil)
	})
}

type adminTokenCmd struct {
	Name string `help:"Who will use it; stands in the logs." default:"admin"`
	Days int    `help:"How many days it is valid." default:"365"`
	target
}

// Run prints the token.
func (c *adminTokenCmd) Run(ctx context.Context, std streams) error {
	return c.withAPI(ctx, func(a *api) error {
		var answer struct {
			Token string `json:"token"`
		}
		if err := a.postJSON(ctx, "/api/v1/tokens", map[string]any{"name": c.Name, "days": c.Days}, &answer); err != nil {
			return err
		}
		_, err := fmt.Fprintln(std.out, answer.Token)
		return err
	})
}
