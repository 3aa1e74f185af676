package signaling_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// What consoles do is told with who did it and to whom, the latest first; what sites do with themselves is not.
func TestActs(t *testing.T) {
	b := newBed(t, `{"title":"x","units":"C1,P58","start":"now","countdown_s":0,"operators":[{"scope":"D582"}]}`)
	host, operator, c1, p58 := b.enter(meeting.HostCode), b.enter(meeting.OperatorCode), b.enter("C1"), b.enter("P58")
	host.ask(protocol.Start{})
	c1.ask(protocol.RaiseHand{})
	operator.ask(protocol.StandBy{Endpoint: "C1", On: true})
	host.ask(protocol.Grant{Endpoint: "C1"})
	c1.ask(protocol.Mute{Muted: true})
	host.ask(protocol.Grant{Endpoint: "P58"}) // takes it from C1, which is no act of its own
	p58.ask(protocol.SendMessage{To: meeting.ToSecretariat, Text: "x"})
	operator.ask(protocol.SendMessage{To: "P58", Text: "secret"})
	operator.ask(protocol.Remove{Endpoint: "C1", Removed: true})
	host.ask(protocol.Remove{Endpoint: "C1"})
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
		if _, body := b.request("GET", "/api/v1/sessions/"+b.links.ID+"/acts"+query, token, ""); json.Unmarshal([]byte(body), &a) != nil {
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
	got, _ := told(token(b.links.Links.Secretary), "")
	if !slices.Equal(got[:min(len(got), len(want))], want) {
		t.Errorf("acts:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	var all struct{ Operators []struct{ Link string } }
	b.admin("GET", "/api/v1/sessions/"+b.links.ID+"/links", "", &all)
	own := slices.DeleteFunc(slices.Clone(want), func(s string) bool { return !strings.Contains(s, " C1") })
	got, last := told(token(all.Operators[0].Link), "")
	if !slices.Equal(got, own) {
		t.Errorf("of its province: %q, want %q", got, own)
	}
	if got, _ := told(token(b.links.Links.Host), fmt.Sprintf("?before=%d", last)); len(got) == 0 || got[0] != "@host started" {
		t.Errorf("before entry %d: %q", last, got)
	}
	if _, body := b.request("GET", "/api/v1/sessions/"+b.links.ID+"/acts", token(b.links.Links.Host), ""); strings.Contains(body, "secret") {
		t.Error("what was written stands among the acts")
	}
	site := b.links.Endpoints[0].Link
	if status, _ := b.request("GET", "/api/v1/sessions/"+b.links.ID+"/acts", token(site), ""); status != http.StatusForbidden {
		t.Errorf("a site reads them: %d", status)
	}
	if status, _ := b.request("GET", "/api/v1/sessions/"+b.links.ID+"/acts?before=x", token(b.links.Links.Host), ""); status != http.StatusBadRequest {
		t.Errorf("before=x: %d", status)
	}
}
