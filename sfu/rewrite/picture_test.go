package rewrite

import (
	"math/rand/v2"
	"testing"
)

func TestPictureMap(t *testing.T) {
	var all Pictures
	var low, high PictureMap
	if _, _, ok := low.Map(&all, 5, 15, 1); ok {
		t.Fatal("nothing can be mapped before a keyframe")
	}
	low.Keyframe(&all, 32766, 15, 254)
	check := func(m *PictureMap, id uint16, tl0 uint8, wantID uint16, wantTL0 uint8) {
		t.Helper()
		gotID, gotTL0, ok := m.Map(&all, id, 15, tl0)
		if !ok || gotID != wantID || gotTL0 != wantTL0 {
			t.Fatalf("Map(%d, %d) = %d, %d, %v; want %d, %d", id, tl0, gotID, gotTL0, ok, wantID, wantTL0)
		}
	}
	check(&low, 32766, 254, 1, 1)
	check(&low, 32767, 255, 2, 2)
	check(&low, 0, 0, 3, 3)
	check(&low, 2, 1, 5, 4)

	high.Keyframe(&all, 77, 15, 9) // jumps ahead of low
	check(&high, 77, 9, 6, 5)
	check(&high, 78, 10, 7, 6)

	check(&low, 1, 0, 4, 3) // late, still on the first mapping
	check(&low, 3, 2, 6, 5) // goes on without a gap

	low.Keyframe(&all, 4, 15, 3) // ahead of both
	check(&low, 4, 3, 8, 7)
	check(&low, 3, 2, 6, 5) // a late packet of the frame before keeps its number

	low.Restart()
	low.Keyframe(&all, 1000, 15, 100) // another source
	check(&low, 1000, 100, 9, 8)
	if _, _, ok := low.Map(&all, 999, 15, 100); ok {
		t.Fatal("what came before the first keyframe of a source has no number")
	}
}

// A receiver that changes rendition at keyframes only ever sees the numbers grow, by less than half their range.
func TestPicturesOnlyGrow(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	var all Pictures
	var maps [3]PictureMap
	in := [3]uint16{32700, 5, 16000}
	var cur int
	var last uint16
	for i := range 50_000 {
		for r := range maps {
			in[r] = (in[r] + 1) & 0x7fff
			key := i == 0 || rnd.IntN(200) == 0
			if key {
				maps[r].Keyframe(&all, in[r], 15, uint8(in[r]))
			}
			id, _, ok := maps[r].Map(&all, in[r], 15, uint8(in[r]))
			if !ok {
				t.Fatal("not mapped")
			}
			if key && rnd.IntN(2) == 0 {
				cur = r
			}
			if r != cur {
				continue
			}
			if step := (id - last) & 0x7fff; i > 0 && (step == 0 || step >= 1<<14) {
				t.Fatalf("step %d: picture id went from %d to %d", i, last, id)
			}
			last = id
		}
	}
}

func FuzzPictureMap(f *testing.F) {
	f.Add([]byte{0, 1, 2, 255, 128, 3})
	f.Fuzz(func(t *testing.T, steps []byte) {
		var all Pictures
		var m PictureMap
		var before Pictures
		for _, step := range steps {
			id := uint16(step) << 7
			if step&1 == 1 {
				m.Keyframe(&all, id, 15, step)
			}
			m.Map(&all, id, 15, step)
			if all.id < before.id || all.tl0 < before.tl0 {
				t.Fatal("the slot's numbers went back")
			}
			before = all
		}
	})
}
