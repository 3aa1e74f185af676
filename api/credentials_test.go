package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// An administrator's token is listed and ended, and so is what an account made that may make none any more.
func TestAdminTokensEnd(t *testing.T) {
	b := servertest.NewBed(t, "")
	var first, second struct{ Token, ID string }
	b.Admin("POST", "/api/v1/tokens", `{"name":"monitor"}`, &first)
	an := person(b, "an", "admin", "")
	person(b, "bo", "admin", "") // somebody must be left who can manage accounts
	must(an, "POST", "/api/v1/tokens", `{"name":"script"}`, &second)
	opens := func(token string) int {
		status, _ := b.Request("GET", "/api/v1/sessions", token, "")
		return status
	}
	if opens(first.Token) != 200 || opens(second.Token) != 200 {
		t.Fatal("a new token opens nothing")
	}
	var list struct {
		Tokens []struct {
			ID, Name  string
			CreatedBy string `json:"created_by"`
			RevokedAt string `json:"revoked_at"`
		}
	}
	b.Admin("GET", "/api/v1/tokens", "", &list)
	if len(list.Tokens) != 2 || list.Tokens[0].CreatedBy+list.Tokens[1].CreatedBy != "an" {
		t.Errorf("%+v", list.Tokens)
	}
	b.Admin("DELETE", "/api/v1/tokens/"+first.ID, "", nil)
	if got := opens(first.Token); got != 401 {
		t.Errorf("a revoked token: %d", got)
	}
	if got := opens(second.Token); got != 200 {
		t.Errorf("the other one: %d", got)
	}
	b.Admin("PUT", "/api/v1/accounts/an", `{"role":"admin","disabled":true}`, nil)
	if got := opens(second.Token); got != 401 {
		t.Errorf("of an account that is disabled: %d", got)
	}
	b.Restart(false)
	if opens(first.Token) != 401 || opens(second.Token) != 401 {
		t.Error("a revoked token opens after a restart")
	}
}

// What an account was given of consoles ends with what the account was: links, and who is in by them.
func TestGivenConsolesEndWithTheAccount(t *testing.T) {
	b := servertest.NewBed(t, "")
	person(b, "chief", "admin", "") // somebody must be left who can manage accounts
	for _, change := range []struct{ name, method, path, body string }{
		{"disabled", "PUT", "", `{"role":"operator","disabled":true}`},
		{"another role", "PUT", "", `{"role":"secretary"}`},
		{"another password", "POST", "/password", fmt.Sprintf(`{"password":%q}`, password+"x")},
		{"deleted", "DELETE", "", ""},
	} {
		name := "p" + change.method + strings.Fields(change.name)[0]
		p := person(b, strings.ToLower(name), "operator", "")
		var given struct{ Consoles []struct{ Role, Link string } }
		must(p, "GET", "/api/v1/sessions/"+b.Links.ID+"/consoles", "", &given)
		bearer := ""
		for _, c := range given.Consoles {
			if c.Role == string(meeting.RoleOperator) {
				bearer = servertest.Token(c.Link)
			}
		}
		c, err := client.DialToken(t.Context(), servertest.SocketURL(b), bearer, client.Options{TakeOver: true})
		if err != nil {
			t.Fatal(err)
		}
		b.Admin(change.method, "/api/v1/accounts/"+strings.ToLower(name)+change.path, change.body, nil)
		<-c.Done()
		if status, _ := b.Request("GET", "/api/v1/me", bearer, ""); status != 401 {
			t.Errorf("%s: its link reads: %d", change.name, status)
		}
		if _, err := client.DialToken(t.Context(), servertest.SocketURL(b), bearer, client.Options{}); servertest.CloseCode(err) != protocol.CloseBadToken {
			t.Errorf("%s: its link enters: %v", change.name, err)
		}
	}
	// The seat's own link, which was given to nobody in particular, is as it was.
	b.Enter(meeting.OperatorCode)
}
