package meeting

import "time"

// Evidence says what a change of receiving rests on.
type Evidence string

// The kinds of evidence.
const (
	// EvidenceDecoded: receiver reports show the stage arriving and the page decodes it; of an end, the page decodes
	// nothing any more though the reports go on.
	EvidenceDecoded Evidence = "decoded"
	// EvidenceReports: receiver reports alone, of a page that tells nothing; of an end, they ceased.
	EvidenceReports Evidence = "receiver_reports"
	// EvidenceSilent: of an end, the page that told what it decodes tells nothing any more.
	EvidenceSilent Evidence = "page_silent"
)

// Quality is how well the stage arrived on one connection, summed up from its beginning. Lengths are whole seconds.
type Quality struct {
	Endpoint string `json:"endpoint"`
	Conn     string `json:"conn"`
	// By receiver reports: packets in their time, and those of them that were missed.
	Packets uint64 `json:"packets,omitempty"`
	Lost    uint64 `json:"lost,omitempty"`
	// How long the best picture sent was of the high, medium and low rendition, and how long the line carried none.
	HighS    int `json:"high_s,omitempty"`
	MediumS  int `json:"medium_s,omitempty"`
	LowS     int `json:"low_s,omitempty"`
	NothingS int `json:"no_picture_s,omitempty"`
	// By the page's own word: pictures decoded, seconds of sound heard.
	Frames uint64 `json:"frames,omitempty"`
	SoundS int    `json:"sound_s,omitempty"`
}

// MaxQuality bounds the connections in one QualityMeasured.
const MaxQuality = 256

// QualityMeasured sums up connections, now and then and when one ends. The last word on a connection counts.
type QualityMeasured struct {
	Connections []Quality `json:"connections"`
}

// MeasureQuality records how well the stage arrived on connections. Those that nothing was sent are left out.
type MeasureQuality struct{ Connections []Quality }

func (c MeasureQuality) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	switch {
	case !by.system():
		return refuse(CodeForbidden, "a page's own claim is no evidence")
	case s.Phase == PhaseDraft || s.Phase == PhaseSealed:
		return refuse(CodeWrongPhase, string(s.Phase))
	case len(c.Connections) > MaxQuality:
		return refuse(CodeBadValue, "connections")
	}
	ev := &QualityMeasured{}
	for _, q := range c.Connections {
		if s.Endpoint(q.Endpoint) == nil {
			return refuse(CodeUnknownEndpoint, q.Endpoint)
		}
		if q.Packets > 0 || q.Frames > 0 || q.SoundS > 0 {
			ev.Connections = append(ev.Connections, q)
		}
	}
	if len(ev.Connections) == 0 {
		return nil, nil
	}
	return []Event{ev}, nil
}

// Quality is not part of the session's state: reports fold it from the ledger.
func (*QualityMeasured) apply(*Session, time.Time) {}

// Kind implements Event.
func (*QualityMeasured) Kind() string { return "quality" }
