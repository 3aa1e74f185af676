package figures

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"github.com/diemcau/diemcau/meeting"
)

// Format is the number of the form that Pack writes. A record of another form is derived anew.
const Format = 1

// errPacked says that bytes are none that Pack made.
var errPacked = errors.New("not packed figures")

// Bounds of what Unpack reads, far above what a nation has.
const (
	maxUnits = 1 << 20
	maxSites = 1 << 20
)

// Pack writes units and sites of a session as bytes: 10,600 sites over 100 sessions have to be read in a moment. All
// numbers are varints (binary.Uvarint), texts follow their length:
//
//	number of units, then of each: code, number of its parent from 1 or 0, level, name
//	number of sites, then of each: number of its unit from 1 or 0, flags, present, received, late, headcount, turns,
//	spoken, interruptions, packets, lost
//
// The lower three bits of the flags number the verdict, 8 is by telephone, 16 is corrected.
func (s *Session) Pack() []byte {
	var b []byte
	number := func(n int) { b = binary.AppendUvarint(b, uint64(max(n, 0))) }
	text := func(t string) { number(len(t)); b = append(b, t...) }
	places := make(map[string]int, len(s.Units))
	for i, u := range s.Units {
		places[u.Code] = i + 1
	}
	number(len(s.Units))
	for _, u := range s.Units {
		text(u.Code)
		number(places[u.Parent])
		text(string(u.Level))
		text(u.Name)
	}
	number(len(s.Sites))
	for _, c := range s.Sites {
		flags := slices.Index(verdicts(), c.Verdict)
		if c.Telephone {
			flags |= flagTelephone
		}
		if c.Corrected {
			flags |= flagCorrected
		}
		for _, n := range []int{c.Unit + 1, flags, c.PresentS, c.ReceivedS, c.LateS, c.Headcount, c.Turns, c.SpokenS, c.Interruptions} {
			number(n)
		}
		b = binary.AppendUvarint(binary.AppendUvarint(b, c.Packets), c.Lost)
	}
	return b
}

const (
	flagVerdict   = 7
	flagTelephone = 8
	flagCorrected = 16
)

// verdicts by their numbers; none at first.
func verdicts() []meeting.Verdict {
	return []meeting.Verdict{"", meeting.VerdictOnTime, meeting.VerdictLate, meeting.VerdictPartial, meeting.VerdictAbsent}
}

// Unpack reads what Pack wrote into units and sites of s.
func (s *Session) Unpack(packed []byte) error { return (&Unpacker{}).Unpack(s, packed) }

// Unpacker reads sessions one after another. Those of an organisation that has not changed share their Units, which nobody may
// write to: most of the work is to read them.
type Unpacker struct {
	raw   []byte // of the units that were read last
	units []meeting.Unit
}

// Unpack reads what Pack wrote into units and sites of s.
func (u *Unpacker) Unpack(s *Session, packed []byte) error {
	r := &reader{left: packed}
	if len(u.raw) > 0 && bytes.HasPrefix(packed, u.raw) { // the form says itself where it ends, so these are all of them
		r.left = packed[len(u.raw):]
	} else {
		r.text = string(packed)
		units, err := r.units()
		if err != nil {
			return err
		}
		u.raw, u.units = bytes.Clone(packed[:len(packed)-len(r.left)]), units
	}
	s.Units = u.units
	return s.unpackSites(r)
}

// units reads the list of units.
func (r *reader) units() ([]meeting.Unit, error) {
	count := r.count(maxUnits)
	units := make([]meeting.Unit, 0, count)
	parents := make([]int, 0, count)
	for range count {
		code := r.string()
		parents = append(parents, r.number())
		units = append(units, meeting.Unit{Code: code, Level: meeting.Level(r.string()), Name: r.string()})
	}
	for i, parent := range parents {
		if parent > len(units) {
			return nil, errPacked
		}
		if parent > 0 {
			units[i].Parent = units[parent-1].Code
		}
	}
	if r.bad {
		return nil, errPacked
	}
	return units, nil
}

func (s *Session) unpackSites(r *reader) error {
	sites, all := r.count(maxSites), verdicts()
	s.Sites = make([]Site, sites)
	for i := range s.Sites {
		c := &s.Sites[i]
		c.Unit = r.number() - 1
		flags := r.number()
		if c.Unit >= len(s.Units) || flags&flagVerdict >= len(all) {
			return errPacked
		}
		c.Verdict, c.Telephone, c.Corrected = all[flags&flagVerdict], flags&flagTelephone != 0, flags&flagCorrected != 0
		c.PresentS, c.ReceivedS, c.LateS, c.Headcount = r.number(), r.number(), r.number(), r.number()
		c.Turns, c.SpokenS, c.Interruptions = r.number(), r.number(), r.number()
		c.Packets, c.Lost = r.uvarint(), r.uvarint()
	}
	if r.bad || len(r.left) > 0 {
		return errPacked
	}
	return nil
}

// reader takes values off packed bytes. After a fault it gives zeros.
type reader struct {
	text string // all of them, of which strings are parts
	left []byte
	bad  bool
}

func (r *reader) uvarint() uint64 {
	n, size := binary.Uvarint(r.left)
	if size <= 0 {
		r.bad, r.left = true, nil
		return 0
	}
	r.left = r.left[size:]
	return n
}

func (r *reader) number() int {
	n := r.uvarint()
	if n > math.MaxInt32 {
		r.bad = true
		return 0
	}
	return int(n)
}

// count reads how many things follow, each of which takes a byte at least.
func (r *reader) count(most int) int {
	n := r.number()
	if n > most || n > len(r.left) {
		r.bad, r.left = true, nil
		return 0
	}
	return n
}

func (r *reader) string() string {
	n := r.number()
	if n > len(r.left) {
		r.bad, r.left = true, nil
		return ""
	}
	at := len(r.text) - len(r.left)
	r.left = r.left[n:]
	return r.text[at : at+n]
}
