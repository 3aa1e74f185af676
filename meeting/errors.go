package meeting

// Code is the stable name of a refusal; clients translate it.
type Code string

// The refusals of the domain.
const (
	Forbidden       Code = "forbidden"         // the actor's role may not do this
	UnknownEndpoint Code = "unknown_endpoint"  // no such endpoint in the session
	WrongPhase      Code = "wrong_phase"       // not possible in the session's phase
	NotOpen         Code = "not_open"          // the session does not admit anyone yet
	SessionEnded    Code = "session_ended"     // the session is over
	Occupied        Code = "occupied"          // another device is active on this endpoint
	Removed         Code = "removed"           // the endpoint was removed by the host
	Locked          Code = "locked"            // the session is locked against new sites
	NotConnected    Code = "not_connected"     // the endpoint has no active connection
	StaleConnection Code = "stale_connection"  // the connection is no longer the endpoint's active one
	AlreadyDone     Code = "already_done"      // the state asked for is the state there is
	NoFloor         Code = "no_floor"          // the endpoint does not hold that slot
	BadValue        Code = "bad_value"         // a value is out of its range
	RollCallOpen    Code = "roll_call_open"    // one is already open
	RollCallClosed  Code = "roll_call_closed"  // none is open, or another one is
	Conflict        Code = "conflict"          // somebody else changed it meanwhile
	BadEndpointCode Code = "bad_endpoint_code" // an endpoint is convened twice or without a name
)

// Error is a refused command.
type Error struct {
	Code   Code
	Detail string // for the log and the developer, not for officials
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return string(e.Code)
	}
	return string(e.Code) + ": " + e.Detail
}

func refuse(c Code, detail string) ([]Event, error) { return nil, &Error{Code: c, Detail: detail} }
