package signaling

import (
	"testing"
	"time"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

func TestPageWord(t *testing.T) {
	start := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	type step struct {
		at       int // seconds
		report   protocol.Received
		arriving int // seconds, by receiver reports
		changed  bool
		decodes  bool
		since    int // seconds; of a change
	}
	frames := func(n, idleS int) protocol.Received {
		return protocol.Received{Peer: "v1", Frames: n, IdleMs: idleS * 1000}
	}
	for name, steps := range map[string][]step{
		"pictures come, then nothing though packets do": {
			{0, frames(0, 0), 0, true, false, 0}, {2, frames(30, 0), 2, true, true, 2}, {14, frames(300, 0), 14, false, true, 0},
			{26, frames(40, 9), 26, true, false, 17}, {40, frames(0, 23), 40, false, false, 0}, {42, frames(1, 0), 42, true, true, 42},
		},
		"nothing is sent, so there is nothing to decode": {
			{2, frames(30, 0), 2, true, true, 2}, {14, frames(0, 12), 0, false, true, 0}, {28, frames(0, 26), 3, false, true, 0},
		},
		"sound alone will do":                        {{2, protocol.Received{Peer: "v1", SoundMs: 1800}, 2, true, true, 2}},
		"what came before it fell idle is no longer": {{20, frames(30, 9), 20, true, false, 20}},
		"a new peer begins anew": {
			{2, frames(30, 0), 2, true, true, 2}, {4, protocol.Received{Peer: "v2"}, 0, false, false, 0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := &pageWord{}
			for i, s := range steps {
				before := w.decodes && s.report.Peer == w.peer
				changed, at := w.update(s.report, start.Add(time.Duration(s.at)*time.Second),
					func() time.Duration { return time.Duration(s.arriving) * time.Second })
				if changed != s.changed || w.decodes != s.decodes {
					t.Errorf("step %d: changed %v, decodes %v (before %v)", i, changed, w.decodes, before)
				}
				if changed && !at.Equal(start.Add(time.Duration(s.since)*time.Second)) {
					t.Errorf("step %d: since %v", i, at.Sub(start))
				}
			}
		})
	}
	w := &pageWord{}
	w.update(frames(30, 0), start, nil)
	if _, silent := w.silent(start.Add(pageSilent - time.Second)); silent {
		t.Error("silent too early")
	}
	if last, silent := w.silent(start.Add(pageSilent)); !silent || !last.Equal(start) {
		t.Errorf("%v, %v", last, silent)
	}
	if _, silent := w.silent(start.Add(2 * pageSilent)); silent {
		t.Error("silent twice")
	}
}

func TestReception(t *testing.T) {
	at := func(s int) time.Time { return time.Date(2026, 3, 2, 1, 0, s, 0, time.UTC) }
	yes, no := true, false
	reports := func(on *bool, s int) peerEvents { return peerEvents{receiving: on, at: at(s)} }
	page := func(on *bool, s int) peerEvents { return peerEvents{decodes: on, decodedAt: at(s)} }
	type want struct {
		receiving bool
		evidence  meeting.Evidence
		at        int
	}
	for name, tc := range map[string]struct {
		promised bool
		news     []peerEvents
		want     []want // the changes
	}{
		"reports alone, of a page that tells nothing": {false, []peerEvents{reports(&yes, 1), reports(&no, 9)}, []want{
			{true, meeting.EvidenceReports, 1}, {false, meeting.EvidenceReports, 9},
		}},
		"reports alone, of a page that promised more": {true, []peerEvents{reports(&yes, 1), reports(&no, 9)}, nil},
		"a page's claim alone":                        {true, []peerEvents{page(&yes, 1), page(&no, 9)}, nil},
		"both, the page last": {true, []peerEvents{reports(&yes, 1), page(&yes, 3), reports(&no, 9)}, []want{
			{true, meeting.EvidenceDecoded, 3}, {false, meeting.EvidenceReports, 9},
		}},
		"both, the reports last": {true, []peerEvents{page(&yes, 3), reports(&yes, 4), page(&no, 9)}, []want{
			{true, meeting.EvidenceDecoded, 4}, {false, meeting.EvidenceDecoded, 9},
		}},
		"both at once": {true, []peerEvents{{receiving: &yes, at: at(4), decodes: &yes, decodedAt: at(3)}}, []want{{true, meeting.EvidenceDecoded, 4}}},
	} {
		t.Run(name, func(t *testing.T) {
			var r reception
			var got []want
			for _, n := range tc.news {
				if c := r.update(n, tc.promised); c != nil {
					got = append(got, want{c.Receiving, c.Evidence, c.At.Second()})
				}
			}
			if len(got) != len(tc.want) {
				t.Fatalf("got %v, want %v", got, tc.want)
			}
			for i := range got {
				if got[i] != tc.want[i] {
					t.Errorf("change %d: got %v, want %v", i, got[i], tc.want[i])
				}
			}
		})
	}
}

func TestRounds(t *testing.T) {
	start := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	order := make([]string, 10_600)
	for i := range order {
		order[i] = string(rune(i))
	}
	for _, n := range []int{0, 3, 1000, len(order)} {
		var r rounds
		seen := map[string]int{}
		largest := 0
		for s := 0; s <= int((3*qualityRound+time.Minute)/time.Second); s += int(evidenceEvery / time.Second) {
			part := r.part(order[:n], start.Add(time.Duration(s)*time.Second))
			largest = max(largest, len(part))
			for _, code := range part {
				seen[code]++
			}
		}
		if len(seen) != n || largest > meeting.MaxQuality {
			t.Errorf("of %d endpoints %d were looked at, up to %d together", n, len(seen), largest)
		}
		for code, times := range seen {
			if times < 2 || times > 3 {
				t.Errorf("of %d endpoints, %q was looked at %d times in three rounds", n, code, times)
				break
			}
		}
	}
}
