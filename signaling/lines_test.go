package signaling_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/protocol"
)

func TestLineOfASite(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, c1 := b.Enter(meeting.HostCode), b.Enter("C1")
	get := func(by, code string, status int) (line struct {
		RTTMs    int     `json:"rtt_ms"`
		LossPct  float64 `json:"loss_pct"`
		Pictures string
		Slots    []struct {
			Slot, Kind string
			Kbps       int
			Freezes    int
			FrozenMs   int `json:"frozen_ms"`
		}
	}) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.HTTP.URL+"/api/v1/sessions/"+b.Links.ID+"/lines/"+code, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+servertest.Token(b.Links.Of(by)))
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != status {
			t.Fatalf("%s asks for %s: %d, want %d", by, code, answer.StatusCode, status)
		}
		if status == http.StatusOK {
			if err := json.NewDecoder(answer.Body).Decode(&line); err != nil {
				t.Fatal(err)
			}
		}
		return line
	}
	get(meeting.HostCode, "C2", http.StatusConflict) // is not there
	get("C1", "C1", http.StatusForbidden)
	var viewer signaling.Peer
	servertest.Await(t, "C1 watches", func() bool {
		viewer = b.Media.Of("C1", signaling.PeerViewer)
		return viewer.ID != ""
	})
	get(meeting.HostCode, "C1", http.StatusNotFound)
	b.Media.Mu.Lock()
	b.Media.Lines[viewer.ID] = signaling.Line{RTT: 40 * time.Millisecond, Loss: 0.0234, Slots: []signaling.SlotLine{
		{Slot: "main", Video: true, Rendition: 2, Bitrate: 1_200_000}, {Slot: "main", Bitrate: 40_000},
	}}
	b.Media.Mu.Unlock()
	c1.Ask(protocol.Receive{Pictures: "low"})
	c1.Ask(protocol.Frozen{Slot: "main", Count: 2, Ms: 900})
	c1.Ask(protocol.Frozen{Slot: "main", Count: 3, Ms: 1500})
	c1.Refused("bad_value", protocol.Frozen{Slot: "nowhere", Count: 1, Ms: 1})
	c1.Refused("bad_value", protocol.Frozen{Slot: "main", Count: -1})
	line := get(meeting.HostCode, "C1", http.StatusOK)
	if line.RTTMs != 40 || line.LossPct != 2.3 || line.Pictures != "low" || len(line.Slots) != 2 {
		t.Fatalf("%+v", line)
	}
	if s := line.Slots[0]; s.Kind != "video" || s.Kbps != 1200 || s.Freezes != 3 || s.FrozenMs != 1500 {
		t.Errorf("%+v", s)
	}
	if s := line.Slots[1]; s.Kind != "audio" || s.Kbps != 40 || s.Freezes != 0 {
		t.Errorf("%+v", s)
	}
	// Who looks does not wait for the record, which a command does.
	until, done := make(chan struct{}), make(chan error, 1)
	b.Record.Slow.Store(&until)
	go func() { done <- host.Request(t.Context(), protocol.Lock{Locked: true}) }()
	get(meeting.HostCode, "C1", http.StatusOK)
	select {
	case err := <-done:
		t.Fatalf("the command was done before: %v", err)
	default:
	}
	b.Record.Slow.Store(nil)
	close(until)
	if err := <-done; err != nil {
		t.Error(err)
	}
	b.Srv.Quality(viewer, 240*time.Millisecond, 7)
	host.Sees("the quality in the row", func() bool { return host.Sites["C1"].RTTMs == 240 && host.Sites["C1"].LossPct == 7 })
}
