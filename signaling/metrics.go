package signaling

import (
	"errors"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/internal/fault"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/prometheus/client_golang/prometheus"
)

// The reasons for which the server drops a connection by itself.
const (
	dropSlow      = "slow_reader" // its queue of outgoing messages is full
	dropFlood     = "flood"       // it keeps sending over the rate
	dropNoUpgrade = "no_upgrade"  // asked for no WebSocket: a proxy on the way has taken that out of the request
	dropCrowd     = "crowd"       // too many others have not said hello either
	dropSeat      = "seat_rate"   // a message over the rate of its seat; of the API, a request
	dropFacts     = "facts"       // changes of what arrives at sites, while the record does not answer
)

type metrics struct {
	connections *prometheus.GaugeVec   // role
	refusals    *prometheus.CounterVec // code
	drops       *prometheus.CounterVec // reason
	commands    *prometheus.CounterVec // command, code
	commit      prometheus.Histogram
	entries     prometheus.Counter
	broken      atomic.Int64 // sessions
	waiting     atomic.Int64 // sessions
	sessions    prometheus.Gauge
	freezes     prometheus.Counter
	frozen      prometheus.Counter
	leftInLog   prometheus.Counter
	fenced      prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		connections: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "diemcau_connections", Help: "Connections attached to an endpoint.",
		}, []string{"role"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "diemcau_connections_refused_total", Help: "Connections closed because of what they asked or sent.",
		}, []string{"code"}),
		drops: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "diemcau_connections_dropped_total", Help: "Connections and requests the server gave up, by reason.",
		}, []string{"reason"}),
		commands: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "diemcau_commands_total", Help: "Commands of the meeting by outcome.",
		}, []string{"command", "code"}),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "diemcau_commit_seconds", Help: "Time to put a batch of ledger entries on disk.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 12),
		}),
		entries: prometheus.NewCounter(prometheus.CounterOpts{Name: "diemcau_ledger_entries_total", Help: "Ledger entries written."}),
		freezes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "diemcau_picture_freezes_total", Help: "Times that a picture stood still for a page, as the pages count.",
		}),
		frozen: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "diemcau_picture_frozen_seconds_total", Help: "Time for which pictures stood still for pages.",
		}),
		leftInLog: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "diemcau_erased_in_log_total", Help: "Times that erased names stayed in SQLite's write-ahead log until it is written over.",
		}),
		fenced: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "diemcau_fenced_appends_total", Help: "Appends that the record refused because another node owns it.",
		}),
		sessions: prometheus.NewGauge(prometheus.GaugeOpts{Name: "diemcau_sessions", Help: "Sessions in memory."}),
	}
	broken := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "diemcau_sessions_broken", Help: "Sessions stopped because their ledger is not whole or cannot be read.",
	}, func() float64 { return float64(m.broken.Load()) })
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "diemcau_sessions_waiting", Help: "Sessions whose recording waits because the record does not answer.",
	}, func() float64 { return float64(m.waiting.Load()) })
	reg.MustRegister(m.connections, m.refusals, m.drops, m.commands, m.commit, m.entries, m.sessions, m.freezes, m.frozen,
		m.leftInLog, m.fenced, broken, waiting)
	return m
}

func (m *metrics) dropped(reason string) { m.drops.WithLabelValues(reason).Inc() }

func (m *metrics) froze(f freeze) {
	m.freezes.Add(float64(f.count))
	m.frozen.Add(float64(f.ms) / 1000)
}

func (m *metrics) committed(entries int, took time.Duration) {
	m.entries.Add(float64(entries))
	m.commit.Observe(took.Seconds())
}

func (m *metrics) command(cmd meeting.Command, err error) {
	code := "ok"
	var refused *meeting.Error
	switch {
	case errors.As(err, &refused):
		code = string(refused.Code)
	case errors.Is(err, fault.ErrUnrecorded):
		code = string(protocol.CodeUnrecorded)
	}
	m.commands.WithLabelValues(reflect.TypeOf(cmd).Name(), code).Inc()
}
