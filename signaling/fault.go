package signaling

import (
	"errors"
	"net/http"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
	"github.com/gorilla/websocket"
)

// Error is a refusal that is not the meeting's own.
type Error struct {
	Code   protocol.Code
	Detail string
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Detail }

func refusal(code protocol.Code, detail string) error { return &Error{Code: code, Detail: detail} }

// datedError adds to an error the time that belongs to it, in milliseconds since 1970.
type datedError struct {
	error
	atMs int64
}

func (e *datedError) Unwrap() error { return e.error }

// fault is an error as the outside sees it.
type fault struct {
	status int    // HTTP status
	close  int    // WebSocket close code, where the error ends the connection
	code   string // stable name
	detail string
	atMs   int64
}

func (f fault) message(id int64) protocol.Error {
	return protocol.Error{ID: id, Code: f.code, Detail: f.detail, AtMs: f.atMs}
}

// faultOf is the one mapping from errors to what the outside sees of them. The text of an unknown error stays
// inside: it belongs in the log.
func faultOf(err error) fault {
	var (
		f       fault
		decode  *protocol.DecodeError
		own     *Error
		refused *meeting.Error
		timed   *datedError
		cut     *ledger.BrokenError
	)
	switch {
	case errors.As(err, &cut):
		f = connectionFault(protocol.Broken)
		f.detail = cut.Error()
	case errors.As(err, &decode):
		f = connectionFault(protocol.BadMessage)
		f.detail = decode.Error()
	case errors.As(err, &own):
		f = connectionFault(own.Code)
		f.detail = own.Detail
	case errors.As(err, &refused):
		f = meetingFault(refused.Code)
		f.detail = refused.Detail
	case errors.Is(err, store.ErrServed):
		f = connectionFault(protocol.Conflict)
		f.detail = store.ErrServed.Error()
	case store.Unavailable(err):
		f = faultOf(errUnrecorded)
	default:
		f = connectionFault(protocol.Internal)
	}
	if errors.As(err, &timed) {
		f.atMs = timed.atMs
	}
	return f
}

func connectionFault(code protocol.Code) fault {
	f := fault{status: http.StatusInternalServerError, close: websocket.CloseInternalServerErr, code: string(code)}
	switch code {
	case protocol.BadMessage, protocol.BadSDP, protocol.BadRoster, protocol.BadRequest, protocol.BadAccount, protocol.BadDraft, protocol.PastStart:
		f.status, f.close = http.StatusBadRequest, protocol.CloseBadMessage
	case protocol.BadToken:
		f.status, f.close = http.StatusUnauthorized, protocol.CloseBadToken
	case protocol.BadLogin:
		f.status = http.StatusUnauthorized
	case protocol.BadOrigin, protocol.MustChange:
		f.status = http.StatusForbidden
	case protocol.Conflict:
		f.status = http.StatusConflict
	case protocol.Timeout:
		f.status, f.close = http.StatusRequestTimeout, protocol.CloseTimeout
	case protocol.BadVersion:
		f.status, f.close = http.StatusUpgradeRequired, protocol.CloseVersion
	case protocol.UnknownPeer, protocol.NotFound:
		f.status, f.close = http.StatusNotFound, protocol.CloseBadMessage
	case protocol.TooMany:
		f.status, f.close = http.StatusTooManyRequests, protocol.CloseSlow
	case protocol.TooLarge:
		f.status, f.close = http.StatusRequestEntityTooLarge, websocket.CloseMessageTooBig
	case protocol.Restarting:
		f.status, f.close = http.StatusServiceUnavailable, protocol.CloseRestart
	case protocol.Broken, protocol.Unrecorded:
		f.status, f.close = http.StatusServiceUnavailable, protocol.CloseBroken
	case protocol.Unavailable:
		f.status, f.close = http.StatusServiceUnavailable, websocket.CloseTryAgainLater
	case protocol.Internal:
	}
	return f
}

func meetingFault(code meeting.Code) fault {
	f, ok := map[meeting.Code]fault{
		meeting.Forbidden:       {status: http.StatusForbidden, close: protocol.CloseBadToken},
		meeting.UnknownEndpoint: {status: http.StatusNotFound, close: protocol.CloseBadToken},
		meeting.BadValue:        {status: http.StatusBadRequest, close: protocol.CloseBadMessage},
		meeting.BadEndpointCode: {status: http.StatusBadRequest, close: protocol.CloseBadMessage},
		meeting.NotOpen:         {status: http.StatusConflict, close: protocol.CloseNotOpen},
		meeting.SessionEnded:    {status: http.StatusGone, close: protocol.CloseEnded},
		meeting.Occupied:        {status: http.StatusConflict, close: protocol.CloseOccupied},
		meeting.StaleConnection: {status: http.StatusConflict, close: protocol.CloseTakenOver},
		meeting.Removed:         {status: http.StatusForbidden, close: protocol.CloseRemoved},
		meeting.Locked:          {status: http.StatusForbidden, close: protocol.CloseLocked},
	}[code]
	if !ok { // the rest contradict the state of the session
		f = fault{status: http.StatusConflict, close: protocol.CloseBadMessage}
	}
	f.code = string(code)
	return f
}
