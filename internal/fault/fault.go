// Package fault maps errors to what the outside sees of them: HTTP status, close code of the socket and stable name. It is the
// one such mapping, for the API and the socket alike.
package fault

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

// New is a refusal.
func New(code protocol.Code, detail string) error { return &Error{Code: code, Detail: detail} }

// ErrUnrecorded refuses a command while the record does not answer. If it was on its way already it may be recorded
// all the same.
var ErrUnrecorded = New(protocol.CodeUnrecorded, "the record does not answer; nothing is done until it does")

// At adds to an error the time that belongs to it, in milliseconds since 1970.
func At(err error, atMs int64) error { return &datedError{error: err, atMs: atMs} }

type datedError struct {
	error
	atMs int64
}

func (e *datedError) Unwrap() error { return e.error }

// Fault is an error as the outside sees it.
type Fault struct {
	Status int    // HTTP status
	Close  int    // WebSocket close code, where the error ends the connection
	Code   string // stable name
	Detail string
	AtMs   int64 // the time that belongs to it, in milliseconds since 1970; 0 = none
}

// Message answers a request of the socket.
func (f Fault) Message(id int64) protocol.Error {
	return protocol.Error{ID: id, Code: f.Code, Detail: f.Detail, AtMs: f.AtMs}
}

// Of is the one mapping from errors to what the outside sees of them. The text of an unknown error stays
// inside: it belongs in the log.
func Of(err error) Fault {
	var (
		f       Fault
		decode  *protocol.DecodeError
		own     *Error
		refused *meeting.Error
		timed   *datedError
		cut     *ledger.BrokenError
	)
	switch {
	case errors.As(err, &cut):
		f = connectionFault(protocol.CodeBroken)
		f.Detail = cut.Error()
	case errors.As(err, &decode):
		f = connectionFault(protocol.CodeBadMessage)
		f.Detail = decode.Error()
	case errors.As(err, &own):
		f = connectionFault(own.Code)
		f.Detail = own.Detail
	case errors.As(err, &refused):
		f = meetingFault(refused.Code)
		f.Detail = refused.Detail
	case errors.Is(err, store.ErrServed):
		f = connectionFault(protocol.CodeConflict)
		f.Detail = store.ErrServed.Error()
	case store.Unavailable(err):
		f = Of(ErrUnrecorded)
	default:
		f = connectionFault(protocol.CodeInternal)
	}
	if errors.As(err, &timed) {
		f.AtMs = timed.atMs
	}
	return f
}

func connectionFault(code protocol.Code) Fault {
	f := Fault{Status: http.StatusInternalServerError, Close: websocket.CloseInternalServerErr, Code: string(code)}
	switch code {
	case protocol.CodeBadMessage, protocol.CodeBadSDP, protocol.CodeBadRoster, protocol.CodeBadRequest, protocol.CodeBadAccount, protocol.CodeBadDraft,
		protocol.CodePastStart:
		f.Status, f.Close = http.StatusBadRequest, protocol.CloseBadMessage
	case protocol.CodeBadToken:
		f.Status, f.Close = http.StatusUnauthorized, protocol.CloseBadToken
	case protocol.CodeBadLogin:
		f.Status = http.StatusUnauthorized
	case protocol.CodeBadOrigin, protocol.CodeMustChange:
		f.Status = http.StatusForbidden
	case protocol.CodeConflict:
		f.Status = http.StatusConflict
	case protocol.CodeTimeout:
		f.Status, f.Close = http.StatusRequestTimeout, protocol.CloseTimeout
	case protocol.CodeBadVersion:
		f.Status, f.Close = http.StatusUpgradeRequired, protocol.CloseVersion
	case protocol.CodeUnknownPeer, protocol.CodeNotFound:
		f.Status, f.Close = http.StatusNotFound, protocol.CloseBadMessage
	case protocol.CodeTooMany:
		f.Status, f.Close = http.StatusTooManyRequests, protocol.CloseSlow
	case protocol.CodeTooLarge:
		f.Status, f.Close = http.StatusRequestEntityTooLarge, websocket.CloseMessageTooBig
	case protocol.CodeRestarting:
		f.Status, f.Close = http.StatusServiceUnavailable, protocol.CloseRestart
	case protocol.CodeBroken, protocol.CodeUnrecorded:
		f.Status, f.Close = http.StatusServiceUnavailable, protocol.CloseBroken
	case protocol.CodeUnavailable:
		f.Status, f.Close = http.StatusServiceUnavailable, websocket.CloseTryAgainLater
	case protocol.CodeInternal:
	}
	return f
}

func meetingFault(code meeting.Code) Fault {
	f, ok := map[meeting.Code]Fault{
		meeting.CodeForbidden:       {Status: http.StatusForbidden, Close: protocol.CloseBadToken},
		meeting.CodeUnknownEndpoint: {Status: http.StatusNotFound, Close: protocol.CloseBadToken},
		meeting.CodeBadValue:        {Status: http.StatusBadRequest, Close: protocol.CloseBadMessage},
		meeting.CodeBadEndpointCode: {Status: http.StatusBadRequest, Close: protocol.CloseBadMessage},
		meeting.CodeNotOpen:         {Status: http.StatusConflict, Close: protocol.CloseNotOpen},
		meeting.CodeSessionEnded:    {Status: http.StatusGone, Close: protocol.CloseEnded},
		meeting.CodeOccupied:        {Status: http.StatusConflict, Close: protocol.CloseOccupied},
		meeting.CodeStaleConnection: {Status: http.StatusConflict, Close: protocol.CloseTakenOver},
		meeting.CodeWithdrawn:       {Status: http.StatusForbidden, Close: protocol.CloseWithdrawn},
		meeting.CodeRemoved:         {Status: http.StatusForbidden, Close: protocol.CloseRemoved},
		meeting.CodeLocked:          {Status: http.StatusForbidden, Close: protocol.CloseLocked},
	}[code]
	if !ok { // the rest contradict the state of the session
		f = Fault{Status: http.StatusConflict, Close: protocol.CloseBadMessage}
	}
	f.Code = string(code)
	return f
}
