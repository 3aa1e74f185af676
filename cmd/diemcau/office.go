package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// adminCreateCmd makes an account of the office; the first one is an administrator's.
type adminCreateCmd struct {
	Name     string `help:"Name to log in by." required:""`
	FullName string `help:"Full name." name:"full-name"`
	Role     string `help:"admin, host, operator or secretary." enum:"admin,host,operator,secretary" default:"admin"`
	Scope    string `help:"Unit in and below which an operator works." placeholder:"CODE"`
	target
}

// Run reads the password from standard input, or makes one and prints it when that is empty.
func (c *adminCreateCmd) Run(ctx context.Context, std streams) error {
	fmt.Fprintln(std.err, "password (empty makes one):")
	line, err := bufio.NewReader(io.LimitReader(std.in, 1<<12)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	password := strings.TrimRight(line, "\r\n")
	made := password == ""
	if made {
		password = newPassword()
	}
	return c.withAPI(ctx, func(a *api) error {
		if err := createAccount(ctx, a, c.Name, c.FullName, c.Role, c.Scope, password); err != nil {
			return err
		}
		if made {
			_, err := fmt.Fprintln(std.out, password)
			return err
		}
		return nil
	})
}

func createAccount(ctx context.Context, a *api, name, fullName, role, scope, password string) error {
	var answer struct{}
	return a.postJSON(ctx, "/api/v1/accounts", map[string]string{"name": name, "full_name": fullName, "role": role, "scope": scope, "password": password},
		&answer)
}

// newPassword returns a password that can be read out: 80 random bits.
func newPassword() string {
	text := strings.ToLower(rand.Text())
	return text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:16]
}

// sessionDraftCmd works on drafts.
type sessionDraftCmd struct {
	List    draftListCmd    `cmd:"" help:"List the drafts, one JSON object."`
	Show    draftShowCmd    `cmd:"" help:"Print a draft as JSON."`
	Put     draftPutCmd     `cmd:"" help:"Make a draft of a JSON file, or a new version of one."`
	Convene draftConveneCmd `cmd:"" help:"Make a session of a draft and print its links."`
}

type draftListCmd struct{ target }

// Run prints the API's list.
func (c *draftListCmd) Run(ctx context.Context, std streams) error {
	return c.print(ctx, std, "/api/v1/drafts")
}

type draftShowCmd struct {
	ID string `arg:"" help:"Id of the draft."`
	target
}

// Run prints the draft with its version and what keeps it from being convened.
func (c *draftShowCmd) Run(ctx context.Context, std streams) error {
	return c.print(ctx, std, "/api/v1/drafts/"+url.PathEscape(c.ID))
}

// print copies an answer of the API to standard output.
func (t target) print(ctx context.Context, std streams, path string) error {
	return t.withAPI(ctx, func(a *api) error {
		body, err := a.do(ctx, http.MethodGet, path, "", nil)
		if err != nil {
			return err
		}
		defer body.Close()
		_, err = io.Copy(std.out, body)
		return err
	})
}

type draftPutCmd struct {
	File    string `arg:"" help:"JSON file with the members of \"draft\" in docs/api.md." type:"path"`
	ID      string `help:"Draft to change; without it, a new one is made."`
	Version int64  `help:"Version that the change was made from; with --id."`
	target
}

