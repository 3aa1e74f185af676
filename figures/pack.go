package figures

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"github.com/diemcau/diemcau/meeting"
)

// Format is the number of the form that PackUnits and PackSites write. A record of another form is derived anew.
const Format = 2

// errPacked says that bytes are none that were packed here.
var errPacked = errors.New("not packed figures")

// Bounds of what an Unpacker reads, far above what a nation has.
const (
	maxUnits = 1 << 20
	maxSites = 1 << 20
)

// PackUnits writes the units of a session as bytes, which are the same for all sessions of one organisation. All numbers are
// varints (binary.Uvarint), texts follow their length: the number of units, then of each its code, the number of its parent from
// 1 or 0, its level and its name.
func (s *Session) PackUnits() []byte {
	var b []byte
	number := func(n int) { b = binary.AppendUvarint(b, uint64(n)) }
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
	return b
}

// PackSites writes the sites of a session as bytes: 10,600 sites over 100 sessions have to be read in a moment. All numbers are
// varints: the number of sites, then of each the number of its unit from 1 or 0, flags, present, received, late, headcount,
// turns, spoken, interruptions, packets, lost.
//
// The lower three bits of the flags number the verdict, 8 is by telephone, 16 is corrected.
func (s *Session) PackSites() []byte {
	b := binary.AppendUvarint(nil, uint64(len(s.Sites)))
	for _, c := range s.Sites {
		flags := slices.Index(verdicts(), c.Verdict)
		if c.Telephone {
			flags |= flagTelephone
		}
		if c.Corrected {
			flags |= flagCorrected
		}
		for _, n := range []int{c.Unit + 1, flags, c.PresentS, c.ReceivedS, c.LateS, c.Headcount, c.Turns, c.SpokenS, c.Interruptions} {
			b = binary.AppendUvarint(b, uint64(max(n, 0)))
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

// Unpacker reads sessions one after another into the same memory.
type Unpacker struct {
	units map[string][]meeting.Unit // by the name of their list
	sites []Site
}

// AddUnits reads what PackUnits wrote and gives the list a name.
func (u *Unpacker) AddUnits(name string, packed []byte) error {
	r := &reader{text: string(packed), left: packed}
	units, err := r.units()
	if err != nil {
		return err
	}
	if u.units == nil {
		u.units = map[string][]meeting.Unit{}
	}
	u.units[name] = units
	return nil
}

// Unpack reads what PackSites wrote into sites of s, whose units are the list of a name. Sessions share its units, which nobody
// may write to, and the sites are those of s until the next is unpacked.
func (u *Unpacker) Unpack(s *Session, units string, packed []byte) error {
	list, known := u.units[units]
	if !known {
		return errPacked
	}
	sites, err := unpackSites(u.sites[:0], len(list), packed)
	if err != nil {
		return err
	}
	u.sites = sites
	s.Units, s.Sites = list, sites
	return nil
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
	if r.bad || len(r.left) > 0 {
		return nil, errPacked
	}
	return units, nil
}

// Numbers of a packed site, by their place.
const (
	fieldUnit = iota
	fieldFlags
	fieldPresent
	fieldReceived
	fieldLate
	fieldHeadcount
	fieldTurns
	fieldSpoken
	fieldInterruptions
	fieldPackets
	fieldLost
	fields
)

// unpackSites appends the sites that are packed, of a session with so many units.
func unpackSites(list []Site, units int, packed []byte) ([]Site, error) {
	r := &reader{left: packed}
	count, all := r.count(maxSites), verdicts()
	left := r.left
	var field [fields]uint64
	for range count {
		for i := range field { // a nation's year has twelve million numbers, most of them of one byte
			if len(left) > 0 && left[0] < 0x80 {
				field[i], left = uint64(left[0]), left[1:]
				continue
			}
			n, size := binary.Uvarint(left)
			if size <= 0 || n > math.MaxInt32 && i < fieldPackets {
				return nil, errPacked
			}
			field[i], left = n, left[size:]
		}
		flags := field[fieldFlags]
		if field[fieldUnit] > uint64(units) || flags&flagVerdict >= uint64(len(all)) {
			return nil, errPacked
		}
		list = append(list, Site{
			Unit: int(field[fieldUnit]) - 1, Verdict: all[flags&flagVerdict], Telephone: flags&flagTelephone != 0, Corrected: flags&flagCorrected != 0,
			PresentS: int(field[fieldPresent]), ReceivedS: int(field[fieldReceived]), LateS: int(field[fieldLate]), Headcount: int(field[fieldHeadcount]),
			Turns: int(field[fieldTurns]), SpokenS: int(field[fieldSpoken]), Interruptions: int(field[fieldInterruptions]),
			Packets: field[fieldPackets], Lost: field[fieldLost],
		})
	}
	if r.bad || len(left) > 0 {
		return nil, errPacked
	}
	return list, nil
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
