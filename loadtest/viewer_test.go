package loadtest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// told says what a viewer sends now: a line for each datagram.
func told(v *viewer, at time.Time) (datagrams []string) {
	for _, packets := range v.feedback(at) {
		line := ""
		for _, p := range packets {
			switch p := p.(type) {
			case *rtcp.ReceiverReport:
				line += "RR"
				for _, r := range p.Reports {
					line += fmt.Sprint(" ", r.SSRC)
				}
			case *rtcp.ReceiverEstimatedMaximumBitrate:
				line += fmt.Sprint(" REMB ", p.SSRCs)
			case *rtcp.TransportLayerNack:
				line += fmt.Sprint("NACK ", p.MediaSSRC)
			case *rtcp.PictureLossIndication:
				line += fmt.Sprint("PLI ", p.MediaSSRC)
			default:
				line += fmt.Sprintf("%T", p)
			}
		}
		datagrams = append(datagrams, line)
	}
	return datagrams
}

// during is the same for some time, in which the first three streams get a packet of 1,000 bytes each pulse.
func during(v *viewer, from time.Time, d time.Duration, number *uint16) (datagrams []string) {
	for at := from; at.Before(from.Add(d)); at = at.Add(pulse) {
		*number++
		for _, s := range v.streams[:3] {
			s.put(*number, uint32(*number)*960, 1000, at)
		}
		datagrams = append(datagrams, told(v, at)...)
	}
	return datagrams
}

func count(lines []string, what string) (n int) {
	for _, line := range lines {
		if line == what {
			n++
		}
	}
	return n
}

// TestViewerReportsAsABrowser holds what Chromium 156 was seen to send on a stage with two pictures and sound.
func TestViewerReportsAsABrowser(t *testing.T) {
	sound := &offeredMedia{mid: mainAudio, ssrc: 1}
	main := &offeredMedia{mid: mainVideo, video: true, nack: true, ssrc: 2, rtxSSRC: 3}
	floor := &offeredMedia{mid: "v-floor", video: true, nack: true, ssrc: 4, rtxSSRC: 5}
	silent := &offeredMedia{mid: "v-presentation", video: true, nack: true, ssrc: 6, rtxSSRC: 7}
	v := &viewer{sawFirst: true}
	for _, m := range []*offeredMedia{sound, main, floor, silent} { // of the last nothing is said
		v.streams = append(v.streams, newStream(m))
	}
	at, number := time.Unix(1000, 0), uint16(100)

	before := during(v, at, firstEstimate, &number)
	for _, line := range before {
		if !slices.Contains([]string{"RR 1", "RR 2", "RR 4"}, line) {
			t.Errorf("before there is an estimate: %q", line)
		}
	}
	if n := count(before, "RR 2"); n < 3 || n > 10 {
		t.Errorf("%d reports of main in 5 s", n)
	}
	at = at.Add(firstEstimate)
	after := during(v, at, 20*time.Second, &number)
	if n := count(after, "RR 2 REMB [2 4]"); n < 90 || n > 100 {
		t.Errorf("%d estimates with a report in 20 s, want five a second", n)
	}
	if n := count(after, "RR 4"); n < 13 || n > 40 {
		t.Errorf("%d reports of the floor in 20 s", n)
	}
	if n := count(after, "RR 1"); n < 2 || n > 8 {
		t.Errorf("%d reports of the sound in 20 s", n)
	}
	at = at.Add(20 * time.Second)
	number += 2 // lost
	lost := during(v, at, 100*time.Millisecond, &number)
	if count(lost, "NACK 2 REMB [2 4]") != 1 || count(lost, "NACK 4") != 1 {
		t.Errorf("after a loss: %q", lost)
	}
	// What a probe sends on the repairs' numbers is estimated too, while no picture comes.
	at = at.Add(10 * time.Second)
	told(v, at)
	v.streams[1].bytes += 5000
	if got := told(v, at.Add(time.Second)); !slices.Contains(got, "RR REMB [2 4]") {
		t.Errorf("of a line that is probed: %q", got)
	}
}
