package meeting_test

import (
	"reflect"
	"testing"

	"github.com/diemcau/diemcau/internal/ledgertest"
	"github.com/diemcau/diemcau/meeting"
)

// An event that has an endpoint changes its state; a picture is evidence alone.
func TestSubjects(t *testing.T) {
	for _, kind := range ledgertest.Kinds(t, ".") {
		ev, err := meeting.DecodeEvent(kind, []byte(`{"endpoint":"C1"}`))
		if err != nil {
			t.Fatal(err)
		}
		want := ""
		if _, has := reflect.TypeOf(ev).Elem().FieldByName("Endpoint"); has && kind != (&meeting.PictureKept{}).Kind() {
			want = "C1"
		}
		if got := ev.Subject(); got != want {
			t.Errorf("%s is about %q, want %q", kind, got, want)
		}
	}
}

// Only the first two reasons for which a slot is returned are acts; so is a message to others than the secretariat.
func TestControl(t *testing.T) {
	for _, why := range ledgertest.Constants[meeting.ReturnReason](t, ".", "ReturnReason") {
		if got, want := (&meeting.Returned{Why: why}).Control(), why == meeting.ReturnRevoked || why == meeting.ReturnReturned; got != want {
			t.Errorf("returned since %s: %v", why, got)
		}
	}
	if (&meeting.MessageSent{To: meeting.ToSecretariat}).Control() || !(&meeting.MessageSent{To: meeting.EveryEndpoint}).Control() {
		t.Error("messages")
	}
}
