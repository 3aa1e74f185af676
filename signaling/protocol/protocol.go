// Package protocol is every message between a page (or any client) and the server over /ws, and nothing else
// knows their shape. docs/protocol.md is its twin: same types, same fields, same close codes.
//
// A message is one JSON object in one text frame. Its "type" names it. A client may add "id", a positive
// number, to a request; the server answers it with ok or error carrying the same id, after the change has
// been recorded. Times ("…_ms") are milliseconds since 1970 UTC.
package protocol

// Version of the protocol. A client that says another version in hello is refused with CloseVersion.
const Version = 1

// MaxMessage is the size of the largest message in bytes; a larger one closes the socket.
const MaxMessage = 1 << 20

// Type names a message.
type Type string

// Message is one of the structs of this package.
type Message interface{ MessageType() Type }

// Close codes of the socket (RFC 6455 7.4.2, private range), beside the standard ones.
const (
	CloseBadMessage = 4400 // not a message, an unknown type or field, or out of order
	CloseBadToken   = 4401 // wrong, expired, revoked or foreign token
	CloseTimeout    = 4408 // no hello in time, or no sign of life
	CloseOccupied   = 4409 // another device is active on this endpoint; hello again with take_over
	CloseEnded      = 4410 // the session is over
	CloseRemoved    = 4411 // the host removed the endpoint
	CloseWithdrawn  = 4413 // the site is convened no more
	CloseTakenOver  = 4412 // another device took over this endpoint
	CloseLocked     = 4423 // the host locked the session against new sites
	CloseNotOpen    = 4425 // the session does not admit anyone yet
	CloseVersion    = 4426 // other protocol version: reload the page
	CloseSlow       = 4429 // the client does not read fast enough, or sends too much
	CloseBroken     = 4500 // the server cannot record what happens, at the moment or until somebody mends it
	CloseRestart    = 1012 // the server goes away; come back as reconnect said
)

// Code is the stable name of an error. The refusals of the meeting have their own names there; these are those
// of the connection.
type Code string

// Errors of the connection.
const (
	CodeBadMessage  Code = "bad_message"
	CodeBadToken    Code = "bad_token"
	CodeBadVersion  Code = "bad_version"
	CodeBadSDP      Code = "bad_sdp"
	CodeUnknownPeer Code = "unknown_peer"
	CodeTooMany     Code = "too_many"    // rate limit
	CodeBroken      Code = "broken"      // the record of the session is not whole or cannot be read
	CodeUnrecorded  Code = "unrecorded"  // the record does not answer at the moment; what was on its way may be recorded yet
	CodeInternal    Code = "internal"    // a fault of the server; details are in its log
	CodeUnavailable Code = "unavailable" // the media plane could not serve the request
	CodeTimeout     Code = "timeout"     // no hello in time
	CodeRestarting  Code = "restarting"  // the server goes away
)

// Further errors of the HTTP API.
const (
	CodeBadRequest Code = "bad_request" // a parameter or body is not as docs/api.md says
	CodeBadRoster  Code = "bad_roster"  // errors in the rows of a roster
	CodeNotFound   Code = "not_found"
	CodeTooLarge   Code = "too_large"
	CodeBadLogin   Code = "bad_login"   // name or password is wrong
	CodeBadAccount Code = "bad_account" // detail names what is wrong with an account or a password
	CodeBadDraft   Code = "bad_draft"   // something keeps a draft from being convened
	CodeConflict   Code = "conflict"    // somebody else changed it meanwhile, or it is there already
	CodePastStart  Code = "past_start"  // a session would start in the past; allow_past says that it is meant
	CodeMustChange Code = "must_change" // the password was chosen by somebody else; nothing but changing it is open
	CodeBadOrigin  Code = "bad_origin"  // a page of another site sent the request
)
