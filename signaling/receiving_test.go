package signaling_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// A site receives while receiver reports and the word of its page agree; of a page that tells nothing the record names
// the weaker evidence.
func TestReceivingNeedsBoth(t *testing.T) {
	b := servertest.NewBed(t, "")
	host := b.Enter(meeting.HostCode)
	honest, err := b.TryEnter("C1", client.Options{Reports: true})
	if err != nil {
		t.Fatal(err)
	}
	b.Enter("C2")
	viewer := func(code string) (p signaling.Peer) {
		servertest.Await(t, "the viewer of "+code, func() bool { p = b.Media.Of(code, signaling.PeerViewer); return p.ID != "" })
		return p
	}
	v1, v2 := viewer("C1"), viewer("C2")
	receives := func(code string, want bool) {
		t.Helper()
		host.Sees(code+" receiving", func() bool { return host.Sites[code].Receiving == want })
	}
	b.Srv.Receiving(v1, true, time.Now())
	b.Srv.Receiving(v2, true, time.Now())
	receives("C2", true)
	receives("C1", false)
	honest.Ask(protocol.Received{Peer: v2.ID, Frames: 30}) // of another page
	honest.Ask(protocol.Received{Peer: "viewer-zz", Frames: 30})
	honest.Ask(protocol.Received{Peer: v1.ID, Frames: 30, SoundMs: 1500})
	receives("C1", true)
	b.Media.Deliver(v1.ID, signaling.Delivery{Packets: 1000, Lost: 20, High: 40 * time.Second, Arriving: time.Minute})
	honest.Ask(protocol.Received{Peer: v1.ID, IdleMs: 9000})
	receives("C1", false)
	honest.Ask(protocol.Received{Peer: v1.ID, Frames: 3, IdleMs: 100})
	receives("C1", true)
	honest.Refused("bad_value", protocol.Received{Peer: v1.ID, Frames: -1})
	b.Srv.Receiving(v1, false, time.Now())
	receives("C1", false)
	var evidence []meeting.Evidence
	for _, ev := range servertest.Events[*meeting.ReceivingChanged](b) {
		if ev.Endpoint == "C1" {
			evidence = append(evidence, ev.Evidence)
		} else if ev.Evidence != meeting.EvidenceReports {
			t.Errorf("%s by %s", ev.Endpoint, ev.Evidence)
		}
	}
	want := []meeting.Evidence{meeting.EvidenceDecoded, meeting.EvidenceDecoded, meeting.EvidenceDecoded, meeting.EvidenceReports}
	if !slices.Equal(evidence, want) {
		t.Errorf("C1 by %v, want %v", evidence, want)
	}
	var report struct {
		Receiving []struct{ Endpoint, To, Evidence string }
	}
	b.Report(&report)
	if n := len(report.Receiving); n != 3 || report.Receiving[0].Evidence != "decoded" || report.Receiving[2].Evidence != "receiver_reports" {
		t.Errorf("%+v", report.Receiving)
	}
}

// A connection is summed up when it ends, also by the end of the session, and the report adds up what it was sent.
func TestQualityIsOnRecord(t *testing.T) {
	b := servertest.NewBed(t, "")
	host := b.Enter(meeting.HostCode)
	host.Ask(protocol.Start{})
	sent := func(code string, d signaling.Delivery) *servertest.Person {
		p := b.Enter(code)
		var v signaling.Peer
		servertest.Await(t, "its viewer", func() bool { v = b.Media.Of(code, signaling.PeerViewer); return v.ID != "" })
		p.Sees("its viewer", func() bool { return p.Peers[v.ID] != "" })
		b.Media.Deliver(v.ID, d)
		p.Ask(protocol.Received{Peer: v.ID, Frames: 250, SoundMs: 10_000})
		return p
	}
	first := sent("C1", signaling.Delivery{Packets: 1000, Lost: 100, High: 30 * time.Second, Low: 9 * time.Second})
	broken := b.Media.Of("C1", signaling.PeerViewer)
	b.Srv.PeerFailed(broken, "consent lost")
	first.Sees("a new viewer", func() bool { return first.Peers[broken.ID] == "" && len(first.Peers) == 1 })
	b.Media.Deliver(b.Media.Of("C1", signaling.PeerViewer).ID, signaling.Delivery{Packets: 1000, Low: time.Second, Nothing: 5 * time.Second})
	first.Close()
	servertest.Await(t, "the sum of C1", func() bool { return len(servertest.Events[*meeting.QualityMeasured](b)) == 1 })
	sent("C2", signaling.Delivery{Packets: 10, Medium: time.Minute})
	b.Enter("C3") // nothing was sent there
	host.Ask(protocol.End{})
	servertest.Await(t, "the sums of the end", func() bool { return len(servertest.Events[*meeting.QualityMeasured](b)) == 2 })
	var report struct {
		Sites []struct {
			Endpoint string
			Devices  []string
			Quality  json.RawMessage
		}
	}
	b.Report(&report)
	for i, want := range []string{
		`{"loss_pct":5,"high_s":30,"medium_s":0,"low_s":10,"no_picture_s":5,"frames":250,"sound_s":10}`,
		`{"loss_pct":0,"high_s":0,"medium_s":60,"low_s":0,"no_picture_s":0,"frames":250,"sound_s":10}`,
		"",
	} {
		got := report.Sites[i]
		if string(servertest.Compact(t, got.Quality)) != want || !slices.Equal(got.Devices, []string{"test"}) {
			t.Errorf("%+v: %s, want %s", got, got.Quality, want)
		}
	}
}
