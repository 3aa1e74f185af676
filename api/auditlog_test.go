package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// What consoles do is told with who did it and to whom, the latest first; what sites do with themselves is not.
func TestAuditLog(t *testing.T) {
	b := servertest.NewBed(t, `{"title":"x","units":"C1,P58","start":"now","countdown_s":0,"operators":[{"scope":"D582"}]}`)
	host, operator, c1, p58 := b.Enter(meeting.HostCode), b.Enter(meeting.OperatorCode), b.Enter("C1"), b.Enter("P58")
	host.Ask(protocol.Start{})
	c1.Ask(protocol.RaiseHand{})
	operator.Ask(protocol.StandBy{Endpoint: "C1", On: true})
	host.Ask(protocol.Grant{Endpoint: "C1"})
	c1.Ask(protocol.Mute{Muted: true})
	host.Ask(protocol.Grant{Endpoint: "P58"}) // takes it from C1, which is no act of its own
	p58.Ask(protocol.SendMessage{To: meeting.ToSecretariat, Text: "x"})
	operator.Ask(protocol.SendMessage{To: "P58", Text: "secret"})
	operator.Ask(protocol.Remove{Endpoint: "C1", Removed: true})
	host.Ask(protocol.Remove{Endpoint: "C1"})
	type answer struct {
		Acts []struct {
			Seq    int
			By     string
			Kind   string
			On     *bool
			To     string
			ToName string `json:"to_name"`
		}
	}
	told := func(token, query string) (list []string, last int) {
		var a answer
		if _, body := b.Request("GET", "/api/v1/sessions/"+b.Links.ID+"/acts"+query, token, ""); json.Unmarshal([]byte(body), &a) != nil {
			t.Fatal(body)
		}
		for _, one := range a.Acts {
			on := ""
			if one.On != nil {
				on = fmt.Sprint(*one.On)
			}
			list, last = append(list, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", one.By, one.Kind, one.To, on))), one.Seq
			if one.To != "" && one.ToName == "" {
				t.Errorf("%+v has no name", one)
			}
		}
		return list, last
	}
	want := []string{
		"@host removal C1 false", "@operator removal C1 true", "@operator message P58", "@host granted P58", "@host granted C1",
		"@operator stand_by C1 true", "@host started",
	}
	got, _ := told(servertest.Token(b.Links.Links.Secretary), "")
	if !slices.Equal(got[:min(len(got), len(want))], want) {
		t.Errorf("acts:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	var all struct{ Operators []struct{ Link string } }
	b.Admin("GET", "/api/v1/sessions/"+b.Links.ID+"/links", "", &all)
	own := slices.DeleteFunc(slices.Clone(want), func(s string) bool { return !strings.Contains(s, " C1") })
	got, last := told(servertest.Token(all.Operators[0].Link), "")
	if !slices.Equal(got, own) {
		t.Errorf("of its province: %q, want %q", got, own)
	}
	if got, _ := told(servertest.Token(b.Links.Links.Host), fmt.Sprintf("?before=%d", last)); len(got) == 0 || got[0] != "@host started" {
		t.Errorf("before entry %d: %q", last, got)
	}
	if _, body := b.Request("GET", "/api/v1/sessions/"+b.Links.ID+"/acts", servertest.Token(b.Links.Links.Host), ""); strings.Contains(body, "secret") {
		t.Error("what was written stands among the acts")
	}
	site := b.Links.Endpoints[0].Link
	if status, _ := b.Request("GET", "/api/v1/sessions/"+b.Links.ID+"/acts", servertest.Token(site), ""); status != http.StatusForbidden {
		t.Errorf("a site reads them: %d", status)
	}
	if status, _ := b.Request("GET", "/api/v1/sessions/"+b.Links.ID+"/acts?before=x", servertest.Token(b.Links.Links.Host),
		""); status != http.StatusBadRequest {
		t.Errorf("before=x: %d", status)
	}
}
