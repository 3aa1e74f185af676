package loadtest

import "testing"

// run feeds numbers from first to last, without those in but.
func (s *sequence) run(first, last int64, but ...int64) {
	skip := map[int64]bool{}
	for _, n := range but {
		skip[n] = true
	}
	for n := first; n <= last; n++ {
		if !skip[n] {
			s.put(uint16(n))
		}
	}
}

func TestSequenceCountsEachNumberOnce(t *testing.T) {
	type counts struct{ received, duplicates, lost int64 }
	tests := map[string]struct {
		before func(*sequence) // the measurement
		during func(*sequence)
		after  func(*sequence) // its end, before it is settled
		want   counts
	}{
		"nothing": {},
		"all in order": {
			before: func(s *sequence) { s.run(1, 100) },
			during: func(s *sequence) { s.run(101, 200) },
			want:   counts{received: 100},
		},
		"first packet comes within": {
			during: func(s *sequence) { s.run(500, 599) },
			want:   counts{received: 100},
		},
		"gaps": {
			before: func(s *sequence) { s.run(1, 100) },
			during: func(s *sequence) { s.run(101, 200, 110, 111, 150) },
			want:   counts{received: 97, lost: 3},
		},
		"gap before does not count": {
			before: func(s *sequence) { s.run(1, 100, 50) },
			during: func(s *sequence) { s.run(101, 200) },
			want:   counts{received: 100},
		},
		"repair of what was before does not count": {
			before: func(s *sequence) { s.run(1, 100, 50) },
			during: func(s *sequence) { s.run(101, 200); s.put(50) },
			want:   counts{received: 100},
		},
		"late and in time": {
			before: func(s *sequence) { s.run(1, 100) },
			during: func(s *sequence) { s.run(101, 200, 120); s.put(120) },
			want:   counts{received: 100},
		},
		"repaired after the end": {
			before: func(s *sequence) { s.run(1, 100) },
			during: func(s *sequence) { s.run(101, 200, 199) },
			after:  func(s *sequence) { s.put(199); s.run(201, 250) },
			want:   counts{received: 100},
		},
		"gap after the end does not count": {
			before: func(s *sequence) { s.run(1, 100) },
			during: func(s *sequence) { s.run(101, 200) },
			after:  func(s *sequence) { s.run(201, 250, 220) },
			want:   counts{received: 100},
		},
		"twice": {
			before: func(s *sequence) { s.run(1, 100) },
			during: func(s *sequence) { s.run(101, 200); s.put(150); s.put(150); s.put(200); s.put(99) },
			want:   counts{received: 100, duplicates: 3},
		},
		"across the wrap": {
			before: func(s *sequence) { s.run(65000, 65400) },
			during: func(s *sequence) { s.run(65401, 65636, 65535, 65536, 65540); s.put(65535 & 0xffff) },
			want:   counts{received: 234, lost: 2},
		},
		"twice around": {
			before: func(s *sequence) { s.run(10, 20) },
			during: func(s *sequence) { s.run(21, 140_020, 70_000, 130_000) },
			want:   counts{received: 139_998, lost: 2},
		},
		"more than a span is missing": {
			before: func(s *sequence) { s.run(1, 100) },
			during: func(s *sequence) { s.put(101); s.put(5101) },
			want:   counts{received: 2, lost: 4999},
		},
		"gap at the end": {
			before: func(s *sequence) { s.run(1, 100) },
			during: func(s *sequence) { s.run(101, 200, 199) },
			want:   counts{received: 99, lost: 1},
		},
		"too old to tell": {
			before: func(s *sequence) { s.run(1, 100) },
			during: func(s *sequence) { s.run(101, 5000); s.put(200) },
			want:   counts{received: 4900},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var s sequence
			for _, step := range []func(*sequence){test.before, func(s *sequence) { s.begin() }, test.during, func(s *sequence) { s.end() }, test.after} {
				if step != nil {
					step(&s)
				}
			}
			s.settle()
			if got := (counts{s.received, s.duplicates, s.lost}); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestSequenceExtends(t *testing.T) {
	var s sequence
	for _, step := range []struct {
		number   uint16
		extended int64
		missed   int64
		what     arrival
	}{
		{65534, 65534, 0, fresh},
		{65535, 65535, 0, fresh},
		{2, 65538, 2, fresh},
		{1, 65537, 0, fresh},
		{1, 65537, 0, duplicate},
		{65533, 65533, 0, fresh}, // overtaken by the first
		{40000, 40000, 0, stale},
	} {
		extended, missed, what := s.put(step.number)
		if extended != step.extended || missed != step.missed || what != step.what {
			t.Errorf("put(%d) = %d, %d, %v, want %d, %d, %v", step.number, extended, missed, what, step.extended, step.missed, step.what)
		}
	}
}

func FuzzSequence(f *testing.F) {
	f.Add([]byte{0, 1, 0, 2, 255, 255, 0, 1}, uint8(1), uint8(3))
	f.Fuzz(func(t *testing.T, numbers []byte, begin, end uint8) {
		var s sequence
		for i := 0; i+1 < len(numbers); i += 2 {
			if i/2 == int(begin) {
				s.begin()
			}
			if s.measuring && i/2 == int(end) {
				s.end()
			}
			s.put(uint16(numbers[i])<<8 | uint16(numbers[i+1]))
		}
		from, to, started := s.from, min(s.to, s.highest), s.measuring && s.started
		s.settle()
		if s.received < 0 || s.lost < 0 || s.duplicates < 0 {
			t.Fatalf("negative count: %+v", s)
		}
		if started && s.received+s.lost != max(to-from, 0) {
			t.Fatalf("received %d and lost %d of %d", s.received, s.lost, to-from)
		}
	})
}

// TestSequenceSettlesWithoutEnd is of a connection that broke within the window.
func TestSequenceSettlesWithoutEnd(t *testing.T) {
	var s sequence
	s.run(1, 100)
	s.begin()
	s.run(101, 200, 150)
	s.settle()
	if s.received != 99 || s.lost != 1 {
		t.Errorf("received %d, lost %d", s.received, s.lost)
	}
}
