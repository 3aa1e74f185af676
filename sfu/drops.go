package sfu

import "github.com/diemcau/diemcau/sfu/drop"

// DropReason says why a packet was not forwarded.
type DropReason uint8

// The reasons.
const (
	DropMalformed      DropReason = iota // header, padding or payload descriptor is cut short, or no codec of ours
	DropLate                             // older than what a switch left behind
	DropDuplicate                        // came again from the publisher
	DropShardQueue                       // a writer is behind; to the end of the frame
	DropTaskQueue                        // feedback of a viewer; its writer is behind
	DropWrite                            // the viewer's transport refused it
	DropPacer                            // a viewer's line is too slow: to the end of the frame, or what waited at a step down or when it left
	DropRetransmission                   // asked for again within a round trip, or more than the line is to be filled with
	DropFeedback                         // a viewer asks for more than is answered in a second
	DropNoRTX                            // asked again by a viewer that did not take RTX
	DropNoKeyframe                       // came before the first keyframe of its source
	DropStreams                          // of a publisher that sends on more SSRCs than there can be
	DropCut                              // its source was cut, or gave way to another, before it was sent
	dropReasons                          // how many there are
)

// String is the label of a reason in metrics.
func (r DropReason) String() string {
	return [dropReasons]string{
		DropMalformed:      "malformed",
		DropLate:           "late",
		DropDuplicate:      "duplicate",
		DropShardQueue:     "shard_queue",
		DropTaskQueue:      "task_queue",
		DropWrite:          "write",
		DropPacer:          "pacer",
		DropRetransmission: "repair",
		DropFeedback:       "feedback",
		DropNoRTX:          "no_rtx",
		DropNoKeyframe:     "no_keyframe",
		DropStreams:        "streams",
		DropCut:            "cut",
	}[r]
}

type drops = drop.Counts[DropReason]
