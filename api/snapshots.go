package api

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image/jpeg"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// Bounds of still pictures.
const (
	maxSnapshot       = 48 << 10  // bytes of one
	maxSnapshots      = 256 << 20 // bytes of all
	maxSnapshotWidth  = 640
	maxSnapshotHeight = 480

	maxListedSnapshots = 200 // codes that one request names
)

// Snapshots keeps the last still picture of each site, in memory: they are for the wall of the consoles. The record
// keeps some of them if that is switched on.
type Snapshots struct {
	mu       sync.Mutex
	bytes    int
	sessions map[string]map[string]snapshot // by session and endpoint
}

type snapshot struct {
	jpeg []byte
	etag string
	at   time.Time
	kept time.Time // when the last one was put on record
}

// NewSnapshots makes an empty store of pictures.
func NewSnapshots() *Snapshots { return &Snapshots{sessions: map[string]map[string]snapshot{}} }

// put keeps a picture unless the one before is younger than every, or there is no room.
func (s *Snapshots) put(session, endpoint string, picture []byte, at time.Time, every time.Duration) error {
	sum := sha256.Sum256(picture) // not under the lock, which all pictures share
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.sessions[session][endpoint]
	if at.Sub(before.at) < every {
		return fault.New(protocol.CodeTooMany, "the last picture is younger than the interval")
	}
	if s.bytes+len(picture)-len(before.jpeg) > maxSnapshots {
		return fault.New(protocol.CodeUnavailable, "no room for pictures")
	}
	if s.sessions[session] == nil {
		s.sessions[session] = map[string]snapshot{}
	}
	s.bytes += len(picture) - len(before.jpeg)
	s.sessions[session][endpoint] = snapshot{jpeg: picture, etag: `"` + hex.EncodeToString(sum[:8]) + `"`, at: at, kept: before.kept}
	return nil
}

func (s *Snapshots) get(session, endpoint string) (snapshot, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.sessions[session][endpoint]
	return p, ok
}

// list returns what there is of a session; where codes are given, of these endpoints alone.
func (s *Snapshots) list(session string, codes []string) []snapshotView {
	views := s.listed(session, codes)
	slices.SortFunc(views, func(a, b snapshotView) int { return cmp.Compare(a.Endpoint, b.Endpoint) })
	return slices.CompactFunc(views, func(a, b snapshotView) bool { return a.Endpoint == b.Endpoint }) // named twice
}

func (s *Snapshots) listed(session string, codes []string) []snapshotView {
	s.mu.Lock()
	defer s.mu.Unlock()
	there := s.sessions[session]
	views := []snapshotView{}
	if len(codes) == 0 {
		for code, p := range there {
			views = append(views, snapshotView{Endpoint: code, At: p.at, ETag: p.etag})
		}
		return views
	}
	for _, code := range codes {
		if p, ok := there[code]; ok {
			views = append(views, snapshotView{Endpoint: code, At: p.at, ETag: p.etag})
		}
	}
	return views
}

// due says whether the last picture is to be put on record, one so often, and takes it that it will be.
func (s *Snapshots) due(session, endpoint string, at time.Time, every time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.sessions[session][endpoint]
	if !ok || every == 0 || !p.kept.IsZero() && at.Sub(p.kept) < every {
		return false
	}
	p.kept = at
	s.sessions[session][endpoint] = p
	return true
}

// Drop forgets the pictures of a session.
func (s *Snapshots) Drop(session string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.sessions[session] {
		s.bytes -= len(p.jpeg)
	}
	delete(s.sessions, session)
}

