package meeting

import "testing"

// PhaseAfter says of every kind of event what its fold does.
func TestPhaseAfter(t *testing.T) {
	for kind := range makers {
		ev, err := DecodeEvent(kind, []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		s := New("s1")
		s.Phase = "before"
		ev.apply(s, s.StartedAt)
		if phase, begins := PhaseAfter(kind); begins != (s.Phase != "before") || begins && phase != s.Phase {
			t.Errorf("%s begins %q, its fold %q", kind, phase, s.Phase)
		}
	}
}
