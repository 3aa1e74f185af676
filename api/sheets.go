package api

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/account"
	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/internal/httpguard"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/prepare"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
	"rsc.io/qr"
)

func (a officeAPI) sheetRoutes(mux *http.ServeMux) {
	a.open(mux, "POST /api/v1/join", a.exchangeCode)
	a.route(mux, "GET /api/v1/sessions/{id}/sheet", a.showSheet)
	a.route(mux, "GET /api/v1/sessions/{id}/sheet.csv", a.downloadSheet)
	a.route(mux, "GET /api/v1/sessions/{id}/consoles", a.showConsoles)
	a.route(mux, "GET /api/v1/sessions/{id}/calendar.ics", a.calendar)
}

// inScope reports whether an endpoint is in a unit or below it.
func inScope(s *meeting.View, code, scope string) bool {
	if scope == "" {
		return true
	}
	ep := s.Endpoint(code)
	return ep != nil && s.Units.Within(reach(ep), scope)
}

// reach is the unit of an endpoint: its own, or that which an operator is there for.
func reach(ep *meeting.Endpoint) string { return cmp.Or(ep.Scope, ep.Unit) }

// province returns the province or ministry of an endpoint; the zero Unit if it has none.
func province(s *meeting.View, ep *meeting.Endpoint) meeting.Unit {
	for u := range s.Units.Climb(reach(ep)) {
		if u.Level == meeting.LevelProvince || u.Level == meeting.LevelMinistry {
			return u
		}
	}
	return meeting.Unit{}
}

// sheetRow is one site on a sheet of links.
type sheetRow struct {
	Code     string   `json:"code"`
	Name     string   `json:"name"`
	Parents  []string `json:"parents,omitempty"`
	Province string   `json:"province,omitempty"` // its code
	Phone    string   `json:"phone,omitempty"`
	ByPhone  bool     `json:"by_phone,omitempty"`
	Link     string   `json:"link,omitempty"` // short; empty = revoked, or by telephone
	QR       *qrView  `json:"qr,omitempty"`
}

// qrView is a QR code to draw: Size modules wide, Path an SVG path of the dark ones with a quiet zone of four.
type qrView struct {
	Size int    `json:"size"`
	Path string `json:"path"`
}

type sheetView struct {
	Session     string         `json:"session"`
	Title       string         `json:"title"`
	ScheduledAt time.Time      `json:"scheduled_at"`
	TimeZone    string         `json:"time_zone"`
	OpenBeforeS int            `json:"open_before_s"` // when sites can come in, before the scheduled time
	CalledOff   bool           `json:"called_off,omitempty"`
	HelpPhone   string         `json:"help_phone,omitempty"`
	Provinces   []meeting.Unit `json:"provinces"`
	Sites       []sheetRow     `json:"sites"`
}

// noProvince asks for the sites that belong to no province, such as guests.
const noProvince = "-"

