package attendance_test

import (
	"bytes"
	"crypto/ed25519"
	"slices"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/google/go-cmp/cmp"
)

// verified exports a ledger and reads the file again.
func verified(t *testing.T, list []ledger.Entry) (ledger.Verified, error) {
	t.Helper()
	var out bytes.Buffer
	if err := ledger.Export(&out, seq(list), ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))); err != nil {
		t.Fatal(err)
	}
	return ledger.Verify(&out, nil)
}

func TestErasedPersonalDataLeaveTheChainWhole(t *testing.T) {
	list := entries(t, meeting.DefaultRules(), append(script(t, "0 start; 5 in a"),
		happening{10, &meeting.DelegatesDeclared{Endpoint: "C1", Delegates: []meeting.Delegate{{Name: "Nguyễn Thị <Bé>", Title: "Chủ tịch"}}}},
		happening{11, &meeting.MessageSent{From: "C1", To: meeting.ToSecretariat, Text: "Bà Bé đến muộn"}},
		happening{600, &meeting.Ended{By: meeting.HostCode}}, happening{700, &meeting.NamesErased{}})...)
	whole := list[:len(list)-1]
	for _, e := range list {
		for _, personal := range []string{"Bé", "+84"} {
			if strings.Contains(string(e.Data), personal) {
				t.Errorf("entry %d holds %q: %s", e.Seq, personal, e.Data)
			}
		}
	}
	type known struct {
		Delegates   []meeting.Delegate
		Phone, Text string
		Endpoints   int
	}
	read := func(list []ledger.Entry) (k known) {
		t.Helper()
		r, err := attendance.Fold(seq(list), attendance.FoldOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ev, err := list[4].Event()
		if err != nil {
			t.Fatal(err)
		}
		return known{r.Sites[0].Delegates, r.Sites[1].Phone, ev.(*meeting.MessageSent).Text, len(r.Sites)}
	}
	want := known{[]meeting.Delegate{{Name: "Nguyễn Thị <Bé>", Title: "Chủ tịch"}}, "+84 259 000 000", "Bà Bé đến muộn", 3}
	if diff := cmp.Diff(want, read(whole)); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	if got, err := verified(t, list); err != nil || got.Erased != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	// The entry alone takes them out of a report, in whatever order they come.
	last := len(list) - 1
	for _, order := range [][]ledger.Entry{list, append(append(slices.Clone(list[:1]), list[last]), list[1:last]...)} {
		r, err := attendance.Fold(seq(order), attendance.FoldOptions{})
		if err != nil || r.Sites[0].Delegates != nil || r.Sites[1].Phone != "" {
			t.Errorf("%v, %+v", err, r.Sites)
		}
	}
	for i := range list {
		list[i].Personal = nil
	}
	if diff := cmp.Diff(known{Endpoints: 3}, read(list)); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
	got, err := verified(t, list)
	if err != nil || got.Erased != 3 {
		t.Errorf("%+v, %v", got, err)
	}
}
