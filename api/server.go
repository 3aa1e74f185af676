// Package api is the HTTP trade of the meeting plane: the API of docs/openapi.yaml for the office, the pages and other programs, who
// is logged in, and the frame in which pages and sockets are served. Sessions that run are signaling's; what it needs of them
// stands in interfaces here.
package api

import (
	"context"
	"iter"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/account"
	"github.com/diemcau/diemcau/internal/httpguard"
	"github.com/diemcau/diemcau/keyring"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/roster"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/store"
	"github.com/prometheus/client_golang/prometheus"
)

// Live are the sessions as they are now; signaling.Live is it.
type Live interface {
	// Known refuses an id that no session has.
	Known(ctx context.Context, id string) error
	Running(id string) bool
	// View returns a session as it is now; it never changes.
	View(ctx context.Context, id string) (*meeting.View, error)
	// Listed takes note of a session as the list has it, and as it is if it was read, and returns how the list contradicts
	// the ledger; empty if it does not.
	Listed(ctx context.Context, row store.SessionRow, s *meeting.View) (contradiction string)
	Command(ctx context.Context, id string, cmd meeting.Command, by meeting.Actor) error
	// Adopt runs a session that has just been recorded.
	Adopt(ctx context.Context, id string) error
	// CommandOnRecord is Command that leaves a session where it is: on the record alone, if nobody has it in memory.
	CommandOnRecord(ctx context.Context, id string, cmd meeting.Command, by meeting.Actor) error
	Line(ctx context.Context, id, code string) (signaling.LineView, error)
}

// Links say who holds a link, and end them; signaling.Links is it.
type Links interface {
	Identify(ctx context.Context, token string) (access.Identity, error)
	// Change reissues or revokes the link of a seat by change, which returns the serial that is valid then, 0 for none.
	Change(
		ctx context.Context, session, code string, change func(ctx context.Context, session, code string) (int, error),
	) (serial int, err error)
	// EndGiven ends the links that an account was given with another grant.
	EndGiven(ctx context.Context, name, grant string)
	// EndRetired ends what was opened by tokens whose key was retired.
	EndRetired(ctx context.Context)
}

// Lines are the tests of lines before a session; *signaling.LineTests is it.
type Lines interface {
	Open(ctx context.Context, who access.Identity) (*signaling.LineOffer, error)
	Answer(ctx context.Context, session, endpoint, test, publisher, viewer string) error
	End(owner, id string)
}

// Keys keeps the keys that sign, outside the record; *keyring.Ring is it.
type Keys interface {
	Keys(name string) (keyring.Set, error) // made the first time
	SaveKeys(name string, set keyring.Set) error
}

// Record is what the API needs of the store; *store.Store is it.
type Record interface {
	ReplaceRoster(ctx context.Context, tree *roster.Tree, importedAt time.Time) error
	Units(ctx context.Context) ([]meeting.Unit, error)

	CreateSession(ctx context.Context, c store.NewSession) error
	Sessions(ctx context.Context) ([]store.SessionRow, error)
	Session(ctx context.Context, id string) (store.SessionRow, error)
	Entries(ctx context.Context, session string, fromSeq uint64) iter.Seq2[ledger.Entry, error]
	Head(ctx context.Context, session string) (ledger.Head, error)
	PersonalEntries(ctx context.Context, session string) (int64, error)
	EraseUnreadable(ctx context.Context, session string) error
	Copy(ctx context.Context) (store.Copy, error)

	Links(ctx context.Context, session string) ([]store.Link, error)
	LinkSerial(ctx context.Context, session, endpoint string) (int, error)
	ReissueLink(ctx context.Context, session, endpoint string) (serial int, err error)
	RevokeLink(ctx context.Context, session, endpoint string, at time.Time) error

	officeRecord
	pictureRecord
	figuresRecord
	DeadLetters(ctx context.Context) ([]store.DeadLetter, error)

	Setting(ctx context.Context, name string) (string, error)
	SetSetting(ctx context.Context, name, value string) error
}

