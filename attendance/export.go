package attendance

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/diemcau/diemcau/meeting"
)

// Lang is the language of an export's headings.
type Lang string

// The languages. English headings are a contract for programs; Vietnamese ones are for people.
const (
	English    Lang = "en"
	Vietnamese Lang = "vi"
)

// Table names one of the lists that a CSV file can hold.
type Table string

// The tables of a CSV export.
const (
	TableSites     Table = "sites"     // one line per site
	TableIntervals Table = "intervals" // one line per interval
)

// samples is how many moments over_time has: as many as a chart can show.
const samples = 120

// bom lets Excel see that a CSV file is UTF-8.
const bom = "\uFEFF"

// WriteCSV writes a table of the report as RFC 4180 with a byte order mark. Times are RFC 3339 in the session's
// time zone, to the second; lengths are whole seconds. The English file is for programs: commas, and columns that keep
// their names and places while new ones follow. The Vietnamese one is for people: it says codes in words and separates
// by semicolons, because Excel does where the comma is the decimal sign. It has no line sep=, with which Excel takes no
// notice of the byte order mark and shows other letters.
func (r *Report) WriteCSV(w io.Writer, table Table, lang Lang) error {
	f, err := r.formatter()
	if err != nil {
		return err
	}
	f.lang = lang
	var header []string
	var records [][]string
	switch table {
	case TableSites:
		header = siteColumns()
		for _, s := range r.Sites {
			records = append(records, f.siteRecord(r.Session, s))
		}
	case TableIntervals:
		header = []string{"endpoint", "from", "to", "end_reason", "name", "length_s", "interruptions", "device"}
		for _, s := range r.Sites {
			for _, iv := range s.Intervals {
				records = append(records, f.intervalRecord(s, iv))
			}
		}
	default:
		return fmt.Errorf("no table %q: it is %s or %s", table, TableSites, TableIntervals)
	}
	if lang == Vietnamese {
		for i, h := range header {
			header[i] = label(lang, h)
		}
	}
	if _, err := io.WriteString(w, bom); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if lang == Vietnamese {
		out.Comma = ';'
	}
	for _, record := range append([][]string{header}, records...) {
		for i, cell := range record {
			record[i] = Inert(cell)
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// siteColumns are the columns of TableSites.
func siteColumns() []string {
	return []string{
		"endpoint", "unit", "name", "level", "parents", "first_joined", "last_left", "total_s", "interruptions",
		"status", "computed_status", "headcount", "late_s", "receiving_s", "phone", "reason", "level_name",
		"connected_only_s", "convened_at", "withdrawn_at",
	}
}

func (f formatter) siteRecord(info SessionInfo, s SiteRow) []string {
	j := f.site(s)
	status, computed, late := string(s.Verdict), string(s.Computed), ""
	if f.lang == Vietnamese {
		status, computed = verdictLabel(f.lang, s.Verdict), verdictLabel(f.lang, s.Computed)
	}
	if d, known := s.lateness(info); known {
		late = strconv.FormatInt(int64(d/time.Second), 10)
	}
	return []string{
		j.Endpoint, j.Unit, j.Name, j.Level, j.Parents, j.FirstJoined, j.LastLeft, strconv.FormatInt(j.TotalS, 10), strconv.Itoa(j.Interruptions),
		status, computed, strconv.Itoa(j.Headcount), late, strconv.FormatInt(j.ReceivedS, 10), j.Phone, s.reason(), levelLabel(f.lang, s.Level),
		strconv.FormatInt(int64(s.ConnectedOnly()/time.Second), 10), f.time(s.ConvenedAt), f.time(s.withdrawnAt()),
	}
}

// lateness is how long after the start a site first attended; known is false before the start and for who never did.
func (s SiteRow) lateness(info SessionInfo) (d time.Duration, known bool) {
	first := s.FirstJoined
	for _, other := range s.Declared {
		if first.IsZero() || other.From.Before(first) {
			first = other.From
		}
	}
	if info.StartedAt.IsZero() || first.IsZero() || !info.EndedAt.IsZero() && first.After(info.EndedAt) {
		return 0, false
	}
	begin := info.StartedAt
	if s.ConvenedAt.After(begin) {
		begin = s.ConvenedAt
	}
	return max(0, first.Sub(begin)), true
}

func (f formatter) intervalRecord(s SiteRow, iv Interval) []string {
	why, length := string(iv.EndReason), ""
	if f.lang == Vietnamese {
		why = f.text("end." + why)
	}
	if !iv.To.IsZero() {
		length = strconv.FormatInt(int64(iv.To.Sub(iv.From)/time.Second), 10)
	}
	return []string{s.Endpoint, f.time(iv.From), f.time(iv.To), why, s.Name, length, strconv.Itoa(iv.Interruptions), iv.Device}
}

// plainNumber is a telephone number or another number that a spreadsheet computes nothing of.
var plainNumber = regexp.MustCompile(`^[+-]?\d[\d .]*$|^-$`)

// Inert keeps a spreadsheet from reading a text as a formula.
func Inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) && !plainNumber.MatchString(cell) {
		return "'" + cell
	}
	return cell
}

// The JSON forms of a report. Their members are named as the columns of the CSV files.
type (
	sessionJSON struct {
		ID          string        `json:"id"`
		Title       string        `json:"title"`
		TimeZone    string        `json:"time_zone"`
		Rules       meeting.Rules `json:"rules"`
		ScheduledAt string        `json:"scheduled_at,omitempty"`
		OpenedAt    string        `json:"opened_at,omitempty"`
		StartedAt   string        `json:"started_at,omitempty"`
		EndedAt     string        `json:"ended_at,omitempty"`
		SealedAt    string        `json:"sealed_at,omitempty"`

		Particulars meeting.Particulars `json:"particulars,omitzero"`

		CalledOff bool   `json:"called_off,omitempty"`
		AsOf      string `json:"as_of"`
		Entries   uint64 `json:"entries"`
		HeadHash  string `json:"head_hash"`
	}
	siteJSON struct {
		Endpoint      string             `json:"endpoint"`
		Unit          string             `json:"unit"`
		Name          string             `json:"name"`
		Level         string             `json:"level"`
		Parents       string             `json:"parents"`
		Phone         string             `json:"phone,omitempty"`
		FirstJoined   string             `json:"first_joined"`
		LastLeft      string             `json:"last_left"`
		TotalS        int64              `json:"total_s"`
		Interruptions int                `json:"interruptions"`
		ReceivedS     int64              `json:"received_s"`
		Devices       []string           `json:"devices,omitempty"`
		Quality       *qualityJSON       `json:"quality,omitempty"`
		Pictures      []pictureJSON      `json:"pictures,omitempty"`
		Verdict       Verdict            `json:"verdict"`
		Computed      Verdict            `json:"computed"`
		Override      *overrideJSON      `json:"override,omitempty"`
		Declared      []declaredJSON     `json:"declared,omitempty"`
		Headcount     int                `json:"headcount"`
		Delegates     []meeting.Delegate `json:"delegates,omitempty"`

		ConnectedOnlyS int64           `json:"connected_only_s"`
		ConvenedAt     string          `json:"convened_at,omitempty"`
		Withdrawn      *withdrawalJSON `json:"withdrawn,omitempty"`
	}
	withdrawalJSON struct {
		At     string `json:"at"`
		By     string `json:"by"`
		Reason string `json:"reason"`
		Entry  uint64 `json:"entry"`
	}
	qualityJSON struct {
		LossPct    *float64 `json:"loss_pct,omitempty"`
		HighS      int64    `json:"high_s"`
		MediumS    int64    `json:"medium_s"`
		LowS       int64    `json:"low_s"`
		NoPictureS int64    `json:"no_picture_s"`
		Frames     uint64   `json:"frames"`
		SoundS     int64    `json:"sound_s"`
	}
	pictureJSON struct {
		At    string `json:"at"`
		Entry uint64 `json:"entry"`
	}
	overrideJSON struct {
		Verdict   Verdict `json:"verdict"`
		By        string  `json:"by"`
		Reason    string  `json:"reason"`
		At        string  `json:"at"`
		AfterSeal bool    `json:"after_seal"`
		Entry     uint64  `json:"entry"`
	}
	declaredJSON struct {
		From   string `json:"from"`
		To     string `json:"to"`
		Means  string `json:"means"`
		By     string `json:"by"`
		Reason string `json:"reason"`
		Entry  uint64 `json:"entry"`
	}
	groupJSON struct {
		Unit  string `json:"unit"`
		Name  string `json:"name"`
		Level string `json:"level"`
		Depth int    `json:"depth"`
		Counts
	}
	intervalJSON struct {
		Endpoint      string    `json:"endpoint"`
		From          string    `json:"from"`
		To            string    `json:"to"`
		EndReason     EndReason `json:"end_reason"`
		Interruptions int       `json:"interruptions"`
		Entries       []uint64  `json:"entries"`
		Device        string    `json:"device,omitempty"`

		Evidence meeting.Evidence `json:"evidence,omitempty"` // of receiving
	}
	rollCallJSON struct {
		Round    int          `json:"round"`
		OpenedAt string       `json:"opened_at"`
		ClosedAt string       `json:"closed_at"`
		Answers  []answerJSON `json:"answers"`
	}
	answerJSON struct {
		Endpoint   string `json:"endpoint"`
		AnsweredAt string `json:"answered_at"`
		Headcount  int    `json:"headcount"`
		Entry      uint64 `json:"entry"`
	}
	sampleJSON struct {
		At      string `json:"at"`
		Present int    `json:"present"`
	}
	agendaJSON struct {
		ID    string `json:"id"`
		Title string `json:"title"`
		From  string `json:"from"`
		To    string `json:"to"`
	}
	noteJSON struct {
		ID    string `json:"id"`
		About string `json:"about"`
		Text  string `json:"text"`
		By    string `json:"by"`
	}
	floorJSON struct {
		Endpoint   string               `json:"endpoint"`
		Name       string               `json:"name"`
		Slot       meeting.Slot         `json:"slot"`
		GrantedAt  string               `json:"granted_at"`
		OnAirAt    string               `json:"on_air_at"`
		ReturnedAt string               `json:"returned_at"`
		Why        meeting.ReturnReason `json:"why"`
	}
)

// WriteJSON writes the report as one JSON object with the members session, total, groups, sites, intervals,
// receiving, roll_calls, floor and over_time. Times are written as in WriteCSV; one that has not come is an empty string.
func (r *Report) WriteJSON(w io.Writer) error {
	f, err := r.formatter()
	if err != nil {
		return err
	}
	out := struct {
		Session   sessionJSON    `json:"session"`
		Total     Counts         `json:"total"`
		Groups    []groupJSON    `json:"groups"`
		Sites     []siteJSON     `json:"sites"`
		Intervals []intervalJSON `json:"intervals"`
		Receiving []intervalJSON `json:"receiving"`
		RollCalls []rollCallJSON `json:"roll_calls"`
		Floor     []floorJSON    `json:"floor"`
		Agenda    []agendaJSON   `json:"agenda,omitempty"`
		Notes     []noteJSON     `json:"notes,omitempty"`
		OverTime  []sampleJSON   `json:"over_time"`
	}{Session: f.session(r.Session), Total: r.Total, Groups: []groupJSON{}, Sites: []siteJSON{},
		Intervals: f.intervals(r.Sites, func(s SiteRow) []Interval { return s.Intervals }),
		Receiving: f.intervals(r.Sites, func(s SiteRow) []Interval { return s.Receiving }),
		RollCalls: []rollCallJSON{}, Floor: []floorJSON{}, OverTime: []sampleJSON{},
	}
	for _, g := range r.Groups {
		out.Groups = append(out.Groups, groupJSON{Unit: g.Unit.Code, Name: g.Unit.Name, Level: string(g.Unit.Level), Depth: g.Depth, Counts: g.Counts})
	}
	for _, s := range r.Sites {
		out.Sites = append(out.Sites, f.site(s))
	}
	for _, rc := range r.RollCalls {
		out.RollCalls = append(out.RollCalls, f.rollCall(rc))
	}
	for _, g := range r.Floor {
		out.Floor = append(out.Floor, floorJSON{g.Endpoint, g.Name, g.Slot, f.time(g.GrantedAt), f.time(g.OnAirAt), f.time(g.ReturnedAt), g.Why})
	}
	for _, t := range r.AgendaTurns {
		out.Agenda = append(out.Agenda, agendaJSON{t.Item.ID, t.Item.Title, f.time(t.From), f.time(t.To)})
	}
	for _, n := range r.Notes {
		out.Notes = append(out.Notes, noteJSON{n.ID, f.time(n.About), n.Text, n.By})
	}
	for _, s := range r.OverTime(samples) {
		out.OverTime = append(out.OverTime, sampleJSON{f.time(s.At), s.Present})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(out)
}

// formatter writes times as people at the session read them.
type formatter struct {
	zone *time.Location
	lang Lang
}

func (r *Report) formatter() (formatter, error) {
	zone, err := time.LoadLocation(r.Session.TimeZone)
	return formatter{zone: zone}, err
}

func (f formatter) time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(f.zone).Format(time.RFC3339)
}

func (f formatter) session(s SessionInfo) sessionJSON {
	return sessionJSON{
		ID: s.ID, Title: s.Title, TimeZone: s.TimeZone, Rules: s.Rules, ScheduledAt: f.time(s.ScheduledAt), OpenedAt: f.time(s.OpenedAt),
		StartedAt: f.time(s.StartedAt), EndedAt: f.time(s.EndedAt), SealedAt: f.time(s.SealedAt), CalledOff: s.CalledOff, Particulars: s.Particulars,
		AsOf:    f.time(s.AsOf),
		Entries: s.Head.Seq, HeadHash: s.Head.Hash,
	}
}

func (f formatter) site(s SiteRow) siteJSON {
	j := siteJSON{
		Endpoint: s.Endpoint, Unit: s.Unit, Name: s.Name, Level: string(s.Level), Parents: s.parents(), Phone: s.Phone,
		FirstJoined: f.time(s.FirstJoined), LastLeft: f.time(s.LastLeft), TotalS: int64(s.Total / time.Second),
		ReceivedS: int64(s.Received / time.Second), Devices: s.Devices, Quality: s.Quality.json(),
		Interruptions: s.Interruptions, Verdict: s.Verdict, Computed: s.Computed, Headcount: s.Headcount, Delegates: s.Delegates,
		ConnectedOnlyS: int64(s.ConnectedOnly() / time.Second), ConvenedAt: f.time(s.ConvenedAt),
	}
	if w := s.Withdrawn; w != nil {
		j.Withdrawn = &withdrawalJSON{f.time(w.At), w.By, w.Reason, w.Entry}
	}
	if o := s.Override; o != nil {
		j.Override = &overrideJSON{o.Verdict, o.By, o.Reason, f.time(o.At), o.AfterSeal, o.Entry}
	}
	for _, d := range s.Declared {
		j.Declared = append(j.Declared, declaredJSON{f.time(d.From), f.time(d.To), d.Means, d.By, d.Reason, d.Entry})
	}
	for _, p := range s.Pictures {
		j.Pictures = append(j.Pictures, pictureJSON{f.time(p.At), p.Entry})
	}
	return j
}

// json is nil if nothing was measured.
func (q Quality) json() *qualityJSON {
	if q == (Quality{}) {
		return nil
	}
	seconds := func(d time.Duration) int64 { return int64(d / time.Second) }
	j := &qualityJSON{
		HighS: seconds(q.High), MediumS: seconds(q.Medium), LowS: seconds(q.Low), NoPictureS: seconds(q.NoPicture), Frames: q.Frames, SoundS: seconds(q.Sound),
	}
	if pct, known := q.LossPct(); known {
		pct = math.Round(pct*100) / 100
		j.LossPct = &pct
	}
	return j
}

// parents are the names of the units above, the nearest first.
func (s SiteRow) parents() string {
	names := make([]string, len(s.Parents))
	for i, u := range s.Parents {
		names[i] = u.Name
	}
	return strings.Join(names, " / ")
}

func (f formatter) rollCall(rc RollCallRow) rollCallJSON {
	j := rollCallJSON{Round: rc.ID, OpenedAt: f.time(rc.OpenedAt), ClosedAt: f.time(rc.ClosedAt), Answers: []answerJSON{}}
	for _, a := range rc.Answers {
		j.Answers = append(j.Answers, answerJSON{a.Endpoint, f.time(a.At), a.Headcount, a.Entry})
	}
	return j
}

// intervals lists what of picks of each site.
func (f formatter) intervals(sites []SiteRow, of func(SiteRow) []Interval) []intervalJSON {
	list := []intervalJSON{}
	for _, s := range sites {
		for _, iv := range of(s) {
			list = append(list, intervalJSON{
				Endpoint: s.Endpoint, From: f.time(iv.From), To: f.time(iv.To), EndReason: iv.EndReason,
				Interruptions: iv.Interruptions, Entries: iv.Entries, Device: iv.Device, Evidence: iv.Evidence,
			})
		}
	}
	return list
}
