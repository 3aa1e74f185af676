package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/roster"
)

// content is what a file of the office holds; it begins the file's name.
type content string

const (
	contentSites     content = "attendance-sites"
	contentIntervals content = "attendance-intervals"
	contentLedger    content = "ledger"
	contentMinutes   content = "minutes"
	contentLinks     content = "links"
	contentCalendar  content = "calendar"
	contentFigures   content = "figures"
	contentRecord    content = "diemcau"
)

// vietnamese names contents for who asks in Vietnamese: without diacritics, so that every system keeps the name as it is.
func (c content) vietnamese() string {
	switch c {
	case contentSites:
		return "diem-danh"
	case contentIntervals:
		return "diem-danh-chi-tiet"
	case contentLedger:
		return "so-diem-danh"
	case contentMinutes:
		return "bien-ban"
	case contentLinks:
		return "duong-dan"
	case contentCalendar:
		return "lich"
	case contentFigures:
		return "so-lieu"
	case contentRecord:
	}
	return string(c)
}

// maxTitleInName bounds the part of a file's name that is the session's title, in bytes: paths are short on some systems.
const maxTitleInName = 60

// fileName is what a browser calls a file: what it is, of which session, and the day, such as
// diem-danh_hop-giao-ban-thang-12_2026-12-01.xlsx. Parts that are not known are left out.
func fileName(c content, vietnamese bool, title, day, extension string) string {
	what := string(c)
	if vietnamese {
		what = c.vietnamese()
	}
	parts := []string{what}
	for _, part := range []string{slug(title), day} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "_") + "." + extension
}

// slug is a text as a part of a file's name: lower-case ASCII letters and digits, words joined by hyphens, cut between words.
func slug(text string) string {
	var b strings.Builder
	for word := range strings.FieldsSeq(roster.Plain(text)) {
		word = strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, word)
		switch {
		case word == "":
			continue
		case b.Len() == 0:
			b.WriteString(word[:min(len(word), maxTitleInName)])
		case b.Len()+1+len(word) > maxTitleInName:
			return b.String()
		default:
			b.WriteString("-" + word)
		}
	}
	return b.String()
}

// dayIn is a day as files are named by it, in the zone of the session; empty if there is none.
func dayIn(at time.Time, zone string) string {
	if at.IsZero() {
		return ""
	}
	if loc, err := time.LoadLocation(zone); err == nil {
		at = at.In(loc)
	}
	return at.Format(time.DateOnly)
}

// setFileName says that an answer is a file, and what it is called.
func setFileName(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`) // fileName makes nothing that needs to be escaped
}

// nameAfter calls an answer by a session of the record: its title, and the day on which it began or is to begin.
func (a *router) nameAfter(ctx context.Context, w http.ResponseWriter, r *http.Request, id string, c content, extension string) error {
	return a.read(ctx, id, func(s *meeting.View) error {
		at := s.StartedAt
		if at.IsZero() {
			at = s.ScheduledAt
		}
		setFileName(w, fileName(c, inVietnamese(r), s.Title, dayIn(at, s.TimeZone), extension))
		return nil
	})
}

func inVietnamese(r *http.Request) bool { return r.URL.Query().Get("lang") == "vi" }
