package loadtest

import (
	"encoding/json"
	"testing"
	"time"
)

func TestPercentiles(t *testing.T) {
	var none durations
	if got := none.percentiles(); got != nil {
		t.Errorf("of nothing: %+v", got)
	}
	var one durations
	one.add(1234567 * time.Nanosecond)
	if got, want := *one.percentiles(), (Percentiles{1.2, 1.2, 1.2}); got != want {
		t.Errorf("of one: %+v, want %+v", got, want)
	}
	var d durations
	for i := 200; i > 0; i-- {
		d.add(time.Duration(i) * time.Millisecond)
	}
	if got, want := *d.percentiles(), (Percentiles{100, 190, 198}); got != want {
		t.Errorf("of 1 … 200 ms: %+v, want %+v", got, want)
	}
}

func TestSilentStreamsAreLost(t *testing.T) {
	for _, test := range []struct {
		name     string
		expected []int64
		want     int64
	}{
		{"nobody", nil, 0},
		{"all alike", []int64{1000, 1001, 999}, 0},
		{"a little less", []int64{1000, 1000, 901}, 0},
		{"one died halfway", []int64{1000, 1000, 500}, 500},
		{"one got nothing", []int64{0, 1000, 1000}, 1000},
	} {
		if got := silent(test.expected); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

// TestResultFields holds the names that scripts read.
func TestResultFields(t *testing.T) {
	got, err := json.Marshal(Result{Endpoints: 2, Joined: 1, Failed: 1, JoinMs: &Percentiles{1, 2, 3}})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"endpoints":2,"joined":1,"failed":1,"join_ms":{"p50":1,"p95":2,"p99":3},"first_frame_ms":null,"switch_ms":null,` +
		`"latency_ms":null,"packets_received":0,"packets_lost":0,"duplicates":0,"delivered":null,"server_cpu_us_per_packet":null,"server_rss_bytes":null}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestChangeSettles(t *testing.T) {
	at := time.Unix(1000, 0)
	var d durations
	unknown := change{viewers: 3}
	unknown.settle(at, &d)
	if len(d.samples) != 0 {
		t.Error("a change that never came was measured")
	}
	c := change{viewers: 3, at: at, seen: []time.Time{at.Add(-time.Millisecond), at.Add(40 * time.Millisecond)}}
	c.settle(at.Add(2*time.Second), &d)
	// The picture may overtake the message; who never saw it has waited until the end.
	want := []time.Duration{0, 40 * time.Millisecond, 2 * time.Second}
	for i := range want {
		if len(d.samples) != 3 || d.samples[i] != want[i] {
			t.Fatalf("got %v, want %v", d.samples, want)
		}
	}
}
