package loadtest

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"time"
)

// Percentiles of a duration in milliseconds, by nearest rank.
type Percentiles struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// Result is what a load test measured. Nil stands for what was not measured.
type Result struct {
	Endpoints int `json:"endpoints"`
	Joined    int `json:"joined"` // and still connected at the end
	Failed    int `json:"failed"`
	// JoinMs is from opening the link to DTLS connected.
	JoinMs *Percentiles `json:"join_ms"`
	// FirstFrameMs is from opening the link to the first whole keyframe of the main slot. A site that has seen none by
	// the end, while others have, counts with the time it has waited.
	FirstFrameMs *Percentiles `json:"first_frame_ms"`
	// SwitchMs is from the stage change after the countdown, as its first message says, to the first whole keyframe
	// of the new source at a viewer; one that has not seen it counts with the time it has waited.
	SwitchMs *Percentiles `json:"switch_ms"`
	// LatencyMs is from the stamp in a frame to the whole frame at a viewer.
	LatencyMs *Percentiles `json:"latency_ms"`
	// PacketsReceived are the RTP packets that viewers received in the window, each once, repaired ones included.
	PacketsReceived int64 `json:"packets_received"`
	// PacketsLost are those that never came, also by repair.
	PacketsLost int64 `json:"packets_lost"`
	Duplicates  int64 `json:"duplicates"`
	// Delivered is the share of the host's picture that its viewers received, in packets: what a server leaves out on
	// purpose leaves no gap, so it is not among those lost. Nil without a picture of its own or with simulcast, of which each
	// viewer gets one rendition.
	Delivered *float64 `json:"delivered"`
	// ServerCPUUsPerPacket is the server's user and system time in microseconds per packet received.
	ServerCPUUsPerPacket *float64 `json:"server_cpu_us_per_packet"`
	ServerRSSBytes       *int64   `json:"server_rss_bytes"`

	// FramesChecked, of picture and sound, were decrypted and compared with what was sent; FramesUnsound differed.
	FramesChecked int64 `json:"-"`
	FramesUnsound int64 `json:"-"`
	// Failures counts the reasons of Failed.
	Failures map[string]int `json:"-"`
}

// durations collects samples from many goroutines.
type durations struct {
	mu      sync.Mutex
	samples []time.Duration
}

func (d *durations) add(sample time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.samples = append(d.samples, sample)
}

func (d *durations) empty() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.samples) == 0
}

// percentiles returns nil when there are no samples.
func (d *durations) percentiles() *Percentiles {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.samples) == 0 {
		return nil
	}
	slices.Sort(d.samples)
	return &Percentiles{P50: milliseconds(rank(d.samples, 50)), P95: milliseconds(rank(d.samples, 95)), P99: milliseconds(rank(d.samples, 99))}
}

// rank is the nearest-rank percentile of sorted samples.
func rank[T cmp.Ordered](sorted []T, percent int) T {
	return sorted[max((len(sorted)*percent+99)/100, 1)-1]
}

// milliseconds with a precision of 0.1.
func milliseconds(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Millisecond)*10) / 10
}

// silent adds up what viewers did not get of a stream that all are sent alike: a stream that falls silent leaves no
// gap in its numbers. expected has, for each viewer, how many packets its numbers told of; who has less than nine
// tenths of the median lacks the rest.
func silent(expected []int64) (lost int64) {
	if len(expected) == 0 {
		return 0
	}
	median := rank(slices.Sorted(slices.Values(expected)), 50)
	for _, n := range expected {
		if n*10 < median*9 {
			lost += median - n
		}
	}
	return lost
}
