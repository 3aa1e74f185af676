package servertest

import (
	"context"
	"fmt"
	"strings"

	"github.com/diemcau/diemcau/meeting"
)

// Events returns the events of one kind on record.
func Events[E meeting.Event](b *Bed) (list []E) {
	b.Helper()
	for e, err := range b.Record.Entries(context.Background(), b.Links.ID, 1) {
		if err != nil {
			b.Fatal(err)
		}
		ev, err := e.Event()
		if err != nil {
			b.Fatal(err)
		}
		if want, ok := ev.(E); ok {
			list = append(list, want)
		}
	}
	return list
}

// Report reads the attendance of the session into a form of it.
func (b *Bed) Report(into any) {
	b.Helper()
	b.Admin("GET", "/api/v1/sessions/"+b.Links.ID+"/attendance.json", "", into)
}

// SheetCodes reads the codes on the sheet of a session, by seat.
func (b *Bed) SheetCodes(session string) map[string]string {
	b.Helper()
	var sheet struct{ Sites []struct{ Code, Link string } }
	b.Admin("GET", "/api/v1/sessions/"+session+"/sheet", "", &sheet)
	codes := map[string]string{}
	for _, site := range sheet.Sites {
		_, codes[site.Code], _ = strings.Cut(site.Link, "/j#")
	}
	return codes
}

// Join exchanges a code as the page of a link does.
func (b *Bed) Join(code string) (int, string) {
	b.Helper()
	return b.Browser().Ask("POST", "/api/v1/join", fmt.Sprintf(`{"code":%q}`, code))
}
