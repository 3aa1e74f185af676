package account_test

import (
	"testing"

	"github.com/diemcau/diemcau/account"
)

func TestKnownIsBounded(t *testing.T) {
	k := account.NewKnown(2)
	k.Add("a")
	k.Add("b")
	k.Add("a")
	k.Add("c")
	for key, want := range map[string]bool{"a": true, "b": false, "c": true, "d": false} {
		if k.Has(key) != want {
			t.Errorf("%s: %v", key, !want)
		}
	}
}
