package meeting

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// A copy of rows keeps what it had, whatever is set or added afterwards, across the borders of pages.
func TestRowsKeepTheirCopies(t *testing.T) {
	value := func(i int) *int { return &i }
	values := func(r rows[int]) (all []int) {
		for v := range r.all() {
			all = append(all, *v)
		}
		return all
	}
	for _, n := range []int{0, 1, 127, 128, 129, 300} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			list := make([]*int, n)
			want := make([]int, n)
			for i := range list {
				list[i], want[i] = value(i), i
			}
			r := rowsOf(list)
			before := r
			for i := range n {
				r.set(i, value(-i))
			}
			for i := range 200 {
				r.set(r.n, value(i))
			}
			if !slices.Equal(values(before), want) {
				t.Errorf("the copy has %v", values(before))
			}
			for i := range want {
				want[i] = -i
			}
			for i := range 200 {
				want = append(want, i)
			}
			if !slices.Equal(values(r), want) {
				t.Errorf("the rows are %v", values(r))
			}
		})
	}
}

// A frozen view costs the same for ten sites and for ten thousand, and a change what its pages are.
func BenchmarkFreezeAfterOneEvent(b *testing.B) {
	for _, sites := range []int{10, 10_600} {
		b.Run(fmt.Sprint(sites), func(b *testing.B) {
			s, convened := New("s"), &Convened{}
			for i := range sites {
				convened.Endpoints = append(convened.Endpoints, Endpoint{Code: fmt.Sprint("C", i), Role: RoleSite})
			}
			s.Apply(convened, time.Time{})
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				s.Apply(&HeadcountDeclared{Endpoint: s.Order[i%sites], Headcount: i}, time.Time{})
				s.Freeze()
				i++
			}
		})
	}
}
