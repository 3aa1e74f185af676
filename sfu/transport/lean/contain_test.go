package lean

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"github.com/diemcau/diemcau/sfu/transport"
)

// A datagram over which the program stumbles ends its connection alone. It is told, and the lock of the connection is
// free again.
func TestPanicOfAPacketEndsItsConnection(t *testing.T) {
	var faults atomic.Int32
	f := newFactory(t, Config{Panicked: func(any, ...any) { faults.Add(1) }}, "127.0.0.1")
	states := make(chan transport.State, 8)
	conn, err := f.New(transport.Params{
		CNAME: "stage", Media: testMedia(), OnState: func(s transport.State) { states <- s }, OnRTCP: func([]byte) { panic("of a test") },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	upset := &viewer{Conn: conn, states: states}
	poison, other := newClient(t, webrtc.SettingEngine{}), newClient(t, webrtc.SettingEngine{})
	connect(t, upset, poison)
	v := newViewer(t, f)
	connect(t, v, other)
	report := []rtcp.Packet{&rtcp.ReceiverReport{SSRC: 1}}
	poll(t, "the client sends", func() bool { return poison.WriteRTCP(report) == nil })
	upset.wait(t, transport.Failed)
	if faults.Load() == 0 {
		t.Error("the fault is not told")
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	for ended := time.After(deadline); ; {
		poll(t, "the other client sends", func() bool { return other.WriteRTCP(report) == nil })
		select {
		case <-v.rtcp:
			return
		case <-time.After(50 * time.Millisecond):
		case <-ended:
			t.Fatal("the other connection hears nothing")
		}
	}
}
