package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/ledgertest"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/prepare"
	"github.com/diemcau/diemcau/store"
)

// raw opens the database beside the store.
func (f *fixture) raw() (db *sql.DB, columns string) {
	f.t.Helper()
	driver := "pgx"
	columns = `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'
		AND data_type IN ('text', 'character varying', 'character', 'bytea', 'json', 'jsonb')`
	if f.file != "" {
		driver = "sqlite"
		columns = `SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND ` +
			`c.type IN ('TEXT', 'BLOB', 'BYTEA')`
	}
	dsn := f.dsn
	if f.file != "" {
		dsn = (&url.URL{Scheme: "file", Path: f.file}).String()
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { db.Close() })
	return db, columns
}

// textColumns are the columns of the schema that hold text or bytes, but for those of the migrations' own table.
func textColumns(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		if table != "goose_db_version" {
			list = append(list, table+"."+column)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

// Whoever adds a column has to say whether it holds anything of people.
func TestEveryTextColumnIsSpokenOf(t *testing.T) {
	conformance(t, func(f *fixture) {
		db, query := f.raw()
		have, want := textColumns(f.t, db, query), slices.Sorted(maps.Keys(TextColumns()))
		for _, c := range have {
			if !slices.Contains(want, c) {
				f.t.Errorf("TextColumns says nothing of %s", c)
			}
		}
		for _, c := range want {
			if !slices.Contains(have, c) {
				f.t.Errorf("TextColumns names %s, which is not there", c)
			}
		}
	})
}

// What is personal is put everywhere, erased, and looked for in every column of the database.
func TestErasureLeavesNothingBehind(t *testing.T) {
	const mark = "Nguyễn-Riêng-Tư"
	phone := "+84 900 " + mark
	conformance(t, func(f *fixture) {
		ctx := f.t.Context()
		c := ledger.NewChain("s1", ledger.NewNode("n", 0), ledger.Head{})
		first := next(f.t, c, &meeting.Convened{Title: "T", TimeZone: "UTC", Endpoints: []meeting.Endpoint{{Code: "C1", Role: meeting.RoleSite, Phone: phone}}})
		if err := f.s.CreateSession(ctx, newSession("s1", first, "C1")); err != nil {
			f.t.Fatal(err)
		}
		entries := []ledger.Entry{
			next(f.t, c, &meeting.DelegatesDeclared{Endpoint: "C1", Delegates: []meeting.Delegate{{Name: mark}}}),
			next(f.t, c, &meeting.MessageSent{From: "C1", To: meeting.ToSecretariat, Text: mark}),
			next(f.t, c, &meeting.HelpPhoneSet{Phone: phone}),
			next(f.t, c, &meeting.SitesAdded{Endpoints: []meeting.Endpoint{{Code: "C2", Role: meeting.RoleSite, Phone: phone}}}),
		}
		if err := f.s.Append(ctx, "s1", meeting.PhaseEnded, entries); err != nil {
			f.t.Fatal(err)
		}
		draft := prepare.Draft{
			Title: "T", Units: []string{"C1"}, Note: mark, HelpPhone: phone, Contacts: map[string]prepare.Contact{"C1": {Phone: phone}},
			Particulars: meeting.Particulars{Chair: meeting.Official{Name: mark}, Secretary: meeting.Official{Name: mark}},
			Seats:       []prepare.Seat{{Code: "K1", Name: "Khách", Phone: phone}}, Operators: []prepare.Operator{{Name: mark, Scope: "P1", Phone: phone}},
		}
		row := store.DraftRow{ID: "d1", Draft: draft, UpdatedAt: t0}
		version, err := f.s.PutDraft(ctx, row, 0)
		if err != nil {
			f.t.Fatal(err)
		}
		row.Session = "s1"
		if err := f.s.ConveneDraft(ctx, "d1", version, "s1"); err != nil {
			f.t.Fatal(err)
		}
		if err := f.s.PutRehearsal(ctx, store.Rehearsal{Session: "s1", Endpoint: "C1", At: t0,
			Result: prepare.Rehearsal{Contact: mark, Phone: phone, Device: mark}}); err != nil {
			f.t.Fatal(err)
		}
		if err := f.s.SavePicture(ctx, "s1", store.Picture{Commitment: "c", Salt: mark, JPEG: []byte(mark), TakenAt: t0.Add(time.Second)}); err != nil {
			f.t.Fatal(err)
		}
		db, query := f.raw()
		found := func() (list []string) {
			for _, name := range textColumns(f.t, db, query) {
				table, column, _ := strings.Cut(name, ".")
				var n int
				if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+table+" WHERE CAST("+column+" AS TEXT) LIKE '%"+mark+"%'").Scan(&n); err != nil {
					f.t.Fatal(err)
				}
				if n > 0 {
					list = append(list, name)
				}
			}
			return list
		}
		if before := found(); !slices.Contains(before, "personal.value") || !slices.Contains(before, "draft_versions.body") ||
			!slices.Contains(before, "rehearsals.body") {
			f.t.Fatalf("the test has put nothing in: %v", before)
		}
		if err := f.s.Append(ctx, "s1", meeting.PhaseEnded, []ledger.Entry{next(f.t, c, &meeting.NamesErased{By: "@office/x"})}); err != nil {
			f.t.Fatal(err)
		}
		if left := found(); len(left) > 0 {
			f.t.Errorf("still there: %v", left)
		}
		if _, err := ledgertest.Verify(f.s.Entries(ctx, "s1", 1)); err != nil {
			f.t.Error(err)
		}
	})
}

// What cannot be read may hold anything: a draft that is damaged keeps nothing from being erased, and is erased as a whole.
func TestErasureOfADamagedDraft(t *testing.T) {
	const mark = "Nguyễn-Riêng-Tư"
	conformance(t, func(f *fixture) {
		ctx := f.t.Context()
		c := ledger.NewChain("s1", ledger.NewNode("n", 0), ledger.Head{})
		first := next(f.t, c, &meeting.Convened{Title: "T", TimeZone: "UTC", Endpoints: []meeting.Endpoint{{Code: "C1", Role: meeting.RoleSite}}})
		if err := f.s.CreateSession(ctx, newSession("s1", first, "C1")); err != nil {
			f.t.Fatal(err)
		}
		version, err := f.s.PutDraft(ctx, store.DraftRow{ID: "d1", Draft: prepare.Draft{Title: "T", Note: mark}, UpdatedAt: t0}, 0)
		if err != nil {
			f.t.Fatal(err)
		}
		if err := f.s.ConveneDraft(ctx, "d1", version, "s1"); err != nil {
			f.t.Fatal(err)
		}
		db, _ := f.raw()
		if _, err := db.ExecContext(ctx, `UPDATE draft_versions SET body = '{"note":"`+mark+`", cut'`); err != nil {
			f.t.Fatal(err)
		}
		if err := f.s.Append(ctx, "s1", meeting.PhaseEnded, []ledger.Entry{next(f.t, c, &meeting.NamesErased{By: "@office/x"})}); err != nil {
			f.t.Fatal(err)
		}
		if list, err := f.s.Drafts(ctx); err != nil || len(list) != 1 || list[0].Draft.Note != "" {
			f.t.Errorf("%+v, %v", list, err)
		}
	})
}

// The log of SQLite is emptied though the one who asked has gone; while somebody reads what was before, that is said.
func TestLogIsEmptied(t *testing.T) {
	const mark = "Nguyễn-Riêng-Tư"
	file := filepath.Join(t.TempDir(), "diemcau.db")
	s, err := store.Open(t.Context(), file, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.SetSetting(t.Context(), "x", mark); err != nil {
		t.Fatal(err)
	}
	held := func() bool {
		text, err := os.ReadFile(file + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Contains(text, []byte(mark))
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: file}).String())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	var n int
	if err := tx.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM settings").Scan(&n); err != nil {
		t.Fatal(err)
	}
	if err := s.SetSetting(t.Context(), "x", "y"); err != nil {
		t.Fatal(err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := s.EmptyLog(gone); !errors.Is(err, store.ErrLogBusy) || !held() {
		t.Errorf("while somebody reads: %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := s.EmptyLog(gone); err != nil || held() {
		t.Errorf("afterwards: %v, still there: %v", err, held())
	}
}