// putSnapshot takes the still picture of a site that is connected.
func (a picturesAPI) putSnapshot(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	every := a.api.snapshotEvery
	if every == 0 {
		return fault.New(protocol.CodeUnavailable, "pictures are switched off")
	}
	picture, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSnapshot))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return fault.New(protocol.CodeTooLarge, "a picture has at most "+strconv.Itoa(maxSnapshot)+" bytes")
	}
	if err != nil {
		return fault.New(protocol.CodeBadRequest, err.Error())
	}
	size, err := jpeg.DecodeConfig(bytes.NewReader(picture))
	if err != nil || size.Width > maxSnapshotWidth || size.Height > maxSnapshotHeight {
		return fault.New(protocol.CodeBadRequest, "not a JPEG of at most 640×480")
	}
	conn, live := "", false
	err = a.read(r.Context(), who.Session, func(s *meeting.View) error {
		ep := s.Endpoint(who.Endpoint)
		switch {
		case ep == nil || ep.Role != meeting.RoleSite:
			return &meeting.Error{Code: meeting.CodeForbidden, Detail: "only sites post pictures"}
		case s.Phase != meeting.PhaseOpen && s.Phase != meeting.PhaseLive:
			return &meeting.Error{Code: meeting.CodeWrongPhase, Detail: string(s.Phase)}
		case ep.Conn == nil:
			return &meeting.Error{Code: meeting.CodeNotConnected, Detail: ep.Code}
		}
		conn, live = ep.Conn.ID, s.Phase == meeting.PhaseLive
		// Half the interval: a page's timer does not run to the second.
		return a.api.snapshots.put(who.Session, ep.Code, picture, a.api.now(), every/2)
	})
	if err == nil { // the session may have ended meanwhile, and its pictures been dropped before this one came
		err = a.read(r.Context(), who.Session, func(s *meeting.View) error {
			if !over(s.Phase) {
				return nil
			}
			a.api.snapshots.Drop(who.Session)
			return &meeting.Error{Code: meeting.CodeWrongPhase, Detail: string(s.Phase)}
		})
	}
	if err != nil {
		return err
	}
	if live && a.api.snapshots.due(who.Session, who.Endpoint, a.api.now(), a.api.pictures.Every) {
		if err := a.keepPicture(r.Context(), who.Session, who.Endpoint, conn, picture); err != nil {
			a.log.Warn("a picture was not kept as evidence", "session", who.Session, "endpoint", who.Endpoint, "err", err)
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// snapshotView is a still picture that can be fetched.
type snapshotView struct {
	Endpoint string    `json:"endpoint"`
	At       time.Time `json:"at"`
	ETag     string    `json:"etag"`
}

// listSnapshots names the pictures there are, so that a wall asks for none that is not there nor for one that it has.
func (a picturesAPI) listSnapshots(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	id := r.PathValue("id")
	var codes []string
	if q := r.URL.Query().Get("codes"); q != "" {
		if codes = strings.Split(q, ","); len(codes) > maxListedSnapshots {
			return fault.New(protocol.CodeBadRequest, "at most "+strconv.Itoa(maxListedSnapshots)+" codes")
		}
	}
	views := a.api.snapshots.list(id, codes)
	err := a.read(r.Context(), id, func(s *meeting.View) error {
		views = slices.DeleteFunc(views, func(v snapshotView) bool { return over(s.Phase) || !inScope(s, v.Endpoint, who.Scope()) })
		return nil
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct {
		Snapshots []snapshotView `json:"snapshots"`
	}{views})
	return nil
}

// getSnapshot shows the last picture of a site to who sees the site.
func (a picturesAPI) getSnapshot(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	id, code := r.PathValue("id"), r.PathValue("code")
	p, ok := a.api.snapshots.get(id, code)
	err := a.read(r.Context(), id, func(s *meeting.View) error {
		if !ok || over(s.Phase) { // they are dropped after the end is on record
			return fault.New(protocol.CodeNotFound, "no picture of "+code)
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("ETag", p.etag)
	http.ServeContent(w, r, "", p.at, bytes.NewReader(p.jpeg))
	return nil
}

// getLine shows how the stage reaches a site to who sees the site in a console.
func (a recordAPI) getLine(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	view, err := a.api.live.Line(r.Context(), r.PathValue("id"), r.PathValue("code"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, view)
	return nil
}
