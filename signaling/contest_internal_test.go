package signaling

import (
	"testing"
	"time"
)

func TestContestCountsAnHour(t *testing.T) {
	t0 := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	var c contest
	for i := range 40 { // four within an hour
		if c.count(t0.Add(time.Duration(i)*16*time.Minute), 0, 1) {
			t.Fatalf("told after %d", i+1)
		}
	}
	c = contest{}
	for i := range 200 {
		if c.count(t0.Add(time.Duration(i)*7*time.Minute), 1, 0) { // nine within an hour
			t.Fatalf("told after %d", i+1)
		}
	}
	for range 5000 {
		c.count(t0, 1, 1)
	}
	if refused, taken := c.shown(); refused != contestMost || taken != contestMost {
		t.Errorf("%d refused, %d taken over", refused, taken)
	}
	if c.count(t0.Add(48*time.Hour), 0, 0); !c.said {
		t.Error("it is forgotten before the link is changed")
	}
}
