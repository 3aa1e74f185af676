package sfu

import "sync/atomic"

// DropReason says why a packet was not forwarded. It is a metric label.
type DropReason string

// The reasons.
const (
	DropMalformed      DropReason = "malformed"   // header, padding or payload descriptor is cut short, or no codec of ours
	DropLate           DropReason = "late"        // older than what a switch left behind
	DropDuplicate      DropReason = "duplicate"   // came again from the publisher
	DropShardQueue     DropReason = "shard_queue" // a writer is behind; to the end of the frame
	DropTaskQueue      DropReason = "task_queue"  // feedback of a viewer; its writer is behind
	DropWrite          DropReason = "write"       // the viewer's transport refused it
	DropPacer          DropReason = "pacer"       // a viewer's line is too slow: to the end of the frame, or what waited at a step down or when it left
	DropRetransmission DropReason = "repair"      // asked for again within a round trip, or more than the line is to be filled with
	DropFeedback       DropReason = "feedback"    // a viewer asks for more than is heeded in a second
	DropNoRTX          DropReason = "no_rtx"      // asked again by a viewer that did not take RTX
	DropNoKeyframe     DropReason = "no_keyframe" // came before the first keyframe of its source
	DropStreams        DropReason = "streams"     // of a publisher that sends on more SSRCs than there can be
	DropCut            DropReason = "cut"         // its source was cut, or gave way to another, before it was sent
)

func dropReasons() [13]DropReason {
	return [...]DropReason{
		DropMalformed, DropLate, DropDuplicate, DropShardQueue, DropTaskQueue, DropWrite, DropPacer, DropRetransmission, DropFeedback, DropNoRTX,
		DropNoKeyframe, DropStreams, DropCut,
	}
}

type drops [13]atomic.Uint64

func (d *drops) add(reason DropReason, n int) {
	for i, r := range dropReasons() {
		if r == reason {
			d[i].Add(uint64(n))
		}
	}
}
