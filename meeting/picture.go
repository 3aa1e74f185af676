package meeting

import "time"

// PictureKept says that a still picture of a site was kept as evidence, beside the ledger.
type PictureKept struct {
	Endpoint string `json:"endpoint"`
	Conn     string `json:"conn"`
	Picture  string `json:"picture"` // commitment: SHA-256 of 16 random bytes and the JPEG, hex
	Bytes    int    `json:"bytes"`
}

// KeepPicture records a still picture that a connection sent while the session is live.
type KeepPicture struct {
	Endpoint string
	Conn     string
	Picture  string
	Bytes    int
}

func (c KeepPicture) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	ep := s.Endpoint(c.Endpoint)
	switch {
	case !by.system():
		return refuse(CodeForbidden, "keep a picture")
	case s.Phase != PhaseLive:
		return refuse(CodeWrongPhase, string(s.Phase))
	case ep == nil || ep.Conn == nil || ep.Conn.ID != c.Conn:
		return refuse(CodeStaleConnection, c.Conn)
	}
	return []Event{&PictureKept{Endpoint: ep.Code, Conn: c.Conn, Picture: c.Picture, Bytes: c.Bytes}}, nil
}

// Evidence is not part of the session's state.
func (*PictureKept) apply(*Session, time.Time) {}

// Kind implements Event.
func (*PictureKept) Kind() string { return "picture" }
