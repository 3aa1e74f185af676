package attendance

import (
	"slices"
	"time"

	"github.com/diemcau/diemcau/figures"
)

// Figures is what the figures over sessions keep of this one, by all entries added so far.
func (b *Builder) Figures() *figures.Session {
	r := b.Report(FoldOptions{})
	info := r.Session
	f := &figures.Session{ID: info.ID, Title: info.Title, StartedAt: info.StartedAt, EndedAt: info.EndedAt, Seq: info.Head.Seq}
	places := map[string]int{}
	for i, code := range b.unitOrder {
		places[code] = i
		f.Units = append(f.Units, b.units[code])
	}
	turns, spoken := map[string]int{}, map[string]time.Duration{}
	for _, g := range r.Floor {
		if g.OnAirAt.IsZero() {
			continue
		}
		end := g.ReturnedAt
		if end.IsZero() {
			end = info.AsOf
		}
		turns[g.Endpoint]++
		spoken[g.Endpoint] += end.Sub(g.OnAirAt)
	}
	for _, s := range r.Sites {
		site := figures.Site{
			Unit: figures.Guest, Verdict: s.Verdict, PresentS: seconds(s.Total), ReceivedS: seconds(s.Received), Headcount: s.Headcount,
			Turns: turns[s.Endpoint], SpokenS: seconds(spoken[s.Endpoint]), Interruptions: s.Interruptions,
			Packets: s.Quality.Packets, Lost: s.Quality.Lost, Telephone: slices.Contains(s.Devices, Telephone), Corrected: s.Override != nil,
		}
		if late, known := s.lateness(info); known && s.Verdict == Late {
			site.LateS = seconds(late)
		}
		if place, known := places[s.Unit]; known {
			site.Unit = place
		}
		f.Sites = append(f.Sites, site)
	}
	return f
}

func seconds(d time.Duration) int { return int(d / time.Second) }