// sheet gathers the sites of a unit (all if empty), as far as somebody's scope goes, with their short links.
func (a officeAPI) sheet(r *http.Request, who access.Identity, withQR bool) (*sheetView, error) {
	ctx, id, unit := r.Context(), r.PathValue("id"), r.URL.Query().Get("unit")
	links, err := a.api.record.Links(ctx, id)
	if err != nil {
		return nil, err
	}
	serials := make(map[string]int, len(links))
	for _, l := range links {
		if l.RevokedAt.IsZero() {
			serials[l.Endpoint] = l.Serial
		}
	}
	v := &sheetView{Session: id, Provinces: []meeting.Unit{}, Sites: []sheetRow{}}
	said := false
	err = a.read(ctx, id, func(s *meeting.View) error {
		v.HelpPhone, said = s.HelpPhone, s.HelpPhoneSet
		v.Title, v.ScheduledAt, v.TimeZone, v.OpenBeforeS, v.CalledOff = s.Title, s.ScheduledAt, s.TimeZone, s.Rules.OpenBeforeS, s.CalledOff
		seen := map[string]bool{}
		for _, code := range s.Order {
			ep := s.Endpoint(code)
			if !ep.Convened() || !inScope(s, code, who.Scope()) {
				continue
			}
			p := province(s, ep)
			if !seen[p.Code] {
				seen[p.Code] = true
				v.Provinces = append(v.Provinces, p)
			}
			if unit == noProvince && p.Code != "" || unit != noProvince && !inScope(s, code, unit) {
				continue
			}
			v.Sites = append(v.Sites, sheetRow{Code: code, Name: ep.Name, Parents: signaling.ParentNames(s, code), Province: p.Code, Phone: ep.Phone,
				ByPhone: ep.ByPhone})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := a.giveCodes(ctx, v, serials, withQR); err != nil {
		return nil, err
	}
	if said {
		return v, nil
	}
	draft, err := a.preparedAs(ctx, id)
	v.HelpPhone = draft.HelpPhone
	return v, err
}

// preparedAs is the draft that a session was convened from; an empty one if there was none.
func (a *router) preparedAs(ctx context.Context, session string) (prepare.Draft, error) {
	row, err := a.api.record.DraftOf(ctx, session)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return row.Draft, err
}

// giveCodes writes the short links into a sheet, each with its QR code if wanted.
func (a officeAPI) giveCodes(ctx context.Context, v *sheetView, serials map[string]int, withQR bool) error {
	var links []link.Issue
	for _, row := range v.Sites {
		if serial := serials[row.Code]; serial > 0 && !row.ByPhone {
			links = append(links, link.Issue{Endpoint: row.Code, Serial: serial})
		}
	}
	codes, err := a.api.office.codes.Of(ctx, v.Session, links)
	if err != nil {
		return err
	}
	for i := range v.Sites {
		row := &v.Sites[i]
		code := codes[link.Issue{Endpoint: row.Code, Serial: serials[row.Code]}]
		if code == "" || row.ByPhone {
			continue
		}
		row.Link = a.api.office.codes.Address(code)
		if !withQR {
			continue
		}
		if row.QR, err = drawQR(row.Link); err != nil {
			return fmt.Errorf("QR code of %s: %w", row.Code, err)
		}
	}
	return nil
}

// drawQR draws a text as horizontal runs of dark modules.
func drawQR(text string) (*qrView, error) {
	const quiet = 4 // modules, ISO/IEC 18004
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, err
	}
	path := make([]byte, 0, code.Size*code.Size*5)
	number := func(before string, n int) { path = strconv.AppendInt(append(path, before...), int64(n), 10) }
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			begin := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > begin {
				number("M", begin+quiet)
				number(" ", y+quiet)
				number("h", x-begin)
				number("v1h-", x-begin)
				path = append(path, 'z')
			}
		}
	}
	return &qrView{Size: code.Size + 2*quiet, Path: string(path)}, nil
}

// showSheet is the sheet of ?unit= (all if empty). More than a province of QR codes nobody prints at once.
func (a officeAPI) showSheet(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	v, err := a.sheet(r, who, r.URL.Query().Get("unit") != "" || r.URL.Query().Get("qr") == "1")
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, v)
	return nil
}

