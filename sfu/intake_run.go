package sfu

import (
	"slices"
	"time"

	"github.com/pion/rtcp"

	"github.com/diemcau/diemcau/sfu/codec"
)

// relaySSRC is what feedback of a relay comes from; it sends no media.
const relaySSRC = 1

// intakeFeedback is what an intake tells the centre: keyframes that are wanted, packets that are missing, reports, and what
// nobody wants. All of it goes by one goroutine.
type intakeFeedback struct{ *Intake }

func (f intakeFeedback) run() {
	ticker := time.NewTicker(askInterval)
	defer ticker.Stop()
	var reported time.Duration
	for {
		select {
		case <-f.wake:
			for _, s := range f.slots {
				s.sendKeyframeRequests()
			}
		case <-ticker.C:
			now := f.stage.node.now()
			f.ask(now)
			f.pause(now)
			f.checkPulse(now)
			if reported == 0 || now-reported >= relayReport {
				reported = now
				f.report(now)
			}
		case <-f.done:
			return
		}
	}
}

func (f intakeFeedback) write(packets ...rtcp.Packet) {
	unlocked()
	if err := f.pc.WriteRTCP(packets); err != nil {
		f.stage.node.log.Debug("feedback", "intake", f.params.ID, "err", err)
	}
}

// checkPulse tells whether the centre is there, as long as the connection is not closed.
func (f intakeFeedback) checkPulse(now time.Duration) {
	if !f.over() {
		f.pulse.check(f.stage.node, now)
	}
}

// sendPLI asks for a keyframe of each stream (RFC 4585 6.3.1).
func (f intakeFeedback) sendPLI(ssrcs []uint32) {
	packets := make([]rtcp.Packet, len(ssrcs))
	for i, ssrc := range ssrcs {
		packets[i] = &rtcp.PictureLossIndication{SenderSSRC: relaySSRC, MediaSSRC: ssrc}
	}
	f.write(packets...)
}

// ask asks for what is missing.
func (f intakeFeedback) ask(now time.Duration) {
	for _, s := range f.streams {
		numbers := s.due(now, time.Duration(f.rtt.Load()))
		if len(numbers) == 0 {
			continue
		}
		slices.SortFunc(numbers, func(a, b uint16) int { return int(int16(a - b)) })
		f.write(&rtcp.TransportLayerNack{
			SenderSSRC: relaySSRC, MediaSSRC: s.ssrc.Load(), Nacks: rtcp.NackPairsFromSequenceNumbers(numbers),
		})
	}
}

// pause asks the centre for what it is to send and not to send.
func (f intakeFeedback) pause(now time.Duration) {
	var messages []codec.PauseMessage
	for _, s := range f.streams {
		if m, ok := s.request(now); ok {
			messages = append(messages, m)
		}
	}
	if len(messages) > 0 {
		raw := rtcp.RawPacket(codec.AppendPause(nil, relaySSRC, messages))
		f.write(&raw)
	}
}

// report sends a receiver report (RFC 3550 6.4.2) of all streams, and measures the round trip.
func (f intakeFeedback) report(now time.Duration) {
	r := &rtcp.ReceiverReport{SSRC: relaySSRC}
	for _, s := range f.streams {
		if block, ok := s.receptionReport(now); ok {
			r.Reports = append(r.Reports, block)
		}
	}
	f.write(r)
	unlocked()
	receiver := f.pc.GetTransceivers()[0].Receiver()
	if pair, ok := receiver.Transport().ICETransport().GetSelectedCandidatePairStats(); ok && pair.CurrentRoundTripTime > 0 {
		f.rtt.Store(int64(pair.CurrentRoundTripTime * float64(time.Second)))
	}
}
