package sfu

import (
	"slices"
	"time"

	"github.com/pion/rtcp"

	"github.com/diemcau/diemcau/sfu/codec"
)

// relaySSRC is what feedback of a relay comes from; it sends no media.
const relaySSRC = 1

// run sends what the centre is to be told: keyframes that are wanted, packets that are missing, reports, and what nobody
// wants. All of it goes by this one goroutine.
func (in *Intake) run() {
	ticker := time.NewTicker(askInterval)
	defer ticker.Stop()
	var reported time.Duration
	for {
		select {
		case <-in.wake:
			for _, s := range in.slots {
				s.sendKeyframeRequests()
			}
		case <-ticker.C:
			now := in.stage.node.now()
			in.ask(now)
			in.pause(now)
			in.checkPulse(now)
			if reported == 0 || now-reported >= relayReport {
				reported = now
				in.report(now)
			}
		case <-in.done:
			return
		}
	}
}

func (in *Intake) write(packets ...rtcp.Packet) {
	unlocked()
	if err := in.pc.WriteRTCP(packets); err != nil {
		in.stage.node.log.Debug("feedback", "intake", in.params.ID, "err", err)
	}
}

// checkPulse tells whether the centre is there, as long as the connection is not closed.
func (in *Intake) checkPulse(now time.Duration) {
	if !in.over() {
		in.pulse.check(in.stage.node, now)
	}
}

// sendPLI asks for a keyframe of each stream (RFC 4585 6.3.1).
func (in *Intake) sendPLI(ssrcs []uint32) {
	packets := make([]rtcp.Packet, len(ssrcs))
	for i, ssrc := range ssrcs {
		packets[i] = &rtcp.PictureLossIndication{SenderSSRC: relaySSRC, MediaSSRC: ssrc}
	}
	in.write(packets...)
}

// ask asks for what is missing.
func (in *Intake) ask(now time.Duration) {
	for _, s := range in.streams {
		numbers := s.due(now, time.Duration(in.rtt.Load()))
		if len(numbers) == 0 {
			continue
		}
		slices.SortFunc(numbers, func(a, b uint16) int { return int(int16(a - b)) })
		in.write(&rtcp.TransportLayerNack{
			SenderSSRC: relaySSRC, MediaSSRC: s.ssrc.Load(), Nacks: rtcp.NackPairsFromSequenceNumbers(numbers),
		})
	}
}

// pause asks the centre for what it is to send and not to send.
func (in *Intake) pause(now time.Duration) {
	var messages []codec.PauseMessage
	for _, s := range in.streams {
		if m, ok := s.request(now); ok {
			messages = append(messages, m)
		}
	}
	if len(messages) > 0 {
		raw := rtcp.RawPacket(codec.AppendPause(nil, relaySSRC, messages))
		in.write(&raw)
	}
}

// report sends a receiver report (RFC 3550 6.4.2) of all streams, and measures the round trip.
func (in *Intake) report(now time.Duration) {
	r := &rtcp.ReceiverReport{SSRC: relaySSRC}
	for _, s := range in.streams {
		if block, ok := s.receptionReport(now); ok {
			r.Reports = append(r.Reports, block)
		}
	}
	in.write(r)
	unlocked()
	receiver := in.pc.GetTransceivers()[0].Receiver()
	if pair, ok := receiver.Transport().ICETransport().GetSelectedCandidatePairStats(); ok && pair.CurrentRoundTripTime > 0 {
		in.rtt.Store(int64(pair.CurrentRoundTripTime * float64(time.Second)))
	}
}
