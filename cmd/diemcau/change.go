package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// sessionChangeCmd changes what was convened, until the seal. Links of others stay, and open pages follow at once.
type sessionChangeCmd struct {
	Show        changeShowCmd        `cmd:"" help:"Print the session as JSON: title, agenda and its version, help phone, rules."`
	Title       changeTitleCmd       `cmd:"" help:"Give the session another title."`
	Agenda      changeAgendaCmd      `cmd:"" help:"Replace the agenda, registered speakers included."`
	HelpPhone   changeHelpPhoneCmd   `cmd:"" help:"Say whom sites call about their line; an empty number for nobody."`
	Rules       changeRulesCmd       `cmd:"" help:"Change rules; those that are not given stay."`
	Particulars changeParticularsCmd `cmd:"" help:"Change what the documents say about the session, also after the seal; what is not given stays."`
	Sites       changeSitesCmd       `cmd:"" help:"Print sites of the session as JSON, by name or only those that were withdrawn."`
	Add         changeAddCmd         `cmd:"" help:"Convene further sites and print their links."`
	Withdraw    changeWithdrawCmd    `cmd:"" help:"Take sites off the list; they are let out and told why."`
	Restore     changeRestoreCmd     `cmd:"" help:"Convene sites again that were withdrawn; their links are as before."`
}

// changeFlags are what every change names.
type changeFlags struct {
	Session string `arg:"" help:"Session id."`
	target
}

func (f changeFlags) path(more string) string {
	return "/api/v1/sessions/" + url.PathEscape(f.Session) + more
}

// put makes a change whose answer has no body.
func (f changeFlags) put(ctx context.Context, path string, body any) error {
	return f.withAPI(ctx, func(a *api) error { return a.sendQuiet(ctx, http.MethodPut, f.path(path), body) })
}

// sendQuiet sends JSON and expects no body.
func (a *api) sendQuiet(ctx context.Context, method, path string, in any) error {
	data, err := json.Marshal(in)
	if err != nil {
		return err
	}
	answer, err := a.do(ctx, method, path, "application/json", strings.NewReader(string(data)))
	if err != nil {
		return err
	}
	return answer.Close()
}

type changeShowCmd struct{ changeFlags }

// Run prints the session.
func (c *changeShowCmd) Run(ctx context.Context, std streams) error {
	return c.print(ctx, std, c.path(""))
}

type changeTitleCmd struct {
	changeFlags
	Title string `arg:"" help:"The new title."`
}

// Run changes the title.
func (c *changeTitleCmd) Run(ctx context.Context, _ streams) error {
	return c.put(ctx, "/title", map[string]string{"title": c.Title})
}

type changeHelpPhoneCmd struct {
	changeFlags
	Phone string `arg:"" help:"The number."`
}

// Run changes the help phone.
func (c *changeHelpPhoneCmd) Run(ctx context.Context, _ streams) error {
	return c.put(ctx, "/help-phone", map[string]string{"help_phone": c.Phone})
}

// convenedSession is what a change has to know of a session.
type convenedSession struct {
	AgendaVersion int            `json:"agenda_version"`
	Rules         map[string]any `json:"rules"`
}

type changeAgendaCmd struct {
	changeFlags
	File string `arg:"" help:"JSON file with the items: [{\"title\":\"…\",\"minutes\":10,\"speakers\":[\"C13999\"]}]; - reads standard input." type:"path"`
	Base int    `help:"Version of the agenda that the file was made from, as show prints it; a newer one is then not overwritten." placeholder:"N"`
}

// Run replaces the agenda.
func (c *changeAgendaCmd) Run(ctx context.Context, std streams) error {
	in := std.in
	if filepath.Base(c.File) != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	var agenda []json.RawMessage
	if err := json.NewDecoder(in).Decode(&agenda); err != nil {
		return &usageError{fmt.Sprintf("the agenda is no JSON list of items: %v", err)}
	}
	return c.withAPI(ctx, func(a *api) error {
		base := c.Base
		if base == 0 {
			var now convenedSession
			if err := a.getJSON(ctx, c.path(""), &now); err != nil {
				return err
			}
			base = now.AgendaVersion
		}
		return a.sendQuiet(ctx, http.MethodPut, c.path("/agenda"), map[string]any{"base": base, "agenda": agenda})
	})
}

// getJSON asks for JSON.
func (a *api) getJSON(ctx context.Context, path string, out any) error {
	body, err := a.do(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return err
	}
	return errors.Join(json.NewDecoder(body).Decode(out), body.Close())
}

