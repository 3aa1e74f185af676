package attendance

import (
	"cmp"
	"slices"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
)

// Telephone stands among the devices of a site that attended by telephone.
const Telephone = "telephone"

// Quality is how well the stage arrived at a site, over all its connections. It is rough: a connection is summed up now
// and then and at its end, so what a killed server had not yet written is missing.
type Quality struct {
	Packets uint64 // of which receiver reports tell
	Lost    uint64 // of those
	// How long the best picture sent was of the high, medium and low rendition, and how long the line carried none.
	High, Medium, Low, NoPicture time.Duration
	// By the word of the page.
	Frames uint64        // pictures decoded
	Sound  time.Duration // sound heard
}

// LossPct is the share of packets lost, in percent; known is false without a measurement.
func (q Quality) LossPct() (pct float64, known bool) {
	if q.Packets == 0 {
		return 0, false
	}
	return 100 * float64(q.Lost) / float64(q.Packets), true
}

func (q *Quality) add(c meeting.Quality) {
	seconds := func(n int) time.Duration { return time.Duration(n) * time.Second }
	q.Packets += c.Packets
	q.Lost += c.Lost
	q.High += seconds(c.HighS)
	q.Medium += seconds(c.MediumS)
	q.Low += seconds(c.LowS)
	q.NoPicture += seconds(c.NothingS)
	q.Frames += c.Frames
	q.Sound += seconds(c.SoundS)
}

// measured notes the sums of connections. They enter no verdict, so no site has to be judged anew.
func (b *Builder) measured(e ledger.Entry, ev *meeting.QualityMeasured) {
	for _, q := range ev.Connections {
		if s := b.byCode[q.Endpoint]; s != nil {
			s.conn(q.Conn).quality.put(e, q)
		}
	}
}

// quality sums up the connections of a site.
func (s *site) quality(asOf time.Time) (sum Quality) {
	for _, c := range s.conns {
		sum.add(c.quality.asOf(asOf))
	}
	return sum
}

// devices are the different devices of a site, in the order in which they came, then the telephone.
func (s *site) devices(asOf time.Time, declared []Declared) (list []string) {
	conns := slices.Clone(s.conns)
	slices.SortFunc(conns, func(a, b *conn) int { return cmp.Or(a.from.Compare(b.from), cmp.Compare(a.began, b.began)) })
	for _, c := range conns {
		if !c.from.IsZero() && !c.from.After(asOf) && c.device != "" && !slices.Contains(list, c.device) {
			list = append(list, c.device)
		}
	}
	if slices.ContainsFunc(declared, func(d Declared) bool { return d.Means == "phone" }) {
		list = append(list, Telephone)
	}
	return list
}

// kept are the pictures that had been taken.
func (s *site) kept(asOf time.Time) (list []KeptPicture) {
	for _, p := range s.pictures {
		if !p.At.After(asOf) {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b KeptPicture) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Entry, b.Entry)) })
	return list
}
