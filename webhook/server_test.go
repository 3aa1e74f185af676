package webhook_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
	"github.com/diemcau/diemcau/webhook"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// receiver is another program that fails a number of times before it takes a message.
type receiver struct {
	*httptest.Server
	t *testing.T

	mu     sync.Mutex
	fails  int
	tries  int
	events []string // "type endpoint" in the order in which they were taken
	ids    []string
}

func newReceiver(t *testing.T, fails int) *receiver {
	t.Helper()
	rc := &receiver{t: t, fails: fails}
	rc.Server = httptest.NewServer(http.HandlerFunc(rc.receive))
	t.Cleanup(rc.Close)
	return rc
}

func (rc *receiver) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	verifier, keyErr := standardwebhooks.NewWebhook(webhookSecret)
	if err != nil || keyErr != nil {
		rc.t.Error(err, keyErr)
		return
	}
	if err := verifier.Verify(body, r.Header); err != nil {
		rc.t.Errorf("a message is not signed: %v", err)
	}
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.tries++
	if rc.fails > 0 {
		rc.fails--
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	var message struct {
		Events []struct{ Type, Endpoint string }
	}
	if err := json.Unmarshal(body, &message); err != nil {
		rc.t.Error(err)
	}
	id := r.Header.Get(standardwebhooks.HeaderWebhookID)
	if slices.Contains(rc.ids, id) { // as it may be after a stop that cut the answer
		return
	}
	rc.ids = append(rc.ids, id)
	for _, e := range message.Events {
		rc.events = append(rc.events, strings.TrimSpace(e.Type+" "+e.Endpoint))
	}
}

func (rc *receiver) received() []string {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return slices.Clone(rc.events)
}

// hooked is a bed whose server tells a receiver.
func hooked(t *testing.T, rc *receiver) *servertest.Bed {
	t.Helper()
	b := servertest.NewBed(t, "")
	b.Webhooks = []webhook.Target{{URL: rc.URL, Secret: webhookSecret}}
	b.Restart(false)
	return b
}

func TestWebhooks(t *testing.T) {
	rc := newReceiver(t, 1)
	b := hooked(t, rc)
	host, c1 := b.Enter(meeting.HostCode), b.Enter("C1")
	host.Ask(protocol.Start{})
	c1.Close()
	servertest.Await(t, "C1 is gone", func() bool { return slices.Contains(rc.received(), "left C1") })
	b.Restart(false) // the receiver is told the rest, and nothing twice
	secretary := servertest.Token(b.Links.Links.Secretary)
	b.Request("POST", "/api/v1/sessions/"+b.Links.ID+"/end", servertest.Token(b.Links.Links.Host), "")
	if status, body := b.Request("POST", "/api/v1/sessions/"+b.Links.ID+"/seal", secretary, ""); status != 204 {
		t.Fatalf("seal: %d %s", status, body)
	}
	servertest.Await(t, "the seal is told", func() bool { return slices.Contains(rc.received(), "sealed") })
	want := []string{"joined @host", "joined C1", "left C1", "left @host", "sealed"}
	if got := rc.received(); !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if rc.tries < len(rc.ids)+1 {
		t.Errorf("%d attempts for %d messages and a failure", rc.tries, len(rc.ids))
	}
}

// A message that was given up is shown to administrators, and can be sent again.
func TestWebhookDeadLetters(t *testing.T) {
	rc := newReceiver(t, 0)
	b := hooked(t, rc)
	dead := store.DeadLetter{ID: "s-1-x", URL: rc.URL, Session: "s", Body: []byte(`{"events":[{"type":"joined","endpoint":"C1"}]}`), Attempts: 7,
		Failure: "it answered 503", DiedAt: time.Now()}
	if err := b.Record.AdvanceWebhook(t.Context(), rc.URL, webhook.KindPresence, "s", 1, &dead); err != nil {
		t.Fatal(err)
	}
	var admin struct{ Token string }
	b.Admin("POST", "/api/v1/tokens", `{"name":"ops"}`, &admin)
	var list struct {
		Letters []struct {
			ID, Failure string
			Attempts    int
		} `json:"dead_letters"`
	}
	_, body := b.Request("GET", "/api/v1/webhooks/dead-letters", admin.Token, "")
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Letters) != 1 || list.Letters[0].Attempts != 7 {
		t.Fatalf("%s (%v)", body, err)
	}
	retry := "/api/v1/webhooks/dead-letters/" + list.Letters[0].ID + "/retry"
	for _, tt := range []struct {
		token string
		want  int
	}{{servertest.Token(b.Links.Links.Secretary), 403}, {admin.Token, 204}, {admin.Token, 404}} {
		if status, body := b.Request("POST", retry, tt.token, ""); status != tt.want {
			t.Errorf("retry: %d %s, want %d", status, body, tt.want)
		}
	}
	if got := rc.received(); !slices.Equal(got, []string{"joined C1"}) {
		t.Errorf("told %v", got)
	}
}