type changeRulesCmd struct {
	changeFlags
	LateAfter     *int   `help:"Seconds after the start until which a site is on time." placeholder:"S"`
	Partial       *int   `help:"Percent of the session below which a site attended in part." placeholder:"PCT"`
	Grace         *int   `help:"Seconds of a gap that is no interruption." placeholder:"S"`
	Countdown     *int   `help:"Seconds from the grant of the floor to being on air." placeholder:"S"`
	OpenBefore    *int   `help:"Seconds before the start at which the session opens." placeholder:"S"`
	ReceivingOnly string `help:"Whether only time in which the session arrived counts." enum:"yes,no," default:"" placeholder:"yes|no"`
	Reason        string `help:"Why; it stands in the ledger." required:""`
}

// Run changes the rules that are given.
func (c *changeRulesCmd) Run(ctx context.Context, _ streams) error {
	given := map[string]any{}
	for name, value := range map[string]*int{
		"late_after_s": c.LateAfter, "partial_pct": c.Partial, "grace_s": c.Grace, "countdown_s": c.Countdown, "open_before_s": c.OpenBefore,
	} {
		if value != nil {
			given[name] = *value
		}
	}
	if c.ReceivingOnly != "" {
		given["receiving_only"] = c.ReceivingOnly == "yes"
	}
	if len(given) == 0 {
		return &usageError{"no rule is given"}
	}
	return c.withAPI(ctx, func(a *api) error {
		var now convenedSession
		if err := a.getJSON(ctx, c.path(""), &now); err != nil {
			return err
		}
		given["reason"] = c.Reason
		for _, name := range []string{"late_after_s", "partial_pct", "grace_s"} { // which the request must name
			if _, ok := given[name]; !ok {
				given[name] = now.Rules[name]
			}
		}
		return a.sendQuiet(ctx, http.MethodPut, c.path("/rules"), given)
	})
}

type changeSitesCmd struct {
	changeFlags
	Find      string `help:"Part of a name, without diacritics too." placeholder:"TEXT"`
	Withdrawn bool   `help:"Only those that were withdrawn."`
}

// Run prints the sites.
func (c *changeSitesCmd) Run(ctx context.Context, std streams) error {
	q := url.Values{"q": {c.Find}, "limit": {"1000"}}
	if c.Withdrawn {
		q.Set("withdrawn", "1")
	}
	return c.print(ctx, std, c.path("/sites?"+q.Encode()))
}

type changeAddCmd struct {
	changeFlags
	Units  []string `help:"Units to convene: codes, or CODE/* for all below CODE, separated by commas." placeholder:"C13999,P58/*"`
	Guests []string `help:"Names of guests without a unit." sep:"none"`
	JSON   bool     `help:"Print JSON." name:"json"`
}

// Run convenes the sites.
func (c *changeAddCmd) Run(ctx context.Context, std streams) error {
	if len(c.Units)+len(c.Guests) == 0 {
		return &usageError{"--units or --guests is wanted"}
	}
	seats := make([]guest, len(c.Guests))
	for i, name := range c.Guests {
		seats[i].Name = name
	}
	return c.withAPI(ctx, func(a *api) error {
		var raw json.RawMessage
		if err := a.postJSON(ctx, c.path("/sites"), map[string]any{"units": c.Units, "seats": seats}, &raw); err != nil {
			return err
		}
		if c.JSON {
			_, err := fmt.Fprintln(std.out, strings.TrimSpace(string(raw)))
			return err
		}
		var added struct {
			Endpoints []struct {
				seatLink
				Short string `json:"short_link"`
			} `json:"endpoints"`
		}
		if err := json.Unmarshal(raw, &added); err != nil {
			return err
		}
		for _, e := range added.Endpoints {
			if _, err := fmt.Fprintf(std.out, "%s (%s)\n  %s\n  %s\n", e.Name, e.Code, e.Link, e.Short); err != nil {
				return err
			}
		}
		return nil
	})
}

// siteCodes are sites that a command names.
type siteCodes struct {
	changeFlags
	Codes []string `arg:"" help:"Codes of the sites."`
}

// each does the same for every site and says at which it stopped; those before it are done.
func (c siteCodes) each(ctx context.Context, what string, body any) error {
	return c.withAPI(ctx, func(a *api) error {
		for _, code := range c.Codes {
			if err := a.sendQuiet(ctx, http.MethodPost, c.path("/sites/"+url.PathEscape(code)+"/"+what), body); err != nil {
				return fmt.Errorf("%s: %w", code, err)
			}
		}
		return nil
	})
}

type changeWithdrawCmd struct {
	siteCodes
	Reason string `help:"Why; the site reads it, and it stands in every report." required:""`
}

// Run withdraws the sites.
func (c *changeWithdrawCmd) Run(ctx context.Context, _ streams) error {
	return c.each(ctx, "withdraw", map[string]string{"reason": c.Reason})
}

type changeRestoreCmd struct{ siteCodes }

// Run convenes the sites again.
func (c *changeRestoreCmd) Run(ctx context.Context, _ streams) error {
	return c.each(ctx, "restore", struct{}{})
}
