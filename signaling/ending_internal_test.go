package signaling

import (
	"testing"

	"github.com/diemcau/diemcau/internal/ledgertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/gorilla/websocket"
)

// Every reason for the end of a connection closes its socket with a code of its own kind, so that a page knows whether to
// come back.
func TestEndingOfEveryReason(t *testing.T) {
	want := map[meeting.EndReason]int{
		meeting.EndClosed: websocket.CloseNormalClosure, meeting.EndPageClosed: websocket.CloseNormalClosure, meeting.EndTimeout: protocol.CloseTimeout,
		meeting.EndRestart: protocol.CloseRestart, meeting.EndReplaced: protocol.CloseTakenOver, meeting.EndTakenOver: protocol.CloseTakenOver,
		meeting.EndRemoved: protocol.CloseRemoved, meeting.EndRevoked: protocol.CloseBadToken,
		meeting.EndWithdrawn: protocol.CloseWithdrawn,
	}
	for _, why := range ledgertest.Constants[meeting.EndReason](t, "../meeting", "EndReason") {
		if f := ending(why); f.Close != want[why] || f.Code != string(why) {
			t.Errorf("%s closes with %d %q, want %d", why, f.Close, f.Code, want[why])
		}
	}
}
