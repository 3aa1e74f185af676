package meeting

import (
	"reflect"
	"testing"
)

// An event that has an endpoint changes its state; a picture is evidence alone.
func TestSubjects(t *testing.T) {
	for _, kind := range Kinds() {
		ev, err := DecodeEvent(kind, []byte(`{"endpoint":"C1"}`))
		if err != nil {
			t.Fatal(err)
		}
		want := ""
		if _, has := reflect.TypeOf(ev).Elem().FieldByName("Endpoint"); has && kind != (&PictureKept{}).Kind() {
			want = "C1"
		}
		if got := ev.Subject(); got != want {
			t.Errorf("%s is about %q, want %q", kind, got, want)
		}
	}
}

// Only the first two reasons for which a slot is returned are acts; so is a message to others than the secretariat.
func TestControl(t *testing.T) {
	for _, why := range ReturnReasons() {
		if got, want := (&Returned{Why: why}).Control(), why == ReturnRevoked || why == ReturnReturned; got != want {
			t.Errorf("returned since %s: %v", why, got)
		}
	}
	if (&MessageSent{To: ToSecretariat}).Control() || !(&MessageSent{To: EveryEndpoint}).Control() {
		t.Error("messages")
	}
}
