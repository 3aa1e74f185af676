package signaling

import (
	"cmp"
	"slices"
	"time"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// The states of a site's row.
const (
	rowAbsent     = "absent"
	rowConnecting = "connecting" // the socket is there, the stage does not flow yet
	rowPresent    = "present"
	rowLost       = "lost"
	rowOnFloor    = "on-floor"
)

func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// awayView says why nobody sits at an endpoint; empty when somebody does.
func awayView(ep *meeting.Endpoint) string {
	switch {
	case ep.Conn != nil:
		return ""
	case ep.LostAt.IsZero():
		return rowAbsent
	}
	return rowLost
}

func welcomeView(s *meeting.View, ep *meeting.Endpoint, conn string, srv *Server, now time.Time) protocol.Welcome {
	return withNodes(protocol.Welcome{
		Version: protocol.Version, Conn: conn, Session: SessionInfo(s), Self: SelfInfo(s, ep), NowMs: ms(now),
		PingMs: int(srv.pingEvery.Milliseconds()), SnapshotS: int(srv.snapshotEvery.Seconds()),
	}, srv.nodes, len(s.Order))
}

// SessionInfo is a session as its pages are told of it.
func SessionInfo(s *meeting.View) protocol.SessionInfo {
	v := protocol.SessionInfo{
		ID: s.ID, Title: s.Title, TimeZone: s.TimeZone, ScheduledAtMs: ms(s.ScheduledAt), HelpPhone: s.HelpPhone, AgendaVersion: s.AgendaVersion,
	}
	for _, item := range s.Agenda {
		v.Agenda = append(v.Agenda, protocol.AgendaItem(item))
	}
	return v
}

// SelfInfo is an endpoint as its own page is told of it.
func SelfInfo(s *meeting.View, ep *meeting.Endpoint) protocol.SelfInfo {
	return protocol.SelfInfo{Code: ep.Code, Name: ep.Name, Role: string(ep.Role), Unit: ep.Unit, Parents: ParentNames(s, ep.Code), Scope: ep.Scope}
}

// rowState is the one word for a site in the consoles.
func rowState(s *meeting.View, ep *meeting.Endpoint, receivesStage bool) string {
	switch {
	case ep.Conn == nil && ep.LostAt.IsZero():
		return rowAbsent
	case ep.Conn == nil:
		return rowLost
	case !receivesStage:
		return rowConnecting
	case slotsOf(s, ep.Code).onFloor():
		return rowOnFloor
	}
	return rowPresent
}

func unitsView(s *meeting.View) []protocol.UnitInfo {
	units := make([]protocol.UnitInfo, 0, len(s.Units))
	for _, u := range s.Units {
		units = append(units, protocol.UnitInfo{Code: u.Code, Parent: u.Parent, Level: string(u.Level), Name: u.Name})
	}
	slices.SortFunc(units, func(a, b protocol.UnitInfo) int { return cmp.Compare(a.Code, b.Code) })
	return units
}

// ParentNames names the units above an endpoint's, the nearest first. All are below the central one, which would
// only fill the plates.
func ParentNames(s *meeting.View, code string) []string {
	var names []string
	for _, u := range s.Parents(code) {
		if u.Level != meeting.LevelCentral {
			names = append(names, u.Name)
		}
	}
	return names
}

// feedOf is what a slot of the stage shows: its holder once on air, in sound unless muted. A presentation's
// sound is the screen's, which the microphone's mute does not concern.
func feedOf(s *meeting.View, slot meeting.Slot) Feed {
	g := s.Grants[slot]
	if g == nil || g.State != meeting.GrantOnAir {
		return Feed{}
	}
	return Feed{Endpoint: g.Endpoint, Audio: slot == meeting.SlotPresentation || !s.Endpoint(g.Endpoint).Muted}
}

// toPublish reports whether an endpoint is to send its camera and microphone. The host does from the start,
// whoever feeds main.
func toPublish(s *meeting.View, ep *meeting.Endpoint) bool {
	return s.ToPublish(ep.Code) || ep.Role == meeting.RoleHost && s.Phase == meeting.PhaseLive && ep.Conn != nil
}
