package signaling

import (
	"errors"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// authorise refuses what a connection asks for if the table does not open it, in the coordinator's turn. Its link may have ended
// since it came, and its seat may have lost or taken the chair.
func (c *conn) authorise(row access.Row, target *string) error {
	who, co := c.who, c.coord
	seat, err := co.seats.Check(who.Holder, co.clock.Now())
	if err != nil {
		return linkFault(err)
	}
	ep := co.session.Endpoint(who.Endpoint) // of this batch; what others are told follows the record
	seat.Chairs, seat.Removed = co.session.Chair == who.Endpoint, ep.Removed
	who.Seat = seat
	cell := row.Of(who)
	switch {
	case ep.Withdrawn:
		return &meeting.Error{Code: meeting.CodeWithdrawn, Detail: ep.WithdrawnFor}
	case seat.Removed:
		return &meeting.Error{Code: meeting.CodeRemoved, Detail: who.Endpoint}
	case cell == "":
		return access.Forbidden("not by this link")
	case target == nil:
		return nil
	}
	code := *target
	if code == "" {
		code = who.Endpoint
	}
	if !cell.Admits(access.SeatFor(&co.session.View, who, code)) {
		return access.Forbidden("outside of what this link reaches")
	}
	return nil
}

// linkFault is the refusal of a link that is no longer, or never was, one of its session.
func linkFault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, link.ErrUnknown):
		return fault.ErrUnrecorded
	}
	return refusal(protocol.CodeBadToken, err.Error())
}
