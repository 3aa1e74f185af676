package attendance

import (
	"cmp"
	"slices"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
)

// AgendaTurn is a time in which an item of the agenda was discussed.
type AgendaTurn struct {
	Item meeting.AgendaItem // without an id between items
	From time.Time
	To   time.Time // zero while it lasts
}

// proceedings gathers what was discussed and what the secretaries noted.
type proceedings struct {
	particulars dated[meeting.Particulars]
	agendas     dated[[]meeting.AgendaItem]
	moved       dated[string]                   // to an item
	notes       map[string]*dated[meeting.Note] // by id
}

func (p *proceedings) fold(e ledger.Entry, ev meeting.Event) {
	switch ev := ev.(type) {
	case *meeting.ParticularsSet:
		p.particulars.put(e, ev.All())
	case *meeting.AgendaChanged:
		p.agendas.put(e, ev.Agenda)
	case *meeting.AgendaMoved:
		p.moved.put(e, ev.Item)
	case *meeting.NoteWritten:
		if p.notes == nil {
			p.notes = map[string]*dated[meeting.Note]{}
		}
		if p.notes[ev.ID] == nil {
			p.notes[ev.ID] = &dated[meeting.Note]{}
		}
		p.notes[ev.ID].put(e, meeting.Note{ID: ev.ID, Version: ev.Version, About: ev.About, Text: ev.Text, By: ev.By})
	}
}

// said are the particulars now in force.
func (p *proceedings) said() (now meeting.Particulars) {
	if n := len(p.particulars); n > 0 {
		now = p.particulars[n-1].value
	}
	return now
}

// turns are the times of the items until a moment, those without an item left out.
func (p *proceedings) turns(info SessionInfo) []AgendaTurn {
	items := map[string]meeting.AgendaItem{}
	for _, agenda := range p.agendas { // what was discussed may have been taken out since
		for _, item := range agenda.value {
			items[item.ID] = item
		}
	}
	var list []AgendaTurn
	for i, m := range p.moved {
		if m.at.After(info.AsOf) || m.value == "" {
			continue
		}
		t := AgendaTurn{Item: items[m.value], From: m.at, To: info.EndedAt}
		if i+1 < len(p.moved) && !p.moved[i+1].at.After(info.AsOf) {
			t.To = p.moved[i+1].at
		}
		list = append(list, t)
	}
	return list
}

// written are the notes as of a moment, by the moments that they are about.
func (p *proceedings) written(asOf time.Time) []meeting.Note {
	var list []meeting.Note
	for _, versions := range p.notes {
		if n := versions.asOf(asOf); n.Text != "" {
			list = append(list, n)
		}
	}
	slices.SortFunc(list, func(a, b meeting.Note) int { return cmp.Or(a.About.Compare(b.About), cmp.Compare(a.ID, b.ID)) })
	return list
}
