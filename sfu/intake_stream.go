package sfu

import (
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"

	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/missing"
)

// inStream is one rendition of a slot as it comes on a trunk.
type inStream struct {
	trunkStream
	slot *inSlot
	ssrc atomic.Uint32 // 0 before the first packet

	number uint32 // of the endpoint that the last packet in order came from; the reader's
	ever   bool   // there was one

	mu        mutex[leafRank]
	numbers   missing.Numbers
	reception receptionCount
	sr        *rtcp.SenderReport // the last one
	srAt      time.Duration
	wish      wish
}

// wish is what the centre is asked for of a stream (RFC 7728).
type wish struct {
	paused    bool
	id        uint16
	confirmed bool          // it is as wished
	since     time.Duration // when that began to be wished
	asked     time.Duration // when the centre was asked last
	came      time.Duration // last packet
}

// arrival is a packet that came on a trunk.
type arrival struct {
	packet
	number uint32 // of the endpoint that it comes from, 0 for unknown
	key    bool   // it begins a keyframe
	again  bool   // it was sent again
	ahead  bool   // it is further on than all before it in its stream
}

// isKeyframe tells whether a payload is the first of a keyframe.
func isKeyframe(payload []byte) bool {
	v, err := codec.ParseVP8(payload)
	return err == nil && v.Keyframe
}

// arrived takes note of a packet; ahead tells whether it is further on than all before.
func (s *inStream) arrived(a *arrival) (ahead bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ahead = s.numbers.Arrived(a.seq, a.arrived)
	if ahead && a.key {
		s.numbers.Keyframe(a.seq)
	}
	if !a.again {
		s.reception.arrived(a.seq)
	}
	s.wish.came = a.arrived
	return ahead
}

// due returns the numbers to ask for.
func (s *inStream) due(now, trip time.Duration) []uint16 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.numbers.Due(now, trip, nil)
}

func (s *inStream) count(st *TrunkStats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lost, back := s.numbers.Counts()
	st.Lost, st.Repairs, st.Packets = st.Lost+lost, st.Repairs+back, st.Packets+uint64(s.reception.received)
}

// reported takes a sender report.
func (s *inStream) reported(sr *rtcp.SenderReport, now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sr, s.srAt = sr, now
}

// lastReport is the sender report that came last, nil for none.
func (s *inStream) lastReport() *rtcp.SenderReport {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sr
}

// receptionReport is what the centre is told of the stream; false if nothing has come.
func (s *inStream) receptionReport(now time.Duration) (rtcp.ReceptionReport, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.reception.report()
	r.SSRC = s.ssrc.Load()
	if s.sr != nil {
		r.LastSenderReport = uint32(s.sr.NTPTime >> 16)
		r.Delay = uint32((now - s.srAt) * 65536 / time.Second)
	}
	return r, r.SSRC != 0
}

// want says whether the stream is wanted.
func (s *inStream) want(wanted bool, now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ssrc.Load() == 0 || s.wish.paused != wanted {
		return
	}
	if w := &s.wish; wanted {
		*w = wish{id: w.id, since: now, came: w.came}
	} else {
		*w = wish{paused: true, id: w.id, since: now}
		s.numbers.Forget()
	}
}

// paused takes the centre's word that it sends the stream no more.
func (s *inStream) paused(id uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wish.paused && s.wish.id == id {
		s.wish.confirmed = true
	}
}

// request is what the centre is to be asked now, if anything. That a stream is sent again is believed when packets still
// come some time after it was asked for: the first may have been under way before.
func (s *inStream) request(now time.Duration) (codec.PauseMessage, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &s.wish
	if !w.paused && !w.confirmed && w.came-w.since > pauseRepeat {
		w.confirmed = true
		w.id++
	}
	if w.since == 0 || w.confirmed || w.asked != 0 && now-w.asked < pauseRepeat {
		return codec.PauseMessage{}, false
	}
	w.asked = now
	kind := codec.KindResume
	if w.paused {
		kind = codec.KindPause
	}
	return codec.PauseMessage{SSRC: s.ssrc.Load(), Kind: kind, ID: w.id}, true
}

// receptionCount is what receiver reports say of a stream (RFC 3550 A.3).
type receptionCount struct {
	started               bool
	base, highest         uint32 // extended
	received              uint32
	expectedBefore, gotIn uint32 // by the last report
}

func (c *receptionCount) arrived(seq uint16) {
	c.received++
	if !c.started {
		c.started, c.base, c.highest = true, uint32(seq), uint32(seq)
		return
	}
	if ahead := int16(seq - uint16(c.highest)); ahead > 0 {
		c.highest += uint32(ahead)
	}
}

func (c *receptionCount) report() rtcp.ReceptionReport {
	if !c.started {
		return rtcp.ReceptionReport{}
	}
	expected := c.highest - c.base + 1
	of, lost := expected-c.expectedBefore, expected-c.expectedBefore-(c.received-c.gotIn)
	r := rtcp.ReceptionReport{LastSequenceNumber: c.highest, TotalLost: uint32(max(0, int32(expected-c.received))) & 0x7fffff}
	if of > 0 && int32(lost) > 0 {
		r.FractionLost = uint8(min(255, lost<<8/of))
	}
	c.expectedBefore, c.gotIn = expected, c.received
	return r
}
