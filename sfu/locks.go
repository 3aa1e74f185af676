package sfu

// The locks of this package, in the order in which a goroutine may take them: while it holds one it takes only those
// further down.
//
//	Node.mu       its stages
//	Viewer.mu     the state of its negotiation; Trunk.mu the same
//	Stage.mu      who is on it, and what its slots are to show
//	inSlot.mu     whom a slot fed by a trunk comes from
//	slot.mu       the stream: source, renditions, caches
//	Publisher.mu  its life; Intake.mu the same
//	source.mu     layers, and the keyframes that are wanted
//	leaves        clocks of senders, speech, evidence, reception, posts, pending, addresses, the streams and limits of trunks:
//	              nothing is taken while one of these is held
//
// Callbacks of a transport come with its connection's lock held, which so stands before all of them. What is queued
// under a lock goes into a queue that does not block. Nothing is sent, waited for, or called that is another's while one
// is held: it is marked what is wanted, and the owner's goroutine does it: Publisher.run sends keyframe requests, the
// shards send media and reports, the node's ticker tells of changes, and what a connection's end waits for is waited
// for by the node.
//
// A build with the tag lockorder panics where a goroutine breaks the order, or calls unlocked with a lock held.

// ranked is the place of a kind of lock in the order.
type ranked interface{ rank() int }

type (
	nodeRank      struct{}
	viewerRank    struct{}
	stageRank     struct{}
	inSlotRank    struct{}
	slotRank      struct{}
	publisherRank struct{}
	sourceRank    struct{}
	leafRank      struct{}
)

func (nodeRank) rank() int      { return 1 }
func (viewerRank) rank() int    { return 2 }
func (stageRank) rank() int     { return 3 }
func (inSlotRank) rank() int    { return 4 }
func (slotRank) rank() int      { return 5 }
func (publisherRank) rank() int { return 6 }
func (sourceRank) rank() int    { return 7 }
func (leafRank) rank() int      { return 8 }
