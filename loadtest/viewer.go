package loadtest

import (
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

const (
	// reporter is the SSRC of a side that sends no media, the one that browsers use.
	reporter = 1

	// mainVideo is the mid of the picture of main: v or a for the kind, then the slot.
	mainVideo = "v-main"
)

// observer is told what viewers see. The calls come from many goroutines, must not block and must not call the viewer.
// What is nil is not told.
type observer struct {
	firstFrame func(after time.Duration)         // from opening the link to the first whole keyframe of main
	switched   func(source uint32, at time.Time) // an awaited source's first whole keyframe has come
	latency    func(d time.Duration)             // of a whole frame
}

// viewer receives the stage on one viewer connection, as a browser without a decoder.
type viewer struct {
	peer    *peer
	to      observer
	full    bool      // it decrypts and checks every frame
	opened  time.Time // when the link was opened
	mu      sync.Mutex
	streams []*stream
	plain   []byte // of the packet at hand

	sawFirst  bool // the first whole keyframe of main
	awaited   awaited
	remb      bandwidth
	measuring bool
	checked   int64 // frames and packets of sound with a stamp
	unsound   int64 // frames or packets that did not arrive as they were sent
}

// awaited is a change of source that a viewer has not seen yet.
type awaited struct {
	mid    string
	source uint32
}

func newViewer(o *offer, me *credentials, to observer, opened time.Time, full bool) (*viewer, error) {
	v := &viewer{to: to, opened: opened, full: full}
	v.peer = newPeer(o, me, v)
	for i := range o.media {
		if m := &o.media[i]; m.sendonly && m.payload != 0 && m.ssrc != 0 {
			s := newStream(m)
			s.wanted = full || m.mid == mainVideo
			v.streams = append(v.streams, s)
		}
	}
	if len(v.streams) == 0 {
		return nil, errors.New("offer: nothing to view")
	}
	return v, nil
}

// onRTP implements receiver.
func (v *viewer) onRTP(p *peer, sealed []byte, at time.Time) {
	number, timestamp := binary.BigEndian.Uint16(sealed[2:]), binary.BigEndian.Uint32(sealed[4:])
	ssrc := binary.BigEndian.Uint32(sealed[8:])
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, s := range v.streams {
		switch ssrc {
		case s.media.ssrc:
			extended, what := s.put(number, timestamp, len(sealed), at)
			if s.wanted && what == fresh {
				if !s.synced {
					p.in.SetROC(ssrc, uint32(extended>>16))
					s.synced = true
				}
				v.decode(s, extended, sealed, 0, at)
			}
			return
		case s.media.rtxSSRC:
			if s.media.rtxSSRC != 0 {
				s.bytes += int64(len(sealed))
				v.decode(s, 0, sealed, 2, at)
				return
			}
		}
	}
}

// decode opens a packet of a stream. A repaired one (RFC 4588 4) has the original number in front, skip bytes long.
func (v *viewer) decode(s *stream, extended int64, sealed []byte, skip int, at time.Time) {
	var header rtp.Header
	payload, err := v.peer.open(v.plain[:0], sealed, &header)
	if err != nil {
		v.unsound++
		return
	}
	if cap(payload) > cap(v.plain) {
		v.plain = payload
	}
	if skip > 0 {
		if len(payload) < skip {
			return // padding, to probe the line
		}
		var what arrival
		if extended, what = s.repair(binary.BigEndian.Uint16(payload)); what != fresh || !s.wanted {
			return
		}
		payload = payload[skip:]
	}
	if !s.media.video {
		for _, part := range opusParts(payload) {
			v.check(readStamp(part))
		}
		return
	}
	if f, whole := s.frames.push(extended, header.Timestamp, header.Marker, payload); whole {
		v.onFrame(s, f, at)
	}
}

// check counts a frame, or packet of sound, that has a stamp.
func (v *viewer) check(_ stamp, found, sound bool) {
	if !found {
		return // of a recording
	}
	v.checked++
	if !sound {
		v.unsound++
	}
}

func (v *viewer) onFrame(s *stream, f frame, at time.Time) {
	mark, found, sound := readStamp(f.data)
	v.check(mark, found, sound)
	if s.media.mid == mainVideo && f.keyframe && !v.sawFirst {
		v.sawFirst = true
		if v.to.firstFrame != nil {
			v.to.firstFrame(at.Sub(v.opened))
		}
	}
	if a := v.awaited; a.mid == s.media.mid && f.keyframe && found && mark.source == a.source {
		v.awaited = awaited{}
		if v.to.switched != nil {
			v.to.switched(a.source, at)
		}
	}
	if found && v.full && v.measuring && v.to.latency != nil {
		v.to.latency(at.Sub(mark.sent))
	}
	if !v.full && v.awaited.mid != s.media.mid && (s.media.mid != mainVideo || v.sawFirst) {
		s.wanted = false
		s.frames.reset()
	}
}

// onRTCP implements receiver.
func (v *viewer) onRTCP(_ *peer, packets []rtcp.Packet, at time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, packet := range packets {
		sr, ok := packet.(*rtcp.SenderReport)
		if !ok {
			continue
		}
		for _, s := range v.streams {
			if s.media.ssrc == sr.SSRC {
				s.reportedNTP, s.reportedAt = uint32(sr.NTPTime>>16), at
			}
		}
	}
}

// await looks for the first whole keyframe of a source on a slot.
func (v *viewer) await(mid string, source uint32) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.awaited = awaited{mid, source}
	for _, s := range v.streams {
		if s.media.mid == mid && !s.wanted {
			s.wanted, s.synced = true, false
		}
	}
}