// Config is what an API is made of. Socket, Ready and Pages are needed for Handler alone.
type Config struct {
	Record   Record
	Live     Live
	Links    Links
	Lines    Lines
	Webhooks Webhooks // nil = none
	Node     *ledger.Node
	Now      func() time.Time

	Log      *slog.Logger
	Registry *prometheus.Registry // shown at /metrics
	Guard    *httpguard.Guard     // of NewGuard
	Seats    *access.Limits
	Dropped  func(reason string) // counts what is given up

	Downloads *access.Downloads // what is being sent

	PublicURL string // base of the links
	Tokens    *link.Tokens
	Keys      Keys   // the keys that sign exported ledgers
	CodeKey   []byte // of link.CodeKeySize, seals the short codes of links; kept outside the record
	OIDC      OIDCConfig
	Hasher    *account.Hasher // of passwords; nil = as costly as they should be

	Socket http.HandlerFunc                // of /ws
	Ready  func(ctx context.Context) error // what keeps the server from its work, if anything
	Pages  http.Handler                    // everything that is not named in docs/api.md; may be nil

	Snapshots *Snapshots
	// SnapshotEvery asks each site for a still picture this often, in whole seconds; 0 = never.
	SnapshotEvery time.Duration
	// NamesKept is how long names of people are kept after the last entry of a session; 0 = until they are erased.
	NamesKept time.Duration
	Pictures  Pictures
}

// API answers requests. It changes nothing by itself before Start.
type API struct {
	record   Record
	live     Live
	links    Links
	lines    Lines
	webhooks Webhooks
	node     *ledger.Node
	now      func() time.Time

	log      *slog.Logger
	registry *prometheus.Registry
	guard    *httpguard.Guard
	seats    *access.Limits
	dropped  func(reason string)

	downloads *access.Downloads
	access    access.Table

	publicURL string
	tokens    *link.Tokens
	keys      Keys
	tokenKeys *tokenKeys
	ledgerKey atomic.Pointer[keyring.Set] // signs exported ledgers
	office    *office
	reports   *reports
	figures   *summariser

	socket http.HandlerFunc
	ready  func(ctx context.Context) error
	pages  http.Handler

	snapshots     *Snapshots
	snapshotEvery time.Duration
	namesKept     time.Duration
	pictures      Pictures

	tasks    sync.WaitGroup // what runs from Start to Close
	endTasks context.CancelFunc
}

// New makes an API.
func New(cfg Config) (*API, error) {
	ledgerKeys, err := cfg.Keys.Keys(keyring.Ledger)
	if err != nil {
		return nil, err
	}
	table, err := access.NewTable()
	if err != nil {
		return nil, err
	}
	s := &API{
		record: cfg.Record, live: cfg.Live, links: cfg.Links, lines: cfg.Lines, webhooks: cfg.Webhooks, node: cfg.Node, now: cfg.Now,
		log: cfg.Log, registry: cfg.Registry, guard: cfg.Guard, seats: cfg.Seats, dropped: cfg.Dropped, downloads: cfg.Downloads, access: table,
		publicURL: strings.TrimSuffix(cfg.PublicURL, "/"), tokens: cfg.Tokens, keys: cfg.Keys, reports: newReports(cfg.Record),
		figures: newSummariser(cfg.Record, cfg.Log, cfg.Guard.Panicked),
		socket:  cfg.Socket, ready: cfg.Ready, pages: cfg.Pages,
		snapshots: cfg.Snapshots, snapshotEvery: cfg.SnapshotEvery.Truncate(time.Second), namesKept: cfg.NamesKept, pictures: cfg.Pictures,
		endTasks: func() {},
	}
	s.ledgerKey.Store(&ledgerKeys)
	if s.tokenKeys, err = newTokenKeys(cfg.Keys, cfg.Tokens.Keys()); err != nil {
		return nil, err
	}
	if s.downloads == nil {
		s.downloads = access.NewDownloads()
	}
	if s.webhooks == nil {
		s.webhooks = noWebhooks{cfg.Record}
	}
	if s.snapshots == nil {
		s.snapshots = NewSnapshots()
	}
	if s.office, err = newOffice(s, cfg); err != nil {
		return nil, err
	}
	return s, nil
}

// Start begins to sum up sessions that are over, and to erase, once a day, what is older than it may be kept.
func (s *API) Start(ctx context.Context) {
	ctx, s.endTasks = context.WithCancel(context.WithoutCancel(ctx))
	s.figures.runs.Store(true)
	s.tasks.Go(func() { s.figures.run(ctx) })
	if s.namesKept > 0 || s.pictures.Kept > 0 {
		s.tasks.Go(func() { retention{s}.forgetDaily(ctx) })
	}
}

// Close waits until what Start began has ended.
func (s *API) Close() {
	s.endTasks()
	s.tasks.Wait()
}
