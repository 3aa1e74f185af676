package signaling

import (
	"context"
	"sync"
	"time"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

const (
	// pageIdle is how long a page decodes nothing, while packets go on arriving, until the stage counts as not received
	// there: longer than the wait for a keyframe, and than a picture that changes only now and then.
	pageIdle = 8 * time.Second
	// pageSilent is how long a page that tells what it decodes may tell nothing: five of its reports.
	pageSilent = 75 * time.Second
	// maxReported bounds what one report of a page can claim.
	maxReported = 10 * time.Minute
	maxFrames   = 100_000
)

// pageWord is what a page tells of what it decodes. It never makes a site receiving by itself: reception joins it with
// the receiver reports. Reports that change nothing end here, so thousands of pages cost the coordinator nothing.
type pageWord struct {
	mu       sync.Mutex
	promised bool // in hello, or by a first report
	peer     string
	decodes  bool
	began    time.Time // to decode
	heard    time.Time
	frames   uint64
	sound    time.Duration
}

// update notes a report about a viewer peer. It says whether that changes anything, and since when. arriving is how long
// receiver reports have shown packets arriving without a break; it is asked only if the page finds nothing in them.
func (w *pageWord) update(m protocol.Received, now time.Time, arriving func() time.Duration) (changed bool, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m.Peer != w.peer {
		w.peer, w.decodes = m.Peer, false
	}
	before, first := w.decodes, !w.promised
	idle := time.Duration(m.IdleMs) * time.Millisecond
	w.promised, w.heard, at = true, now, now
	w.frames += uint64(m.Frames)
	w.sound += time.Duration(m.SoundMs) * time.Millisecond
	switch {
	case (m.Frames > 0 || m.SoundMs > 0) && idle < pageIdle:
		if !w.decodes {
			w.decodes, w.began = true, now
		}
	case w.decodes && idle >= pageIdle && arriving() >= pageIdle: // when nothing is sent there is nothing to decode
		w.decodes, at = false, now.Add(-idle)
		if at.Before(w.began) {
			at = w.began
		}
	}
	return first || w.decodes != before, at
}

// promises says whether the page reports.
func (w *pageWord) promises() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.promised
}

func (w *pageWord) promise() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.promised = true
}

// silent tells when a page was last heard that decoded and tells nothing any more.
func (w *pageWord) silent(now time.Time) (last time.Time, silent bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.decodes || now.Sub(w.heard) < pageSilent {
		return time.Time{}, false
	}
	w.decodes = false
	return w.heard, true
}

func (w *pageWord) decoding() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.decodes
}

func (w *pageWord) totals() (frames uint64, sound time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.frames, w.sound
}

// onReceived takes a page's report. One about a peer that was replaced meanwhile says nothing of the present one.
func onReceived(_ context.Context, c *conn, id int64, m protocol.Received) error {
	longest := int(maxReported / time.Millisecond)
	if m.Frames < 0 || m.Frames > maxFrames || m.SoundMs < 0 || m.SoundMs > longest || m.IdleMs < 0 {
		return &meeting.Error{Code: meeting.CodeBadValue, Detail: "received"}
	}
	m.IdleMs = min(m.IdleMs, longest)
	p, ok := c.peers.get(m.Peer)
	if ok && p.Kind == PeerViewer {
		changed, at := c.page.update(m, c.srv.clock.Now(), func() time.Duration { return c.srv.media.Delivered(p.ID).Arriving })
		if changed {
			decodes := c.page.decoding()
			c.coord.mediaEvents.add(p, func(n *peerEvents) { n.decodes, n.decodedAt = &decodes, at })
		}
	}
	c.reply(id, nil)
	return nil
}

// reception is what is known of whether the stage arrives on a viewer peer.
type reception struct {
	reports bool // receiver reports show packets arriving
	decodes bool // the page finds pictures or sound in them
	told    bool // that the stage arrives, as the session was told last: it may know it only later
}

// update takes in news and returns the change to record, if any. A page that promised to report is receiving while its
// reports and the receiver reports agree; of one that did not, receiver reports are all there is, and the record says so.
func (r *reception) update(n peerEvents, promised bool) *meeting.ObserveReceiving {
	var at time.Time
	why := meeting.EvidenceReports
	if n.decodes != nil {
		r.decodes, at = *n.decodes, n.decodedAt
		why = meeting.EvidenceDecoded
	}
	if n.receiving != nil {
		if r.reports = *n.receiving; !r.reports || n.at.After(at) {
			at = n.at
		}
		if !r.reports {
			why = meeting.EvidenceReports
		}
	}
	now := r.reports && (r.decodes || !promised)
	if now == r.told || at.IsZero() {
		return nil
	}
	r.told = now
	if now {
		why = meeting.EvidenceReports
		if promised {
			why = meeting.EvidenceDecoded
		}
	}
	return &meeting.ObserveReceiving{Endpoint: n.peer.Endpoint, Conn: n.peer.Conn, Receiving: now, Evidence: why, At: at}
}

// silenced returns what there is to record of pages that told what they decoded and tell nothing any more.
func (a *audience) silenced(now time.Time) (batch []request) {
	for c, m := range a.conns {
		last, silent := c.page.silent(now)
		if !silent {
			continue
		}
		m.reception.decodes = false
		if m.reception.told {
			m.reception.told = false
			batch = append(batch, request{cmd: meeting.ObserveReceiving{
				Endpoint: c.who.Endpoint, Conn: c.id, Evidence: meeting.EvidenceSilent, At: last,
			}})
		}
	}
	return batch
}
