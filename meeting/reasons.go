package meeting

// EndReason says why a connection ended.
type EndReason string

// Why a connection is lost: it ended by itself.
const (
	EndClosed   EndReason = "closed"         // the socket broke
	EndTimeout  EndReason = "timeout"        // nothing was heard of it any more
	EndRestart  EndReason = "server_restart" // the server stopped
	EndReplaced EndReason = "resumed"        // its page came back before the end was noticed
)

// Why a connection is left: somebody ended it.
const (
	EndPageClosed EndReason = "page_closed"
	EndTakenOver  EndReason = "taken_over" // another device asked for the seat
	EndRemoved    EndReason = "removed"    // the site was shut out
	EndRevoked    EndReason = "revoked"    // its link was
	EndWithdrawn  EndReason = "withdrawn"  // the site was taken off the list
)

// ReturnReason says why an endpoint lost a slot.
type ReturnReason string

// The first two are acts; the others follow from something else.
const (
	ReturnRevoked  ReturnReason = "revoked"         // whoever steers took it
	ReturnReturned ReturnReason = "returned"        // the site gave it back
	ReturnReplaced ReturnReason = "replaced"        // another endpoint was given the slot, or it another slot
	ReturnRemoved  ReturnReason = "removed"         // the site was shut out
	ReturnLost     ReturnReason = "connection_lost" // and a presentation cannot go on by itself
	ReturnEnded    ReturnReason = "ended"           // the session did
)
