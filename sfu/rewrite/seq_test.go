package rewrite

import (
	"math/rand/v2"
	"testing"
)

func TestSeqMap(t *testing.T) {
	var m SeqMap
	if _, _, ok := m.Out(0, 5); ok {
		t.Fatal("an empty map maps nothing")
	}
	m.Switch(0, 65530, 100, Shift{})       // 65530..2 -> 100..108
	m.Switch(2, 7000, 109, Shift{Time: 9}) // 7000..7004 -> 109..113
	m.Switch(0, 20, 114, Shift{})          // 20.. -> 114..

	tests := []struct {
		stream    uint8
		in, out   uint16
		shift     uint32
		forwarded bool
	}{
		{0, 65530, 100, 0, true},
		{0, 65535, 105, 0, true},
		{0, 2, 108, 0, true},
		{0, 3, 0, 0, false}, // left out by the switch
		{0, 65529, 0, 0, false},
		{2, 7000, 109, 9, true},
		{2, 7004, 113, 9, true},
		{2, 7005, 0, 0, false},
		{2, 6999, 0, 0, false},
		{0, 20, 114, 0, true},
		{0, 500, 594, 0, true},
		{1, 500, 0, 0, false},
	}
	for _, tt := range tests {
		out, shift, ok := m.Out(tt.stream, tt.in)
		if ok != tt.forwarded || ok && (out != tt.out || shift.Time != tt.shift) {
			t.Errorf("Out(%d, %d) = %d, %v, %v", tt.stream, tt.in, out, shift, ok)
		}
		if !tt.forwarded {
			continue
		}
		stream, in, shift, ok := m.In(tt.out)
		if !ok || stream != tt.stream || in != tt.in || shift.Time != tt.shift {
			t.Errorf("In(%d) = %d, %d, %v, %v", tt.out, stream, in, shift, ok)
		}
	}
	if _, _, _, ok := m.In(99); ok {
		t.Error("99 was never sent")
	}
}

func TestSeqMapSkip(t *testing.T) {
	var m SeqMap
	m.Switch(1, 65530, 100, Shift{Time: 9})
	check := func(in, want uint16) {
		t.Helper()
		out, shift, ok := m.Out(1, in)
		if !ok || out != want || shift.Time != 9 {
			t.Fatalf("Out(%d) = %d, %v, %v, want %d", in, out, shift, ok, want)
		}
		if stream, back, _, ok := m.In(out); !ok || stream != 1 || back != in {
			t.Fatalf("In(%d) = %d, %d, %v, want %d", out, stream, back, ok, in)
		}
	}
	check(65530, 100)
	for in := uint16(65533); in != 7; in++ { // ten in a row, of which one point is kept
		m.Skip(in)
	}
	if m.n != 2 {
		t.Fatalf("%d points", m.n)
	}
	check(7, 103)
	check(65531, 101)
	check(65532, 102)
	if out, _, ok := m.Out(1, 2); ok {
		t.Fatalf("a number that was left out goes to %d", out)
	}

	m.Switch(2, 40, 102, Shift{Time: 9}) // 102 and 103 were given out, but never sent
	if out, _, ok := m.Out(1, 7); ok {
		t.Fatalf("a number that is taken back goes to %d", out)
	}
	if stream, in, _, ok := m.In(103); !ok || stream != 2 || in != 41 {
		t.Fatalf("In(103) = %d, %d, %v", stream, in, ok)
	}
	check(65531, 101)
}

// A long life: switches at random, numbers wrapping many times. Output runs on without gaps, and each recent
// output number leads back to its input.
func TestSeqMapLongRun(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	type input struct {
		stream uint8
		in     uint16
	}
	var m SeqMap
	sent := map[uint16]input{}
	ins := [3]uint16{65000, 10, 30000}
	cur, out, switches := uint8(0), uint16(50), 0
	m.Switch(cur, ins[cur], out, Shift{})
	for i := range 500_000 {
		for s := range ins {
			ins[s]++
		}
		if i == 0 {
			ins[cur]--
		}
		if rnd.IntN(3000) == 0 {
			cur = uint8(rnd.IntN(3))
			m.Switch(cur, ins[cur], out, Shift{})
			switches++
		}
		got, _, ok := m.Out(cur, ins[cur])
		if !ok || got != out {
			t.Fatalf("step %d: out %d %v, want %d", i, got, ok, out)
		}
		sent[out] = input{cur, ins[cur]}
		back := out - uint16(rnd.IntN(min(i+1, 900)))
		if stream, in, _, ok := m.In(back); !ok || (input{stream, in}) != sent[back] {
			t.Fatalf("step %d: In(%d) = %d %d %v, want %v", i, back, stream, in, ok, sent[back])
		}
		out++
	}
	if switches < 50 {
		t.Fatalf("only %d switches", switches)
	}
}

func FuzzSeqMap(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 250, 9, 90, 4})
	f.Fuzz(func(t *testing.T, steps []byte) {
		var m SeqMap
		var in, next uint16
		for _, step := range steps {
			if step&1 == 0 {
				in += uint16(step) << 4
				m.Switch(step>>6, in, next, Shift{Time: uint32(step)})
			} else if step&2 != 0 && m.n > 0 {
				in++
				m.Skip(in)
			}
			in += uint16(step >> 5)
			out, shift, ok := m.Out(steps[0]>>6, in)
			if !ok {
				continue
			}
			stream, back, shift2, ok := m.In(out)
			if !ok || stream != steps[0]>>6 || back != in || shift != shift2 {
				t.Fatalf("Out(%d) = %d but In gives %d", in, out, back)
			}
			if int16(out-next) >= 0 {
				next = out + 1
			}
		}
	})
}

func BenchmarkSeqMap(b *testing.B) {
	var m SeqMap
	for i := range historyLen {
		m.Switch(uint8(i%3), uint16(i*100), uint16(i*100), Shift{})
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.Out(1, uint16(700+i))
	}
}