// downloadSheet is the same for mail merge.
func (a officeAPI) downloadSheet(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	v, err := a.sheet(r, who, false)
	if err != nil {
		return err
	}
	heads := []string{"code", "name", "parents", "phone", "by_phone", "link", "title", "start", "help_phone"}
	if r.URL.Query().Get("lang") == "vi" {
		heads = []string{"Mã", "Điểm cầu", "Thuộc", "Điện thoại", "Dự qua điện thoại", "Đường dẫn", "Phiên họp", "Bắt đầu", "Điện thoại hỗ trợ"}
	}
	zone, err := time.LoadLocation(v.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	setFileName(w, fileName(contentLinks, inVietnamese(r), v.Title, dayIn(v.ScheduledAt, v.TimeZone), "csv"))
	_, _ = w.Write([]byte("\uFEFF"))
	out := csv.NewWriter(w)
	out.UseCRLF = true
	_ = out.Write(heads)
	for _, row := range v.Sites {
		byPhone := ""
		if row.ByPhone {
			byPhone = "x"
		}
		cells := []string{
			row.Code, row.Name, strings.Join(row.Parents, ", "), row.Phone, byPhone, row.Link, v.Title,
			v.ScheduledAt.In(zone).Format("02/01/2006 15:04"), v.HelpPhone,
		}
		for i, cell := range cells {
			cells[i] = attendance.Inert(cell)
		}
		_ = out.Write(cells)
	}
	out.Flush()
	return nil
}

// exchangeCode gives the link that a short code stands for. It changes nothing: chat applications open links too.
func (a officeAPI) exchangeCode(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		Code string `json:"code"`
	}
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	ctx := r.Context()
	// Only a wrong code counts and is made to wait: nobody guesses 80 bits, and whoever has typed a right one, behind
	// the same address as another who has not, must come in.
	wrong := func(why string) error {
		if wait := a.api.office.guesses.codes.Begin(httpguard.Source(r), a.api.now()); wait > 0 {
			return tooMany(w, wait, "too many wrong codes; try again later")
		}
		return fault.New(protocol.CodeNotFound, why)
	}
	code, ok := link.ReadCode(req.Code)
	if !ok {
		return wrong("not a code")
	}
	found, err := a.api.record.ShortCode(ctx, link.HashCode(code))
	if errors.Is(err, store.ErrNotFound) {
		return wrong("no such code")
	}
	if err != nil {
		return err
	}
	serial, err := a.api.record.LinkSerial(ctx, found.Session, found.Endpoint)
	switch {
	case errors.Is(err, store.ErrRevoked), errors.Is(err, store.ErrNotFound), err == nil && serial != found.Serial:
		return fault.New(protocol.CodeBadToken, "the link was revoked or replaced by a newer one")
	case err != nil:
		return err
	}
	var opens string
	err = a.read(ctx, found.Session, func(s *meeting.View) error {
		ep := s.Endpoint(found.Endpoint)
		if ep == nil {
			return fault.New(protocol.CodeBadToken, "no such endpoint")
		}
		full, err := a.api.linkFor(s, ep, serial, nil)
		opens = strings.TrimPrefix(full, a.api.publicURL) // the page stays where it was opened
		return err
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct {
		Link string `json:"link"`
	}{opens})
	return nil
}

// showConsoles gives somebody of the office the links of the consoles that belong to the role.
func (a officeAPI) showConsoles(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	type consoleLink struct {
		Role  string `json:"role"`
		Name  string `json:"name"`
		Scope string `json:"scope,omitempty"` // of a delegated operator
		Link  string `json:"link"`
	}
	ctx, id := r.Context(), r.PathValue("id")
	issued, err := a.api.record.Links(ctx, id)
	if err != nil {
		return err
	}
	list := []consoleLink{}
	err = a.read(ctx, id, func(s *meeting.View) error {
		for _, l := range issued {
			ep := s.Endpoint(l.Endpoint)
			if ep == nil || ep.Role == meeting.RoleSite || !l.RevokedAt.IsZero() || !mayEnter(who, s, ep) {
				continue
			}
			url, err := a.api.linkFor(s, ep, l.Serial, who.Account)
			if err != nil {
				return err
			}
			list = append(list, consoleLink{Role: string(ep.Role), Name: ep.Name, Scope: ep.Scope, Link: url})
		}
		return nil
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct {
		Consoles []consoleLink `json:"consoles"`
	}{list})
	return nil
}

// mayEnter reports whether somebody of the office may have the link of a console.
func mayEnter(who access.Identity, s *meeting.View, ep *meeting.Endpoint) bool {
	if who.Scope() != "" {
		return ep.Role == meeting.RoleOperator && ep.Scope != "" && inScope(s, ep.Code, who.Scope())
	}
	return who.May(account.RightEnterConsoles) || ep.Role == meeting.RoleSecretary
}

// calendar is the session as an iCalendar file; that of a site has its short link.
func (a officeAPI) calendar(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	ctx, id := r.Context(), r.PathValue("id")
	var e prepare.Event
	serial, said := who.Serial, false
	err := a.read(ctx, id, func(s *meeting.View) error {
		e = prepare.Event{ID: s.ID, Title: s.Title, Start: s.ScheduledAt, Changed: a.api.now(), CalledOff: s.CalledOff}
		e.Help, said = s.HelpPhone, s.HelpPhoneSet
		// Only what a later change replaces needs a sequence number; minutes since 1970 grow with every change.
		e.Sequence = int(e.Changed.Unix() / 60)
		for _, item := range s.Agenda {
			e.Notes = append(e.Notes, "• "+item.Title)
		}
		if ep := s.Endpoint(who.Endpoint); who.Session == "" || ep == nil || ep.Role != meeting.RoleSite {
			serial = 0
		}
		return nil
	})
	if err != nil {
		return err
	}
	if serial > 0 {
		if e.Link, err = a.api.office.codes.Link(ctx, id, who.Endpoint, serial); err != nil {
			return err
		}
	}
	draft, err := a.preparedAs(ctx, id)
	if err != nil {
		return err
	}
	e.Minutes = draft.Minutes
	if !said {
		e.Help = draft.HelpPhone
	}
	e.Reminder = "Kiểm tra kỹ thuật"
	if r.URL.Query().Get("lang") == "en" {
		e.Reminder = "Technical check"
	}
	if e.Help != "" {
		e.Notes = append(e.Notes, "☎ "+e.Help)
	}
	w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
	if err := a.nameAfter(ctx, w, r, id, contentCalendar, "ics"); err != nil {
		return err
	}
	_, _ = w.Write(prepare.Calendar(e))
	return nil
}
