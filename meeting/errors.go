package meeting

// Code is the stable name of a refusal; clients translate it.
type Code string

// The refusals of the domain.
const (
	CodeForbidden       Code = "forbidden"         // the actor's role may not do this
	CodeUnknownEndpoint Code = "unknown_endpoint"  // no such endpoint in the session
	CodeWrongPhase      Code = "wrong_phase"       // not possible in the session's phase
	CodeNotOpen         Code = "not_open"          // the session does not admit anyone yet
	CodeSessionEnded    Code = "session_ended"     // the session is over
	CodeOccupied        Code = "occupied"          // another device is active on this endpoint
	CodeRemoved         Code = "removed"           // the endpoint was removed by the host
	CodeWithdrawn       Code = "withdrawn"         // the site is convened no more
	CodeLocked          Code = "locked"            // the session is locked against new sites
	CodeNotConnected    Code = "not_connected"     // the endpoint has no active connection
	CodeStaleConnection Code = "stale_connection"  // the connection is no longer the endpoint's active one
	CodeAlreadyDone     Code = "already_done"      // the state asked for is the state there is
	CodeNoFloor         Code = "no_floor"          // the endpoint does not hold that slot
	CodeBadValue        Code = "bad_value"         // a value is out of its range
	CodeRollCallOpen    Code = "roll_call_open"    // one is already open
	CodeRollCallClosed  Code = "roll_call_closed"  // none is open, or another one is
	CodeConflict        Code = "conflict"          // somebody else changed it meanwhile
	CodeBadEndpointCode Code = "bad_endpoint_code" // an endpoint is convened twice or without a name
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
