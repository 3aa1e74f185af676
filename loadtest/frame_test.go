package loadtest

import (
	"slices"
	"testing"
	"time"
)

// packetsOf returns the payloads of the frames of a rendition, numbered from 0.
func framesOf(r rendition, n int) (payloads [][][]byte) {
	p := newPicture(r, sourceOf("host"))
	at := time.Unix(1000, 0)
	for range n {
		frame, _ := p.next(at, false)
		payloads = append(payloads, frame)
		at = at.Add(frameInterval)
	}
	return payloads
}

func TestFramesComeWholeInAnyOrder(t *testing.T) {
	high := referencePicture(false)[0]
	orders := map[string][]int{
		"in order":     {0, 1, 2, 3, 4, 5},
		"reversed":     {5, 4, 3, 2, 1, 0},
		"repaired":     {0, 1, 3, 4, 5, 2},
		"ends first":   {5, 0, 1, 2, 3, 4},
		"twice a part": {0, 1, 1, 2, 3, 4, 5},
	}
	for name, order := range orders {
		t.Run(name, func(t *testing.T) {
			var a assembler
			number := int64(0)
			for i, payloads := range framesOf(high, 3) {
				if len(payloads) != 6 {
					t.Fatalf("a frame has %d packets, want %d", len(payloads), 6)
				}
				var got frame
				done := 0
				for _, at := range order {
					if f, whole := a.push(number+int64(at), uint32(i)*3600, at == len(payloads)-1, slices.Clone(payloads[at])); whole {
						got = f
						done++
					}
				}
				number += int64(len(payloads))
				if done != 1 {
					t.Fatalf("frame %d came whole %d times", i, done)
				}
				if got.keyframe != (i == 0) {
					t.Errorf("frame %d: keyframe %v", i, got.keyframe)
				}
				s, found, sound := readStamp(got.data)
				if !found || !sound || s.source != sourceOf("host") || !s.sent.Equal(time.Unix(1000, 0).Add(time.Duration(i)*frameInterval)) {
					t.Errorf("frame %d: stamp %+v, found %v, sound %v", i, s, found, sound)
				}
			}
		})
	}
}
