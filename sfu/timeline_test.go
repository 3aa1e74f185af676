package sfu

import (
	"testing"
	"time"

	"github.com/diemcau/diemcau/sfu/transport"
)

// TestTimeline: what a change of source does to the timestamps given out.
func TestTimeline(t *testing.T) {
	const second = time.Second
	video, audio := clockRate(transport.Video), clockRate(transport.Audio)
	tests := []struct {
		name  string
		kind  transport.Kind
		last  time.Duration // of the source before, 0 for none
		first time.Duration // of the next one, by its own clock
		want  time.Duration // where its first sample is put
		extra uint32        // units beyond
	}{
		{"the first picture", transport.Video, 0, second, second, 0},
		{"the first sound", transport.Audio, 0, second, second, 0},
		{"a later picture stays", transport.Video, second, second + 40*time.Millisecond, second + 40*time.Millisecond, 0},
		{"an earlier picture is put right after", transport.Video, second, second / 2, second, 1},
		{"sound a little late goes on", transport.Audio, second, second + 70*time.Millisecond, second, opusFrame},
		{"sound a little early goes on", transport.Audio, second, second - 50*time.Millisecond, second, opusFrame},
		{"sound after a pause stays", transport.Audio, second, 2 * second, 2 * second, 0},
		{"sound far back goes on", transport.Audio, second, second / 2, second, opusFrame},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			line := newTimeline(tt.kind)
			units := func(d time.Duration) uint32 {
				rate := video
				if tt.kind == transport.Audio {
					rate = audio
				}
				return uint32(d.Seconds() * float64(rate))
			}
			now := int64(second)
			if tt.last != 0 {
				line.latest.Take(line.place(tt.last, now), now)
				line.change()
			}
			got := line.place(tt.first, now)
			if want := line.base + units(tt.want) + tt.extra; got != want {
				t.Fatalf("%d units from the goal", int32(got-want))
			}
			next := line.place(tt.first+20*time.Millisecond, now)
			if next-got != units(20*time.Millisecond) {
				t.Errorf("20 ms later it is %d units ahead", next-got)
			}
		})
	}
}
