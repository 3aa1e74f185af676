package attendance

import (
	"testing"

	"github.com/diemcau/diemcau/internal/ledgertest"
	"github.com/diemcau/diemcau/meeting"
)

// Every reason for the end of a connection has its place in the report: who was put out did not leave.
func TestEndReasons(t *testing.T) {
	want := map[meeting.EndReason]EndReason{
		meeting.EndClosed: EndLost, meeting.EndTimeout: EndLost, meeting.EndRestart: EndLost, meeting.EndReplaced: EndLost,
		meeting.EndPageClosed: EndLeft, meeting.EndTakenOver: EndTakenOver, meeting.EndRemoved: EndRemoved, meeting.EndRevoked: EndRemoved,
		meeting.EndWithdrawn: EndRemoved,
	}
	for _, why := range ledgertest.Constants[meeting.EndReason](t, "../meeting", "EndReason") {
		if got := endReason(why); got != want[why] || got == "" {
			t.Errorf("%s is told as %q, want %q", why, got, want[why])
		}
	}
}

// Every reason for which a slot is returned has words in both languages.
func TestReturnReasonsHaveWords(t *testing.T) {
	for _, why := range ledgertest.Constants[meeting.ReturnReason](t, "../meeting", "ReturnReason") {
		for lang, words := range labels {
			if words["why."+string(why)] == "" {
				t.Errorf("%s has no words in %s", why, lang)
			}
		}
	}
}