// tick sends the feedback that is due and looks after consent.
func (v *viewer) tick(now time.Time) {
	for _, packets := range v.feedback(now) {
		// A send that fails is a lost report; consent notices a dead path.
		_ = v.peer.sendRTCP(packets)
	}
	v.peer.keepConsent(now)
}

// feedback returns what is due, a datagram each, in the way of libwebrtc: each stream reports and asks for itself, and
// what the first stream of pictures sends carries the estimate, with a report of its own whenever that is due.
func (v *viewer) feedback(now time.Time) (datagrams [][]rtcp.Packet) {
	v.mu.Lock()
	defer v.mu.Unlock()
	estimating := slices.IndexFunc(v.streams, func(s *stream) bool { return s.media.video && s.started })
	for i, s := range v.streams {
		if !s.started {
			continue
		}
		sized := i == estimating
		send := func(p rtcp.Packet) {
			packets := []rtcp.Packet{p}
			if remb := v.estimate(); sized && remb != nil {
				packets = append(packets, remb)
			}
			datagrams = append(datagrams, packets)
		}
		if nack := s.nack(reporter, now); nack != nil {
			send(nack)
		}
		if s.pli(now, s.media.mid == mainVideo && !v.sawFirst) {
			send(&rtcp.PictureLossIndication{SenderSSRC: reporter, MediaSSRC: s.media.ssrc})
		}
		if estimated := sized && v.remb.update(v.pictureBytes(), now); estimated || s.reportDue(now) {
			report := &rtcp.ReceiverReport{SSRC: reporter}
			r, ok := s.report(now)
			if ok {
				report.Reports = []rtcp.ReceptionReport{r}
			}
			if ok || estimated {
				send(report)
			}
		}
	}
	return datagrams
}

// pictureBytes is what has come of all pictures, repairs and padding included.
func (v *viewer) pictureBytes() (n int64) {
	for _, s := range v.streams {
		if s.media.video {
			n += s.bytes
		}
	}
	return n
}

// estimate is the REMB that stands, nil while there is none.
func (v *viewer) estimate() *rtcp.ReceiverEstimatedMaximumBitrate {
	if v.remb.estimate == 0 {
		return nil
	}
	remb := &rtcp.ReceiverEstimatedMaximumBitrate{SenderSSRC: reporter, Bitrate: float32(v.remb.estimate)}
	for _, s := range v.streams {
		if s.media.video && s.started {
			remb.SSRCs = append(remb.SSRCs, s.media.ssrc)
		}
	}
	return remb
}

// tally is what one viewer received in a measurement.
type tally struct {
	received, duplicates, lost int64
	checked, unsound           int64
	main                       int64 // received of main's picture
	sound                      int64 // numbers of main's sound that it was told of
}

// begin starts a measurement.
func (v *viewer) begin() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.measuring = true
	for _, s := range v.streams {
		s.seq.begin()
	}
}

// end fixes what the measurement is about; repairs of it may still come until settle.
func (v *viewer) end() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.measuring = false
	for _, s := range v.streams {
		s.seq.end()
	}
}

// settle returns what was measured.
func (v *viewer) settle() tally {
	v.mu.Lock()
	defer v.mu.Unlock()
	t := tally{checked: v.checked, unsound: v.unsound}
	for _, s := range v.streams {
		s.seq.settle()
		t.received += s.seq.received
		t.duplicates += s.seq.duplicates
		t.lost += s.seq.lost
		if s.media.mid == mainVideo {
			t.main += s.seq.received
		}
		if s.media.mid == mainAudio {
			t.sound = s.seq.received + s.seq.lost
		}
	}
	return t
}