// Run sends the file and prints the draft's id, version and problems as JSON.
func (c *draftPutCmd) Run(ctx context.Context, std streams) error {
	if (c.ID == "") != (c.Version == 0) {
		return &usageError{"--id and --version go together"}
	}
	data, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	body := map[string]any{"draft": json.RawMessage(data)}
	method, path := http.MethodPost, "/api/v1/drafts"
	if c.ID != "" {
		method, path = http.MethodPut, path+"/"+url.PathEscape(c.ID)
		body["version"] = c.Version
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	return c.withAPI(ctx, func(a *api) error {
		answer, err := a.do(ctx, method, path, "application/json", strings.NewReader(string(encoded)))
		if err != nil {
			return err
		}
		defer answer.Close()
		_, err = io.Copy(std.out, answer)
		return err
	})
}

type draftConveneCmd struct {
	ID      string `arg:"" help:"Id of the draft."`
	Version int64  `help:"Version to convene." required:""`
	Now     bool   `help:"Open it for joining at once."`
	Past    bool   `help:"Its start may lie in the past: it is no mistake, do not ask."`
	target
}

// Run convenes the draft and prints what session create prints.
func (c *draftConveneCmd) Run(ctx context.Context, std streams) error {
	return c.withAPI(ctx, func(a *api) error {
		var raw json.RawMessage
		err := asking(std, c.Past, func(past bool) error {
			body := map[string]any{"version": c.Version, "now": c.Now, "allow_past": past}
			return a.postJSON(ctx, "/api/v1/drafts/"+url.PathEscape(c.ID)+"/convene", body, &raw)
		})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(std.out, strings.TrimSpace(string(raw)))
		return err
	})
}

type sessionSheetCmd struct {
	Session string `help:"Session id." required:"" placeholder:"ID"`
	Unit    string `help:"Only this unit and all below it." placeholder:"CODE"`
	Lang    string `help:"Language of headers." enum:"vi,en" default:"vi"`
	target
}

// Run prints the links of the sites for mail merge, as CSV.
func (c *sessionSheetCmd) Run(ctx context.Context, std streams) error {
	return c.print(ctx, std, "/api/v1/sessions/"+url.PathEscape(c.Session)+"/sheet.csv?"+url.Values{"unit": {c.Unit}, "lang": {c.Lang}}.Encode())
}

// sessionLinkCmd ends links that were given out.
type sessionLinkCmd struct {
	Reissue linkReissueCmd `cmd:"" help:"End the links of an endpoint and print the new one; on the next line the short one that sheets print."`
	Revoke  linkRevokeCmd  `cmd:"" help:"End the links of an endpoint; whoever is in by one is sent out."`
}

type linkFlags struct {
	Session  string `help:"Session id." required:"" placeholder:"ID"`
	Endpoint string `arg:"" help:"Code of the endpoint, as in the answer of session create; @host, @operator, @secretary for the consoles."`
	target
}

func (f linkFlags) path(what string) string {
	return "/api/v1/sessions/" + url.PathEscape(f.Session) + "/links/" + url.PathEscape(f.Endpoint) + "/" + what
}

type linkReissueCmd struct{ linkFlags }

// Run reissues the link.
func (c *linkReissueCmd) Run(ctx context.Context, std streams) error {
	return c.withAPI(ctx, func(a *api) error {
		var answer struct {
			Link  string `json:"link"`
			Short string `json:"short_link"`
		}
		if err := a.postJSON(ctx, c.path("reissue"), struct{}{}, &answer); err != nil {
			return err
		}
		_, err := fmt.Fprintln(std.out, strings.TrimSpace(answer.Link+"\n"+answer.Short))
		return err
	})
}

type linkRevokeCmd struct{ linkFlags }

// Run revokes the link.
func (c *linkRevokeCmd) Run(ctx context.Context, _ streams) error {
	return c.post(ctx, c.path("revoke"), struct{}{})
}

type sessionRehearsalsCmd struct {
	Session string `help:"Session id." required:"" placeholder:"ID"`
	target
}

// Run prints the rehearsal board as JSON.
func (c *sessionRehearsalsCmd) Run(ctx context.Context, std streams) error {
	return c.print(ctx, std, "/api/v1/sessions/"+url.PathEscape(c.Session)+"/rehearsals")
}

type sessionMoveCmd struct {
	Session string `help:"Session id." required:"" placeholder:"ID"`
	Start   string `help:"When it starts (RFC 3339)." required:""`
	Past    bool   `help:"The start may lie in the past: it is no mistake, do not ask." aliases:"past-start"`
	target
}

// Run moves the session.
func (c *sessionMoveCmd) Run(ctx context.Context, std streams) error {
	if _, err := time.Parse(time.RFC3339, c.Start); err != nil {
		return &usageError{"--start wants a time such as 2026-12-01T08:00:00+07:00"}
	}
	return asking(std, c.Past, func(past bool) error {
		return c.post(ctx, "/api/v1/sessions/"+url.PathEscape(c.Session)+"/move", map[string]any{"start": c.Start, "allow_past": past})
	})
}

type sessionCallOffCmd struct {
	Session string `help:"Session id." required:"" placeholder:"ID"`
	Reason  string `help:"Why; every site reads it."`
	target
}

// Run calls the session off.
func (c *sessionCallOffCmd) Run(ctx context.Context, _ streams) error {
	return c.post(ctx, "/api/v1/sessions/"+url.PathEscape(c.Session)+"/call-off", map[string]string{"reason": c.Reason})
}

// post sends a request whose answer has no body.
func (t target) post(ctx context.Context, path string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return t.withAPI(ctx, func(a *api) error {
		answer, err := a.do(ctx, http.MethodPost, path, "application/json", strings.NewReader(string(data)))
		if err != nil {
			return err
		}
		return answer.Close()
	})
}
